import type { Run, RunSettings } from '../src/protocol/run';
import { wordErrorRate } from '../src/metrics/words';
import { strategyNamed } from '../src/pruning/registry';
import { baselineOf, isBaseline, speedUpOf } from './captions';
import { differences } from './differences';
import { element } from './element';
import { SortableTable, type Column } from './sortable-table';
import { grouped, milliseconds, percent, times } from './words-for-numbers';

/** One row of the results: a run that is waiting, going on or done. */
export interface Result {
  readonly settings: RunSettings;
  readonly state: 'waiting' | 'running' | 'done' | 'left out';
  /** What has been written so far. */
  readonly text: string;
  readonly run?: Run;
}

export function resultOf(run: Run): Result {
  return { settings: run.settings, state: 'done', text: run.caption, run };
}

/** The numbers of a run beside those of the unpruned one. */
export interface Measures {
  readonly speedUp?: number;
  readonly bound?: number;
  readonly wordErrorRate?: number;
}

export function measuresOf(run: Run, runs: readonly Run[]): Measures {
  const baseline = isBaseline(run) ? run : baselineOf(run, runs);
  if (!baseline) return {};
  const { measured, bound } = speedUpOf(run, baseline);
  return { speedUp: measured, bound, wordErrorRate: wordErrorRate(baseline.caption, run.caption) };
}

type Row = Result & { readonly measures: Measures; readonly baseline: Run | undefined };

const columns: readonly Column<Row>[] = [
  {
    label: 'Strategy',
    description: 'The rule that chose the tokens',
    cell: ({ settings }) => strategyNamed(settings.strategy).label,
    value: ({ settings }) => strategyNamed(settings.strategy).label,
  },
  number('Keep ratio', 'The share of tokens that was asked', percent, ({ settings }) => settings.keepRatio),
  number('Tokens kept', 'How many tokens went on to the language model', grouped, ({ run }) => run?.tokens.kept),
  number('Select', 'Time to choose the tokens', milliseconds, ({ run }) => run?.times.selectMs),
  number('Prefill', 'Time to read the prompt', milliseconds, ({ run }) => run?.times.prefillMs),
  number('Speed-up', 'Prefill against that of all tokens, measured', times, ({ measures }) => measures.speedUp),
  number(
    'Bound',
    'All positions over kept ones: the best a linear prefill can gain',
    times,
    ({ measures }) => measures.bound,
  ),
  number('Per token', 'Time of each written token, mean', milliseconds, ({ run }) => run?.times.decodeMsPerToken),
  number('Total', 'All steps together', milliseconds, ({ run }) => run?.times.totalMs),
  number(
    'WER',
    'Word error rate against the caption from all tokens: how much the words changed, not how good they are',
    (rate) => (Number.isFinite(rate) ? percent(rate) : '∞'),
    ({ measures }) => measures.wordErrorRate,
  ),
  {
    label: 'Caption',
    description: 'What the model wrote; changes against all tokens are underlined or struck through',
    cell: ({ run, text, state, baseline }) =>
      run && baseline
        ? element('span', { class: 'caption' }, ...differences(baseline.caption, run.caption).nodes)
        : element('span', {
            class: run ? 'caption' : 'caption waiting',
            text: text || (state === 'done' ? 'Nothing was written.' : `${state}…`),
          }),
    value: ({ text }) => text,
  },
];

function number(
  label: string,
  description: string,
  format: (value: number) => string,
  value: (row: Row) => number | undefined,
): Column<Row> {
  return {
    label,
    description,
    numeric: true,
    value,
    cell: (row) => {
      const known = value(row);
      return known === undefined ? '–' : format(known);
    },
  };
}

/** Runs as a table that can be sorted. */
export class Results {
  private readonly table = new SortableTable<Row>('Results', columns, (row, node) => {
    node.classList.toggle('baseline', !strategyNamed(row.settings.strategy).usesKeepRatio);
    if (row.state === 'running') node.setAttribute('aria-busy', 'true');
  });
  readonly node = this.table.node;

  show(results: readonly Result[]): void {
    const runs = results.flatMap(({ run }) => (run ? [run] : []));
    this.table.show(
      results.map((result) => {
        const { run } = result;
        return {
          ...result,
          measures: run ? measuresOf(run, runs) : {},
          baseline: run && !isBaseline(run) ? baselineOf(run, runs) : undefined,
        };
      }),
    );
  }
}

/** RFC 4180, one row a run. A leading apostrophe keeps spreadsheets from reading a caption as a formula. */
export function toCsv(runs: readonly Run[]): string {
  const rows = runs.map((run) => {
    const { speedUp, bound, wordErrorRate: rate } = measuresOf(run, runs);
    return [
      run.settings.strategy,
      run.settings.keepRatio,
      run.tokens.valid,
      run.tokens.asked,
      run.tokens.kept,
      run.times.encodeMs,
      run.times.selectMs,
      run.times.prefillMs,
      speedUp,
      bound,
      run.times.decodeMsPerToken,
      run.times.totalMs,
      run.kvBytes,
      rate,
      run.finish,
      run.caption,
    ];
  });
  const header = [
    'strategy',
    'keep_ratio',
    'tokens',
    'asked',
    'kept',
    'encode_ms',
    'select_ms',
    'prefill_ms',
    'prefill_speed_up',
    'speed_up_bound',
    'decode_ms_per_token',
    'total_ms',
    'kv_bytes',
    'word_error_rate',
    'finish',
    'caption',
  ];
  return `${[header, ...rows].map((row) => row.map(csvField).join(',')).join('\r\n')}\r\n`;
}

function csvField(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
