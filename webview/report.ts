import './report.css';
import './style.css';
import './comparison.css';
import type { ReportClip, ReportData } from '../src/protocol/report';
import { fromJson } from '../src/report/typed-arrays';
import { Captions, isBaseline } from './captions';
import { cellOf } from './cells';
import { ClipTokens, keptOfRun } from './clip-tokens';
import { stripLabel } from './controls';
import { element } from './element';
import { experimentSection } from './experiment-result';
import { figure } from './figure';
import { overlapChart, overlapNote } from './overlap';
import { pruningCosts } from './pruning-costs';
import { Results } from './results';
import { speechNote } from './speech';
import { Timeline } from './timeline';
import { tradeoffChart, tradeoffNote } from './tradeoff';
import { clock, plural } from './words-for-numbers';

/** A report draws with the views' own code, from the data in its page. */
function show(data: ReportData, root: HTMLElement): void {
  document.body.classList.add('report');
  root.append(
    element(
      'header',
      { class: 'report-head' },
      element('h1', { text: 'Earmark report' }),
      element('p', {
        class: 'about',
        text: `${plural(data.clips.length, 'sound')}, made ${new Date(data.created).toLocaleString()}. ${pruningCosts}`,
      }),
    ),
    ...data.clips.map(clipSection),
  );
}

function clipSection({ clip, analysis, runs, references, experiments = [] }: ReportClip): HTMLElement {
  const section = element(
    'section',
    { class: 'report-clip' },
    element(
      'header',
      { class: 'title' },
      element('h2', { class: 'clip-name', text: clip.name }),
      element('p', {
        class: 'about',
        text: [
          clock(clip.durationSeconds, 2),
          clip.codec,
          `${String(clip.sampleRate / 1000)} kHz`,
          plural(clip.channels, 'channel'),
        ].join(' · '),
      }),
    ),
  );
  const question = [...new Set(runs.map(({ settings }) => settings.question))].join(' / ');
  const models = [...new Set(runs.map(({ modelId }) => modelId))].join(', ');
  if (runs.length > 0) {
    section.append(element('p', { class: 'about', text: `Model ${models}, asked: ${question}` }));
  }
  const settings = (runs.find((run) => !isBaseline(run)) ?? runs[0])?.settings ?? {
    strategy: 'none',
    keepRatio: 1,
    budgetMode: 'exact' as const,
    headReduce: 'mean' as const,
    parameters: {},
    question: '',
    maxNewTokens: 1,
  };
  const tokens = analysis && new ClipTokens(analysis, settings.headReduce);
  const timeline = new Timeline({
    durationSeconds: clip.durationSeconds,
    peaks: clip.peaks,
    ...(tokens && { tokens }),
    settings,
    strips: tokens
      ? runs.map((run) => ({
          label: stripLabel(run.settings),
          settings: run.settings,
          kept: keptOfRun(run, tokens.total),
          preview: false,
        }))
      : [],
  });
  section.append(timeline.node);
  if (runs.length > 1) {
    const results = new Results();
    results.show(runs.map(cellOf), references);
    section.append(element('h2', { text: 'Results' }), results.node);
    const note = speechNote(runs);
    if (note) section.append(note);
  }
  if (runs.filter((run) => !isBaseline(run)).length > 1) {
    section.append(
      element(
        'div',
        { class: 'charts' },
        figure(
          'Time against agreement',
          'time',
          tradeoffNote,
          tradeoffChart(() => runs),
        ),
        figure(
          'Overlap of kept tokens (Jaccard)',
          'overlap',
          overlapNote,
          overlapChart(() => runs),
        ),
      ),
    );
  }
  if (runs.length > 0) {
    const captions = new Captions({}, runs.length > 2);
    captions.show(runs, new Set());
    section.append(captions.node);
  }
  section.append(...experiments.map((result) => experimentSection(result)));
  return section;
}

show(fromJson(document.getElementById('report-data')!.textContent) as ReportData, document.getElementById('root')!);
