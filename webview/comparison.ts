import '@vscode/codicons/dist/codicon.css';
import './style.css';
import type { CancellationTokenSource as Cancellation } from 'vscode-jsonrpc/browser';
import type { ClipInfo } from '../src/protocol/clip';
import { EarmarkError } from '../src/protocol/errors';
import type { ReportData } from '../src/protocol/report';
import type { Run, RunEvent, RunSettings, WindowAnalysis } from '../src/protocol/run';
import * as view from '../src/protocol/view';
import { strategies } from '../src/pruning/registry';
import { Captions } from './captions';
import { ClipTokens, keptOfRun } from './clip-tokens';
import { CancellationTokenSource, connect, progressToken, readableError } from './connection';
import { stripLabel } from './controls';
import { button, element } from './element';
import { checkbox, dropdown, textArea } from './fields';
import { Notices } from './notice';
import { overlapChart, tradeoffChart } from './overlap';
import { Memory } from './remembered';
import { resultOf, Results, toCsv, type Result } from './results';
import { Stages } from './stages';
import { Timeline } from './timeline';
import { registerToolkit } from './toolkit';
import { plural } from './words-for-numbers';

registerToolkit();
const api = acquireVsCodeApi();
const connection = connect(api);

interface RememberedComparison {
  readonly modelId?: string;
  readonly strategies?: readonly string[];
  readonly ratios?: string;
  readonly question?: string;
  readonly runs?: readonly Run[];
}
const memory = new Memory<RememberedComparison>(api);

/** Several strategies at several keep ratios on one sound, side by side. */
class Comparison {
  private readonly notices = new Notices((command) => void connection.sendNotification(view.hostCommand, { command }));
  private readonly stages = new Stages();
  private readonly results = new Results();
  private readonly captions = new Captions({}, true, 'The captions appear here side by side.');
  private readonly overlap = overlapChart(() => this.runs);
  private readonly tradeoff = tradeoffChart(() => this.runs);
  private readonly plan = element('p', { class: 'count', attributes: { 'role': 'status', 'aria-live': 'polite' } });
  private readonly strips = element('div', { class: 'stage' });
  private readonly outcome = element('div', { class: 'outcome', attributes: { hidden: '' } });
  private readonly exports: (HTMLElement & { disabled: boolean })[];
  private readonly runButton = button('Run Comparison', 'play', () => void this.run(), 'primary');
  private readonly cancelButton = button('Cancel', 'debug-stop', () => this.cancel());
  private chosen: Set<string>;
  private ratios: string;
  private question: string;
  private modelId: string;
  private clip: ClipInfo | undefined;
  private windows: WindowAnalysis[] = [];
  private timeline: Timeline | undefined;
  private drafts: (Result & { runId?: string })[] = [];
  private runs: readonly Run[] = [];
  private cancellation: Cancellation | undefined;
  private pendingTable = 0;

  constructor(private state: view.ViewState) {
    const remembered = memory.read();
    this.chosen = new Set(remembered.strategies ?? ['segmentwise', 'top-k', 'random']);
    this.ratios = remembered.ratios ?? '50, 25, 10';
    this.question = remembered.question ?? state.settings.question;
    this.modelId = state.models.some(({ modelId }) => modelId === remembered.modelId)
      ? remembered.modelId!
      : state.modelId;
    this.runs = remembered.runs ?? [];
    this.drafts = this.runs.map(resultOf);
    this.exports = [
      button('HTML Report', 'file-code', () => void this.exportReport()),
      button('CSV', 'table', () => void this.save('csv', toCsv(this.runs))),
      button('JSON', 'json', () => void this.save('json', `${JSON.stringify(this.runs, undefined, 2)}\n`)),
      button('PNG', 'file-media', () => void this.savePicture()),
    ];
    connection.onNotification(view.stateChanged, (next) => {
      const changed = next.revision !== this.state.revision;
      const models = JSON.stringify(next.models) !== JSON.stringify(this.state.models);
      this.state = next;
      if (next.engine.status === 'failed') this.notices.error(EarmarkError.fromData(next.engine.error));
      if (models) this.build(document.getElementById('root')!);
      if (changed) {
        this.runs = [];
        this.drafts = [];
        this.windows = [];
        this.show();
        void this.open();
      }
    });
    connection.onNotification(view.command, ({ command }) => {
      if (command === 'pruneAndCaption' || command === 'compare') void this.run();
      else if (command === 'cancel') this.cancel();
      else if (command === 'exportReport') void this.exportReport();
    });
  }

  build(root: HTMLElement): void {
    const remember = () => {
      memory.write({
        strategies: [...this.chosen],
        ratios: this.ratios,
        question: this.question,
        modelId: this.modelId,
      });
      this.showPlan();
    };
    const model = this.state.models.find(({ modelId }) => modelId === this.modelId);
    const ratioField = element('input', {
      class: 'number wide',
      title: 'Shares of the tokens to keep, in percent, separated by commas',
      id: 'ratios',
      attributes: { type: 'text', inputmode: 'decimal', value: this.ratios },
      on: {
        input: () => {
          this.ratios = ratioField.value;
          remember();
        },
      },
    });
    const question = textArea(
      { label: 'Question', description: 'What the model is asked about the sound.' },
      this.question,
      (text) => {
        this.question = text;
        remember();
      },
    );
    question.placeholder(model?.question ?? '');
    this.cancelButton.hidden = true;
    root.replaceChildren(
      element(
        'div',
        { class: 'comparison' },
        element(
          'header',
          { class: 'title' },
          element('h1', { text: `Compare strategies on ${this.state.fileName ?? 'this sound'}` }),
        ),
        element(
          'section',
          { class: 'chooser', attributes: { 'aria-label': 'What to compare' } },
          element(
            'fieldset',
            {},
            element('legend', { text: 'Strategies' }),
            ...strategies
              .filter(({ usesKeepRatio }) => usesKeepRatio)
              .map(({ name, label, description, needs }) => {
                const missing = needs.find((need) => model && !model.offers.includes(need));
                const box = checkbox(
                  {
                    label,
                    description: missing === undefined ? description : `${description} This model gives no ${missing}.`,
                  },
                  this.chosen.has(name) && missing === undefined,
                  (checked) => {
                    if (checked) this.chosen.add(name);
                    else this.chosen.delete(name);
                    remember();
                  },
                );
                box.enable(missing === undefined);
                return box.node;
              }),
          ),
          element(
            'div',
            { class: 'chooser-side' },
            dropdown(
              { label: 'Model', description: 'The audio language model that listens and writes.' },
              this.state.models.map((one) => ({
                value: one.modelId,
                label: one.title,
                disabled: one.problem !== undefined,
              })),
              this.modelId,
              (value) => {
                this.modelId = value;
                this.windows = [];
                remember();
                this.build(root);
              },
            ).node,
            element(
              'div',
              { class: 'field' },
              element('label', { text: 'Keep ratios, %', attributes: { for: 'ratios' } }),
              ratioField,
            ),
            question.node,
            this.plan,
            element('p', {
              class: 'hint',
              text: 'Pruning is nearly free for captions and questions, and costly for transcription.',
            }),
            element('div', { class: 'actions' }, this.runButton, this.cancelButton),
          ),
        ),
        this.stages.node,
        this.notices.node,
        this.outcome,
      ),
    );
    this.outcome.replaceChildren(
      element(
        'div',
        { class: 'section-head' },
        element('h2', { text: 'Results' }),
        element('div', { class: 'card-actions' }, element('span', { class: 'hint', text: 'Export' }), ...this.exports),
      ),
      this.results.node,
      element('h2', { text: 'Kept tokens' }),
      this.strips,
      element(
        'div',
        { class: 'charts' },
        element('section', {}, element('h2', { text: 'Overlap of kept tokens (Jaccard)' }), this.overlap.node),
        element('section', {}, element('h2', { text: 'Time against change of words' }), this.tradeoff.node),
      ),
      this.captions.node,
    );
    this.showPlan();
    this.show();
  }

  async open(): Promise<void> {
    this.stages.say('Decoding the sound…');
    try {
      this.clip = await connection.sendRequest(view.openClip, {});
      this.stages.rest(this.runs.length > 0 ? '' : 'Choose strategies and keep ratios, then run the comparison.');
      this.showPlan();
      if (this.runs.length > 0 && this.runs[0]?.clipId !== this.clip.clipId) {
        this.runs = [];
        this.drafts = [];
      }
      if (this.runs.length > 0) await this.analyse();
      this.show();
    } catch (thrown) {
      this.stages.rest();
      this.notices.error(readableError(thrown), () => void this.open());
    }
  }

  /** For results that were brought back: the pictures under their strips. */
  private async analyse(): Promise<void> {
    const analysis = await connection.sendRequest(view.analyse, { modelId: this.modelId });
    this.windows = [...analysis.windows];
  }

  private settings(): RunSettings[] {
    const model = this.state.models.find(({ modelId }) => modelId === this.modelId);
    const question = this.question.trim() === '' ? (model?.question ?? '') : this.question;
    const common = { ...this.state.settings, question };
    const ratios = parseRatios(this.ratios) ?? [];
    const pruned = strategies
      .filter(
        ({ name, usesKeepRatio, needs }) =>
          usesKeepRatio && this.chosen.has(name) && needs.every((need) => !model || model.offers.includes(need)),
      )
      .flatMap(({ name }) => ratios.map((keepRatio) => ({ ...common, strategy: name, keepRatio })));
    return [{ ...common, strategy: 'none', keepRatio: 1, parameters: {} }, ...pruned];
  }

  private showPlan(): void {
    const ratios = parseRatios(this.ratios);
    const model = this.state.models.find(({ modelId }) => modelId === this.modelId);
    const runs = this.settings().length;
    this.plan.classList.toggle('problem', ratios === undefined);
    this.plan.textContent = !model
      ? 'No model was found. Choose a model folder in the settings.'
      : ratios === undefined
        ? 'Keep ratios are percentages above 0 and at most 100, separated by commas: 50, 25, 10.'
        : `${plural(runs, 'run')}, all tokens first.`;
    this.runButton.disabled =
      this.cancellation !== undefined ||
      !this.clip ||
      !model ||
      model.problem !== undefined ||
      ratios === undefined ||
      runs < 2;
  }

  private async run(): Promise<void> {
    if (this.runButton.disabled) return;
    const settings = this.settings();
    const cancellation = (this.cancellation = new CancellationTokenSource());
    this.drafts = settings.map((one) => ({ settings: one, state: 'waiting', text: '' }));
    this.runs = [];
    this.windows = [];
    this.notices.clear();
    this.cancelButton.hidden = false;
    this.showPlan();
    this.show();
    const token = progressToken();
    const progress = connection.onProgress(view.runProgress, token, (event) => this.follow(event));
    this.stages.say('Starting…');
    try {
      const runs = await connection.sendRequest(
        view.run,
        { modelId: this.modelId, settings, progress: token },
        cancellation.token,
      );
      const windows = Math.max(0, ...runs.map((run) => run.windows.length));
      if (this.windows.length < windows) await this.analyse();
      this.finish(runs);
      const stopped = cancellation.token.isCancellationRequested;
      this.stages.rest(
        stopped ? `Cancelled: ${plural(runs.length, 'run')} kept.` : `${plural(runs.length, 'run')} done.`,
      );
    } catch (thrown) {
      const error = readableError(thrown);
      this.stages.rest(error.code === 'cancelled' ? 'Cancelled.' : '');
      this.notices.error(error);
      this.finish(this.drafts.flatMap(({ run }) => (run ? [run] : [])));
    } finally {
      progress.dispose();
      cancellation.dispose();
      this.cancellation = undefined;
      this.cancelButton.hidden = true;
      this.showPlan();
    }
  }

  private follow(event: RunEvent): void {
    if (event.kind === 'stage') this.stages.stage(event);
    else if (event.kind === 'analysed') {
      if (!this.windows.some(({ index }) => index === event.analysis.index)) this.windows.push(event.analysis);
    } else if (event.kind === 'started') {
      const at = this.drafts.findIndex(
        (draft) => draft.state === 'waiting' && sameChoice(draft.settings, event.settings),
      );
      this.replaceDraft(at, { state: 'running', runId: event.runId });
    } else if (event.kind === 'text') {
      const at = this.drafts.findIndex((draft) => draft.runId === event.runId);
      this.replaceDraft(at, { text: (this.drafts[at]?.text ?? '') + event.text });
    } else if (event.kind === 'finished') {
      const at = this.drafts.findIndex((draft) => draft.runId === event.run.runId);
      this.replaceDraft(at, { ...resultOf(event.run) });
    }
  }

  private replaceDraft(at: number, part: Partial<Result> & { readonly runId?: string }): void {
    const draft = this.drafts[at];
    if (!draft) return;
    this.drafts[at] = { ...draft, ...part };
    // Text comes token by token; the table need not follow faster than it is seen.
    this.pendingTable ||= requestAnimationFrame(() => {
      this.pendingTable = 0;
      this.results.show(this.drafts);
    });
  }

  private cancel(): void {
    if (!this.cancellation) return;
    this.stages.say('Cancelling…');
    this.cancellation.cancel();
  }

  /** Takes what was done; what was not reached leaves the table. */
  private finish(runs: readonly Run[]): void {
    this.runs = runs;
    this.drafts = runs.map(resultOf);
    memory.write({ runs });
    this.show();
  }

  private show(): void {
    this.outcome.hidden = this.drafts.length === 0;
    this.results.show(this.drafts);
    this.captions.show(this.runs, new Set());
    this.overlap.draw();
    this.tradeoff.draw();
    for (const one of this.exports) one.disabled = this.runs.length === 0;
    this.showStrips();
  }

  private showStrips(): void {
    if (!this.clip || this.windows.length === 0 || this.runs.length === 0) return;
    const { settings } = this.state;
    const windows = this.windows.toSorted((a, b) => a.index - b.index);
    const secondsPerToken = this.state.models.find(({ modelId }) => modelId === this.modelId)?.secondsPerToken ?? 0.04;
    const tokens = new ClipTokens({ windows, secondsPerToken }, settings.headReduce);
    const { durationSeconds, peaks } = this.clip;
    this.timeline ??= new Timeline(
      { durationSeconds, settings, strips: [] },
      {
        readPeaks: (startSeconds, endSeconds, columns) =>
          connection.sendRequest(view.readPeaks, { startSeconds, endSeconds, columns }),
      },
    );
    this.strips.replaceChildren(this.timeline.node);
    this.timeline.update({
      durationSeconds,
      peaks,
      tokens,
      strips: this.runs.map((run) => ({
        label: stripLabel(run.settings),
        settings: run.settings,
        kept: keptOfRun(run, tokens.total),
        preview: false,
      })),
    });
  }

  // --- export

  private async save(ending: string, content: string | Uint8Array): Promise<void> {
    await this.exporting(() =>
      connection.sendRequest(view.save, { suggestedName: `${this.baseName()}-comparison.${ending}`, content }),
    );
  }

  private async savePicture(): Promise<void> {
    if (!this.timeline) return;
    const address = await this.timeline.toImage();
    await this.save(
      'png',
      Uint8Array.from(atob(address.slice(address.indexOf(',') + 1)), (byte) => byte.charCodeAt(0)),
    );
  }

  private async exportReport(): Promise<void> {
    const { clip, windows, runs, modelId } = this;
    if (!clip || runs.length === 0) return;
    const secondsPerToken = this.state.models.find((model) => model.modelId === modelId)?.secondsPerToken ?? 0.04;
    const data: ReportData = {
      version: 1,
      created: new Date().toISOString(),
      clips: [{ clip, analysis: { clipId: clip.clipId, modelId, secondsPerToken, windows }, runs }],
    };
    await this.exporting(() =>
      connection.sendRequest(view.exportReport, { suggestedName: `${this.baseName()}-comparison.html`, data }),
    );
  }

  private async exporting(task: () => Promise<boolean>): Promise<void> {
    try {
      if (await task()) this.stages.rest('Saved.');
    } catch (thrown) {
      this.notices.error(readableError(thrown));
    }
  }

  private baseName(): string {
    return (this.clip?.name ?? 'sound').replace(/\.[^.]*$/, '');
  }
}

/** "50, 25" -> [0.5, 0.25]; undefined where one is not a percentage. */
function parseRatios(text: string): number[] | undefined {
  const parts = text.split(/[\s,;%]+/).filter((part) => part !== '');
  const ratios = parts.map((part) => Number(part) / 100);
  return ratios.length > 0 && ratios.every((ratio) => ratio > 0 && ratio <= 1) ? [...new Set(ratios)] : undefined;
}

function sameChoice(a: RunSettings, b: RunSettings): boolean {
  return a.strategy === b.strategy && a.keepRatio === b.keepRatio;
}

async function start(): Promise<void> {
  const root = document.getElementById('root')!;
  try {
    const comparison = new Comparison(await connection.sendRequest(view.ready, undefined));
    comparison.build(root);
    await comparison.open();
  } catch (thrown) {
    const notices = new Notices((command) => void connection.sendNotification(view.hostCommand, { command }));
    notices.error(readableError(thrown));
    root.replaceChildren(notices.node);
  }
}

void start();
