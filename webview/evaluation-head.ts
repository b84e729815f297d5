import type { EvaluationCounts } from '../src/protocol/evaluation-summary';
import { areLocal, runtimeWords, type RowOutcome } from '../src/protocol/evaluation';
import type { ResultsOverview } from '../src/protocol/results';
import { element, icon } from './element';
import { grouped, plural } from './words-for-numbers';

export type Status = RowOutcome['status'];

/** What runs that are not done are called, after their number. */
const statusWords: Readonly<Record<Exclude<Status, 'done'>, string>> = {
  missing: 'without a sound',
  invalid: 'that make no sense',
  failed: 'failed',
};

/** What was evaluated, with what, where and when, and how much of it there is. */
export function evaluationHead(overview: ResultsOverview, showRows: (status: Status) => void): HTMLElement {
  const { manifest, counts, engines, providers } = overview;
  const { dataset, model, machine, created, earmark, threads } = manifest;
  const facts: readonly (readonly [name: string, value: string, more?: string])[] = [
    ['Dataset', `${dataset.name} (${dataset.format})`, dataset.file],
    ['Size', `${plural(dataset.items, 'item')}, ${plural(dataset.clips, 'sound')}`],
    ['Model', model.title, `${model.modelId}, SHA-256 ${model.fingerprint.slice(0, 12)}`],
    ['Made', new Date(created).toLocaleString(), `by Earmark ${earmark}`],
    [
      areLocal(engines) ? 'Machine' : 'Begun on',
      `${machine.processor}, ${plural(machine.cores, 'core')}`,
      `${machine.platform}, ${runtimeWords(machine, providers)}`,
    ],
    areLocal(engines) ? ['Engines', enginesWords(engines.length, threads)] : ['Run by', engines.join('; ')],
  ];
  return element(
    'section',
    { class: 'evaluation-head', attributes: { 'aria-label': 'What was evaluated' } },
    element(
      'dl',
      { class: 'evaluation-facts' },
      ...facts.map(([name, value, more]) =>
        element(
          'div',
          {},
          element('dt', { text: name }),
          element('dd', {}, value, more === undefined ? null : element('span', { class: 'hint', text: more })),
        ),
      ),
    ),
    countsLine(counts, showRows),
    ...notes(overview),
  );
}

function enginesWords(count: number, threads: number): string {
  const each = threads === 0 ? 'a thread for each core' : plural(threads, 'thread');
  return count > 1 ? `up to ${String(count)} processes at once, ${each} in each` : `1 process, ${each}`;
}

/** "5 520 runs planned: 5 400 done, 60 without a sound": what went wrong leads to its rows. */
function countsLine(counts: EvaluationCounts, showRows: (status: Status) => void): HTMLElement {
  const { planned, done } = counts;
  const faults = (['missing', 'invalid', 'failed'] as const)
    .filter((status) => counts[status] > 0)
    .map((status) =>
      element('button', {
        class: 'link-button',
        text: `${grouped(counts[status])} ${statusWords[status]}`,
        title: 'Show these rows',
        attributes: { type: 'button' },
        on: { click: () => showRows(status) },
      }),
    );
  const open = openRuns(counts);
  const parts = [
    element('strong', { text: `${grouped(done)} done` }),
    ...faults,
    ...(open > 0 ? [element('span', { text: `${grouped(open)} still to be made` })] : []),
  ];
  return element(
    'p',
    { class: 'evaluation-counts' },
    `${plural(planned, 'run')} planned: `,
    ...parts.flatMap((part, i) => (i === 0 ? [part] : [', ', part])),
    '.',
  );
}

function openRuns({ planned, done, missing, invalid, failed }: EvaluationCounts): number {
  return planned - done - missing - invalid - failed;
}

function notes({ manifest: { dataset }, counts, engines, providers }: ResultsOverview): HTMLElement[] {
  const { missing, invalid, failed } = counts;
  const sentences = [
    openRuns(counts) > 0 &&
      'This evaluation is not finished: everything below is of the runs made so far, and may change.',
    missing + invalid + failed > 0 && 'Values are of the runs that are done; those without a result count nowhere.',
    engines.length > 1 &&
      'Several engines ran at once: their times disturb one another, and are no measure of one run alone.',
    providers.length > 1 &&
      `Several providers ran the model, ${providers.join(' and ')}: times of several are no measure of one.`,
    ...dataset.warnings,
  ].filter((sentence) => typeof sentence === 'string');
  return sentences.map((sentence) =>
    element('p', { class: 'note' }, icon('info'), element('span', { text: sentence })),
  );
}
