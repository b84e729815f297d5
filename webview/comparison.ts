import '@vscode/codicons/dist/codicon.css';
import './style.css';
import './comparison.css';
import type { CancellationTokenSource as Cancellation } from 'vscode-jsonrpc/browser';
import type { ClipInfo } from '../src/protocol/clip';
import { comparisonCommand, comparisonQuery, type ComparisonSettings } from '../src/protocol/comparison';
import type { ErrorCode } from '../src/protocol/errors';
import type { ExperimentResult } from '../src/protocol/experiment';
import { questionFor, type ModelInfo } from '../src/protocol/model';
import type { ReportData } from '../src/protocol/report';
import type { Run, RunEvent, RunSettings, WindowAnalysis } from '../src/protocol/run';
import * as view from '../src/protocol/view';
import { Captions, isBaseline } from './captions';
import { cellOf, isWhole, ratiosInOrder, stepsOf, waitingCell, withRun, type Cell, type Step } from './cells';
import { Chooser, firstChoice, type Choices } from './chooser';
import { ClipTokens, keptOfRun } from './clip-tokens';
import { CancellationTokenSource, connect, progressToken, readableError } from './connection';
import { settingsLabel, stripLabel } from './controls';
import { button, element } from './element';
import { Experiments, type ExperimentChoices } from './experiments';
import { dropdown } from './fields';
import { figure, figureHead, timelinePicture, type Picture } from './figure';
import { parseKeepRatios } from '../src/pruning/keep-ratios';
import { Notices } from './notice';
import { overlapChart, overlapNote } from './overlap';
import { passFocus } from './place';
import { Playback, stretchesOf, type Hearing } from './playback';
import { pruningCosts } from './pruning-costs';
import { Memory } from './remembered';
import { cellKey, Results, toCsv, toJson } from './results';
import { speechNote } from './speech';
import { Stages } from './stages';
import { startView } from './start';
import { Tabs } from './tabs';
import { Timeline } from './timeline';
import { registerToolkit } from './toolkit';
import { tradeoffChart, tradeoffNote } from './tradeoff';
import { onSpace, showPlaying } from './transport';
import { percent, plural } from './words-for-numbers';

registerToolkit();
const api = acquireVsCodeApi();
const connection = connect(api);

/** What a reloaded window comes back to. */
interface RememberedComparison {
  /** What the results are of: the file may be another by then. */
  readonly clipId?: string;
  readonly choices?: Partial<Choices>;
  readonly runs?: readonly Run[];
  readonly tab?: string;
  readonly experiment?: ExperimentChoices;
  readonly experiments?: readonly ExperimentResult[];
}
const memory = new Memory<RememberedComparison>(api);

/** Several strategies at several keep ratios on one sound, side by side; and experiments on the same sound. */
class Comparison {
  private readonly notices = new Notices((command) => void connection.sendNotification(view.hostCommand, { command }));
  private readonly stages = new Stages();
  private readonly results = new Results({
    again: (cell) => void this.runAgain(cell),
    hear: (cell) => this.hear(cell),
  });
  private readonly captions = new Captions({}, true, 'The captions appear here side by side.');
  private readonly overlap = overlapChart(() => this.shownRuns);
  private readonly tradeoff = tradeoffChart(() => this.runs);
  private readonly plan = element('p', { class: 'count', attributes: { 'role': 'status', 'aria-live': 'polite' } });
  private readonly strips = element('div', { class: 'stage' });
  private readonly playButton = button('Play', 'play', () => this.togglePlayback(), 'icon');
  private readonly heardWords = element('span', { class: 'hint' });
  private readonly speech = element('div', { class: 'speech' });
  private readonly ratioChoice = element('div', { class: 'ratio-choice' });
  private readonly outcome = element('div', { class: 'outcome', attributes: { hidden: '' } });
  private readonly commandLine = element('code', { class: 'command-line' });
  private readonly exports: (HTMLElement & { disabled: boolean })[];
  private readonly runButton = button('Run Comparison', 'play', () => void this.runAll(), 'primary');
  private readonly cancelButton = button('Cancel', 'debug-stop', () => this.cancel());
  private readonly chooser: Chooser;
  private readonly experiments: Experiments;
  private readonly tabs: Tabs;
  private readonly playback: Playback;
  private clip: ClipInfo | undefined;
  private windows: WindowAnalysis[] = [];
  private timeline: Timeline | undefined;
  private cells: Cell[] = [];
  private opening: Cancellation | undefined;
  private cancellation: Cancellation | undefined;
  /** The keep ratio whose pictures are shown; undefined for all. */
  private shownRatio: number | undefined;
  /** The cell that was heard last; undefined for all of the sound. */
  private heard: string | undefined;
  private position = 0;
  private hearing: Hearing = 'kept-in-place';
  private drawing = false;
  private due: 'table' | 'all' | undefined;

  constructor(private state: view.ViewState) {
    const remembered = memory.read();
    this.chooser = new Chooser(state.models, this.firstChoices(remembered.choices), (choices) => {
      memory.write({ choices });
      this.showPlan();
      this.experiments.update(this.clip !== undefined);
      this.results.show(this.cells, this.references);
    });
    this.cells = (remembered.runs ?? []).map(cellOf);
    this.playback = new Playback(
      () => this.clip?.durationSeconds ?? 0,
      (startSeconds, endSeconds) => connection.sendRequest(view.readSamples, { startSeconds, endSeconds }),
      {
        moved: (seconds) => {
          this.position = seconds ?? 0;
          this.timeline?.movePlayhead(seconds);
        },
        changed: (playing) => {
          showPlaying(this.playButton, playing);
          this.results.setPlaying(playing ? this.heard : undefined);
        },
        failed: (error) => this.notices.error(readableError(error), undefined, 'sound'),
      },
    );
    this.experiments = new Experiments(
      {
        connection,
        notices: this.notices,
        model: () => this.chooser.model,
        settings: () => this.commonSettings(),
        clipId: () => this.clip?.clipId,
        remember: (experiment, experiments) => {
          memory.write({ experiment, experiments });
          if (experiments.length > 0) this.notices.clear('export');
        },
        save: (name, ending, content) => void this.save(name, ending, content),
        savePicture: (name, format, picture) => void this.savePicture(name, format, picture),
      },
      remembered.experiment ?? {
        name: '',
        strategy: state.settings.strategy === 'none' ? 'segmentwise' : state.settings.strategy,
        keepRatio: state.settings.strategy === 'none' ? 0.25 : state.settings.keepRatio,
        segments: state.settings.parameters['segments'] ?? 10,
      },
      remembered.experiments ?? [],
    );
    this.exports = [
      button('HTML Report', 'file-code', () => void this.exportReport()),
      button('CSV', 'table', () => void this.save('comparison', 'csv', toCsv(this.runs, this.references))),
      button('JSON', 'json', () => void this.save('comparison', 'json', toJson(this.runs, this.references))),
    ];
    this.tabs = new Tabs(
      [
        { name: 'comparison', label: 'Comparison', content: this.comparisonPage() },
        { name: 'experiments', label: 'Experiments', content: this.experiments.node },
      ],
      remembered.tab ?? 'comparison',
      (tab) => memory.write({ tab }),
    );
    this.listen();
    // Written once at the start: the host finds the sound of a panel by what is kept with it.
    memory.write({ choices: this.chooser.choices });
  }

  get node(): HTMLElement {
    return element(
      'div',
      { class: 'comparison' },
      element(
        'header',
        { class: 'title' },
        element('h1', { text: `Compare strategies on ${this.state.fileName ?? 'this sound'}` }),
        this.tabs.list,
      ),
      this.notices.node,
      ...this.tabs.panels,
    );
  }

  async open(): Promise<void> {
    // The file may change faster than it is decoded: only what it is now counts.
    this.opening?.cancel();
    const cancellation = (this.opening = new CancellationTokenSource());
    this.stages.say('Decoding the sound…');
    try {
      const clip = await connection.sendRequest(view.openClip, {}, cancellation.token);
      if (cancellation !== this.opening) return;
      this.clip = clip;
      this.notices.clear('sound');
      for (const warning of clip.warnings) this.notices.warn(warning, 'sound');
      const { clipId } = clip;
      // A file that is written again with the same bytes is the same sound.
      if ((memory.read().clipId ?? this.runs[0]?.clipId ?? clipId) !== clipId) this.forget();
      memory.write({ clipId });
      this.restUnlessRunning(this.runs.length > 0 ? '' : 'Choose strategies and keep ratios, then run the comparison.');
      this.experiments.update(true);
      this.showPlan();
      this.show();
      await this.illustrate();
    } catch (thrown) {
      if (cancellation !== this.opening) return;
      this.notices.clear('sound');
      this.restUnlessRunning();
      this.notices.error(readableError(thrown), () => void this.open(), 'sound');
    } finally {
      cancellation.dispose();
      if (cancellation === this.opening) this.opening = undefined;
    }
  }

  private restUnlessRunning(text = ''): void {
    if (!this.cancellation) this.stages.rest(text);
  }

  /** Results that were brought back stand without their pictures too: their model may be gone. */
  private async illustrate(): Promise<void> {
    const { clip } = this;
    const [run] = this.runs;
    if (!run || this.windows.length > 0) return;
    this.notices.clear('analysis');
    try {
      await this.analyse(run.modelId);
      this.show();
    } catch (thrown) {
      if (clip !== this.clip) return;
      this.notices.error(readableError(thrown), () => void this.illustrate(), 'analysis');
    }
  }

  private listen(): void {
    connection.onNotification(view.stateChanged, (next) => this.takeState(next));
    connection.onNotification(view.command, ({ command }) => {
      if (command === 'cancel') this.cancelInFront();
      else if (command === 'exportReport') void this.exportReport();
    });
    connection.onNotification(view.showComparison, ({ settings }) => {
      this.tabs.show('comparison');
      this.takeChoices(this.linkedChoices(settings));
    });
    connection.onNotification(view.showExperiment, ({ name }) => {
      this.tabs.show('experiments');
      this.experiments.choose(name);
    });
    onSpace(() => {
      const shown = this.timeline?.node.checkVisibility() ?? false;
      if (shown) this.togglePlayback();
      return shown;
    });
    window.addEventListener('pagehide', () => {
      this.playback.dispose();
      connection.dispose();
    });
  }

  private takeState(next: view.ViewState): void {
    const before = this.state;
    this.state = next;
    this.notices.follow(next);
    if (JSON.stringify(next.models) !== JSON.stringify(before.models)) this.takeChoices(this.chooser.choices);
    if (next.revision !== before.revision) void this.open();
  }

  /** The sound changed: what was found out about the old one is no longer true, and what still runs would not be. */
  private forget(): void {
    this.forgetHeard();
    this.cancellation?.cancel();
    this.cells = [];
    this.windows = [];
    this.experiments.update(this.clip !== undefined, []);
    memory.write({ runs: [], experiments: [] });
  }

  // --- choosing

  /** Puts other choices than the person's own into the form, among the models that there are now. */
  private takeChoices(choices: Choices): void {
    this.chooser.set(choices, this.state.models);
    memory.write({ choices: this.chooser.choices });
    this.experiments.update(this.clip !== undefined);
    this.showPlan();
    this.results.show(this.cells, this.references);
  }

  private firstChoices(remembered: Partial<Choices> = {}): Choices {
    const { settings, models, modelId } = this.state;
    const { budgetMode, budgetScope = 'window', headReduce, parameters, question, maxNewTokens } = settings;
    const known = models.some((model) => model.modelId === remembered.modelId);
    return {
      strategies: firstChoice,
      keepRatios: '0.5, 0.25, 0.1',
      budgetMode,
      budgetScope,
      headReduce,
      parameters,
      question,
      maxNewTokens,
      repeats: 1,
      references: '',
      ...remembered,
      modelId: known ? remembered.modelId! : modelId,
    };
  }

  /** What a link says in place of what was chosen. A model that is not here is told, not taken. */
  private linkedChoices({ keepRatios, modelId, ...linked }: Partial<ComparisonSettings>): Choices {
    const { choices } = this.chooser;
    const known = modelId === undefined || this.state.models.some((model) => model.modelId === modelId);
    if (!known)
      this.notices.warn(
        `The link names the model “${modelId}”, which is not installed: another one is chosen.`,
        `model ${modelId}`,
      );
    return {
      ...choices,
      ...linked,
      modelId: known ? (modelId ?? choices.modelId) : choices.modelId,
      keepRatios: keepRatios?.join(', ') ?? choices.keepRatios,
    };
  }

  private get references(): readonly string[] {
    return this.chooser.choices.references
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }

  private commonSettings(): RunSettings {
    const { budgetMode, budgetScope, headReduce, parameters, question, maxNewTokens } = this.chooser.choices;
    return {
      ...this.state.settings,
      budgetMode,
      budgetScope,
      headReduce,
      parameters,
      maxNewTokens,
      question: questionFor(this.chooser.model, question),
    };
  }

  /** In the order of running: all tokens, a quarter of each strategy, then the other ratios. */
  private plannedSettings(): RunSettings[] {
    const common = this.commonSettings();
    const { ratios } = parseKeepRatios(this.chooser.choices.keepRatios);
    return [
      { ...common, strategy: 'none', keepRatio: 1, parameters: {} },
      ...ratiosInOrder(ratios).flatMap((keepRatio) =>
        this.chooser.strategies.map(({ name }) => ({ ...common, strategy: name, keepRatio })),
      ),
    ];
  }

  private comparisonSettings(): ComparisonSettings {
    const { modelId, keepRatios, repeats } = this.chooser.choices;
    const {
      budgetMode,
      budgetScope = 'window',
      headReduce,
      parameters,
      question,
      maxNewTokens,
    } = this.commonSettings();
    return {
      modelId,
      strategies: this.chooser.strategies.map(({ name }) => name),
      keepRatios: parseKeepRatios(keepRatios).ratios,
      budgetMode,
      budgetScope,
      headReduce,
      parameters,
      question,
      maxNewTokens,
      repeats,
    };
  }

  private showPlan(): void {
    const { model } = this.chooser;
    const { ratios, problems } = parseKeepRatios(this.chooser.choices.keepRatios);
    const count = this.chooser.strategies.length;
    const repeats = this.chooser.choices.repeats;
    const runs = 1 + count * ratios.length;
    const times = repeats > 1 ? `, each ${String(repeats)} times after a warm-up` : '';
    this.plan.textContent = !model
      ? 'No model was found. Choose a model folder in the settings.'
      : count === 0
        ? 'Choose at least one strategy.'
        : problems.length > 0
          ? ''
          : `${plural(runs, 'run')}: all tokens, then ${count === 1 ? '1 strategy' : `${String(count)} strategies`} at ${ratiosInOrder(ratios).map(percent).join(', ')}${times}.`;
    const right = model !== undefined && model.problem === undefined && problems.length === 0 && count > 0;
    passFocus(this.runButton, this.cancelButton, () => {
      this.cancelButton.hidden = this.cancellation === undefined;
      this.runButton.disabled = this.cancellation !== undefined || !this.clip || !right;
    });
    this.commandLine.replaceChildren(...(right ? this.commandParts(model) : []));
  }

  private commandParts(model: ModelInfo): (HTMLElement | string)[] {
    const line = comparisonCommand(this.comparisonSettings(), this.state.fileName ?? 'FILE', model);
    return line.split(/ (?=--)/).flatMap((text, i) => [i === 0 ? '' : ' ', element('span', { text })]);
  }

  // --- the page

  private comparisonPage(): HTMLElement {
    this.showPlan();
    this.chooser.side.append(
      this.plan,
      element('p', {
        class: 'hint',
        text: pruningCosts,
      }),
      element('div', { class: 'actions' }, this.runButton, this.cancelButton),
    );
    const save = (name: string, format: 'png' | 'svg', picture: Picture) =>
      void this.savePicture(name, format, picture);
    this.outcome.append(
      element(
        'div',
        { class: 'section-head' },
        element('h2', { text: 'Results' }),
        element('div', { class: 'card-actions' }, element('span', { class: 'hint', text: 'Export' }), ...this.exports),
      ),
      this.results.node,
      this.speech,
      this.ratioChoice,
      element(
        'div',
        { class: 'charts' },
        figure('Time against agreement', 'time-against-agreement', tradeoffNote, this.tradeoff, save),
        figure('Overlap of kept tokens (Jaccard)', 'overlap', overlapNote, this.overlap, save),
      ),
      figureHead('Kept tokens', 'kept-tokens', (format) => timelinePicture(this.timeline, format), save),
      this.strips,
      this.captions.node,
    );
    return element('div', { class: 'page' }, this.chooser.node, this.sharing(), this.stages.node, this.outcome);
  }

  /** The same comparison elsewhere: in a terminal, or in another window. */
  private sharing(): HTMLElement {
    const copied = (what: string) => this.stages.rest(`${what} copied.`);
    return element(
      'div',
      { class: 'sharing', attributes: { 'role': 'group', 'aria-label': 'The same comparison elsewhere' } },
      element('span', { class: 'hint', text: 'In a terminal' }),
      this.commandLine,
      button(
        'Copy command line',
        'copy',
        () => {
          const text = this.commandLine.textContent;
          if (text === '') return;
          void connection.sendNotification(view.copyText, { text });
          copied('Command line');
        },
        'icon',
      ),
      button('Copy Settings Link', 'link', () => {
        void connection.sendNotification(view.copySettingsLink, { query: comparisonQuery(this.comparisonSettings()) });
        copied('Link to these settings, without the sound,');
      }),
    );
  }

  private get runs(): readonly Run[] {
    return this.cells.flatMap(({ run }) => (run ? [run] : []));
  }

  /** The runs whose pictures are shown: all tokens, and those of the chosen keep ratio. */
  private get shownRuns(): readonly Run[] {
    return this.runs.filter(
      (run) =>
        isWhole(run) &&
        (isBaseline(run) || this.shownRatio === undefined || run.settings.keepRatio === this.shownRatio),
    );
  }

  // --- running

  private async runAll(): Promise<void> {
    if (this.runButton.disabled) return;
    this.forgetHeard();
    this.cells = this.plannedSettings().map(waitingCell);
    this.windows = [];
    this.shownRatio = this.cells[1]?.settings.keepRatio;
    const { repeats, modelId } = this.chooser.choices;
    await this.conduct(modelId, stepsOf([...this.cells.keys()], repeats));
  }

  /** One cell once more, with the settings that it was run with: the encoder's results are still there. */
  private async runAgain({ settings, run }: Cell): Promise<void> {
    const at = this.cells.findIndex((cell) => cellKey(cell) === cellKey({ settings }));
    const before = this.cells[at];
    if (!before || this.cancellation) return;
    if (cellKey(before) === this.heard) this.forgetHeard();
    this.cells[at] = waitingCell(settings);
    const steps = stepsOf([at], this.chooser.choices.repeats);
    await this.conduct(run?.modelId ?? this.chooser.choices.modelId, steps, () => {
      const after = this.cells[at];
      if (!(after?.run && isWhole(after.run))) this.cells[at] = before;
    });
  }

  /** One request for all steps, so that the engine encodes once and runs in this order. */
  private async conduct(modelId: string, steps: readonly Step[], ended: () => void = () => undefined): Promise<void> {
    const cancellation = (this.cancellation = new CancellationTokenSource());
    const settings = steps.map(({ cell }) => this.cells[cell]!.settings);
    const clipId = this.clip?.clipId;
    const changed = () => this.clip?.clipId !== clipId;
    this.notices.clear('run');
    this.results.setBusy(true);
    this.showPlan();
    this.show();
    const token = progressToken();
    const follower = new Follower(steps);
    const progress = connection.onProgress(view.runProgress, token, (event) => {
      if (!changed()) this.follow(event, follower);
    });
    this.stages.say('Starting…');
    try {
      const runs = await connection.sendRequest(view.run, { modelId, settings, progress: token }, cancellation.token);
      if (changed()) return;
      // Where progress got lost, the answer has all runs, in the order that was asked.
      for (const [i, run] of runs.entries()) this.take(steps[i]!, run, follower);
      const windows = Math.max(0, ...runs.map((run) => run.windows.length));
      if (this.windows.length < windows) await this.analyse(modelId);
      const done = plural(this.runs.filter(isWhole).length, 'run');
      this.stages.rest(cancellation.token.isCancellationRequested ? `Cancelled: ${done} kept.` : `${done} done.`);
    } catch (thrown) {
      if (changed()) return;
      const error = readableError(thrown);
      this.stages.rest(unfinished[error.code]);
      this.notices.error(error);
    } finally {
      progress.dispose();
      cancellation.dispose();
      this.cancellation = undefined;
      if (changed()) this.stages.rest('The sound changed meanwhile: run the comparison again.');
      else ended();
      this.finish();
    }
  }

  private follow(event: RunEvent, follower: Follower): void {
    if (event.kind === 'stage') this.stages.stage(event, follower.words(this.cells));
    else if (event.kind === 'analysed') {
      if (!this.windows.some(({ index }) => index === event.analysis.index)) this.windows.push(event.analysis);
    } else if (event.kind === 'started') {
      const step = follower.start(event.runId);
      const cell = step && this.cells[step.cell];
      if (!cell) return;
      this.cells[step.cell] = { ...cell, state: cell.run ? 'repeating' : 'running' };
      this.showSoon('table');
    } else if (event.kind === 'text') {
      const step = follower.stepOf(event.runId);
      const cell = step && this.cells[step.cell];
      // What is repeated was read already.
      if (cell?.state !== 'running') return;
      this.cells[step!.cell] = { ...cell, text: cell.text + event.text };
      this.showSoon('table');
    } else if (event.kind === 'finished') {
      const step = follower.stepOf(event.run.runId);
      if (step) this.take(step, event.run, follower);
    }
  }

  private take(step: Step, run: Run, follower: Follower): void {
    const cell = this.cells[step.cell];
    if (!cell || !follower.takeOnce(run.runId)) return;
    const first = !cell.run;
    this.cells[step.cell] = withRun(cell, run, step.counts);
    this.showSoon(first ? 'all' : 'table');
  }

  /**
   * Text comes token by token, and runs faster than a slow machine draws pictures. So drawing takes at most half of the
   * time: what came meanwhile is read before it is drawn, or the page would fall behind the engine by minutes.
   */
  private showSoon(what: 'table' | 'all'): void {
    if (this.due !== 'all') this.due = what;
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame((begun) => {
      if (this.due === 'all') this.show();
      else if (this.due === 'table') this.results.show(this.cells, this.references);
      this.due = undefined;
      // A task of its own comes behind layout, paint and the charts, which draw in the next frame.
      requestAnimationFrame(() =>
        setTimeout(() => {
          const took = performance.now() - begun;
          setTimeout(() => {
            this.drawing = false;
            if (this.due) this.showSoon(this.due);
          }, took);
        }),
      );
    });
  }

  private cancelInFront(): void {
    if (this.tabs.shown === 'experiments') this.experiments.cancel();
    else this.cancel();
  }

  private cancel(): void {
    if (!this.cancellation) return;
    this.stages.say('Cancelling…');
    this.cancellation.cancel();
  }

  /** Keeps what was done; what was not reached leaves the table. */
  private finish(): void {
    this.cells = this.cells.filter(({ run }) => run !== undefined).map((cell) => ({ ...cell, state: 'done' }));
    memory.write({ runs: this.runs });
    this.notices.clear('export');
    this.results.setBusy(false);
    this.showPlan();
    this.show();
  }

  /** For results that were brought back: the pictures under their strips. */
  private async analyse(modelId: string): Promise<void> {
    const analysis = await connection.sendRequest(view.analyse, { modelId });
    if (analysis.clipId === this.clip?.clipId) this.windows = [...analysis.windows];
  }

  // --- showing

  private show(): void {
    this.due = undefined;
    this.outcome.hidden = this.cells.length === 0;
    this.results.show(this.cells, this.references);
    this.speech.replaceChildren(...[speechNote(this.runs)].filter((note) => note !== null));
    this.showRatioChoice();
    this.showPictures();
    for (const one of this.exports) one.disabled = this.runs.length === 0;
  }

  private showPictures(): void {
    this.captions.show(this.shownRuns, new Set());
    this.overlap.draw();
    this.tradeoff.draw();
    this.showStrips();
  }

  /** One keep ratio at a time keeps pictures readable; a person may ask for all. */
  private showRatioChoice(): void {
    const pruned = this.runs.filter((run) => !isBaseline(run));
    const ratios = [...new Set(pruned.map(({ settings }) => settings.keepRatio))].sort((a, b) => b - a);
    if (ratios.length > 0 && this.shownRatio !== undefined && !ratios.includes(this.shownRatio)) {
      this.shownRatio = ratiosInOrder(ratios)[0];
    }
    const key = `${ratios.join(' ')} ${String(this.shownRatio)}`;
    if (this.ratioChoice.dataset['key'] === key) return;
    this.ratioChoice.dataset['key'] = key;
    const ratioField = dropdown(
      {
        label: 'Keep ratio shown',
        description: 'Which runs the strips, the overlap and the captions show. Table and trade-off show all.',
      },
      [...ratios.map((ratio) => ({ value: String(ratio), label: percent(ratio) })), { value: 'all', label: 'All' }],
      this.shownRatio === undefined ? 'all' : String(this.shownRatio),
      (value) => {
        this.shownRatio = value === 'all' ? undefined : Number(value);
        this.ratioChoice.dataset['key'] = `${ratios.join(' ')} ${String(this.shownRatio)}`;
        this.showPictures();
      },
    );
    const hearingField = dropdown(
      { label: 'Kept tokens are heard', description: 'How the sound is played that a run keeps.' },
      [
        { value: 'kept-in-place', label: 'with silence between' },
        { value: 'kept-joined', label: 'joined' },
      ],
      this.hearing,
      (value) => (this.hearing = value as Hearing),
    );
    this.ratioChoice.replaceChildren(ratioField.node, hearingField.node);
  }

  private get tokens(): ClipTokens | undefined {
    if (this.windows.length === 0) return undefined;
    const [run] = this.runs;
    const { modelId } = run ?? this.chooser.choices;
    const secondsPerToken = this.state.models.find((model) => model.modelId === modelId)?.secondsPerToken ?? 0.04;
    const windows = this.windows.toSorted((a, b) => a.index - b.index);
    return new ClipTokens({ windows, secondsPerToken }, run?.settings.headReduce ?? 'mean');
  }

  private showStrips(): void {
    const { tokens, clip } = this;
    if (!clip || !tokens || this.runs.length === 0) return;
    const { durationSeconds, peaks } = clip;
    const { settings } = this.runs[0]!;
    this.timeline ??= new Timeline(
      { durationSeconds, settings, strips: [] },
      {
        seek: (seconds) => this.playFrom(seconds),
        stop: () => this.playback.stop(),
        readPeaks: (startSeconds, endSeconds, columns) =>
          connection.sendRequest(view.readPeaks, { startSeconds, endSeconds, columns }),
      },
    );
    if (!this.timeline.node.isConnected) {
      showPlaying(this.playButton, this.playback.isPlaying);
      this.strips.replaceChildren(
        element('div', { class: 'transport' }, this.playButton, this.heardWords),
        this.timeline.node,
      );
    }
    this.timeline.update({
      durationSeconds,
      peaks,
      tokens,
      settings,
      strips: this.shownRuns.map((run) => ({
        label: stripLabel(run.settings),
        settings: run.settings,
        kept: keptOfRun(run, tokens.total),
        preview: false,
      })),
    });
  }

  // --- hearing

  private hear(cell: Cell): void {
    const key = cellKey(cell);
    const stops = this.playback.isPlaying && this.heard === key;
    this.playback.stop();
    if (stops || !cell.run) return;
    this.heard = key;
    this.playFrom(0);
  }

  private togglePlayback(): void {
    if (this.playback.isPlaying) this.playback.stop();
    else this.playFrom(this.position);
  }

  /** What is heard stays what the run keeps that was heard last, or everything. */
  private playFrom(seconds: number): void {
    const { tokens } = this;
    const run = this.cells.find((cell) => cellKey(cell) === this.heard)?.run;
    const kept = run && tokens && !isBaseline(run) ? keptOfRun(run, tokens.total) : undefined;
    this.playback.hearing = kept ? this.hearing : 'everything';
    this.playback.kept = stretchesOf(kept, tokens);
    this.heardWords.textContent = run && kept ? `What ${settingsLabel(run.settings)} keeps` : 'All of the sound';
    this.position = seconds;
    this.playback.play(seconds);
  }

  /** The run that was heard is gone, or about to be. */
  private forgetHeard(): void {
    this.playback.stop();
    this.heard = undefined;
    this.heardWords.textContent = '';
    this.position = 0;
    this.timeline?.movePlayhead(null);
  }

  // --- export

  private async save(name: string, ending: string, content: string | Uint8Array): Promise<void> {
    await this.exporting(() =>
      connection.sendRequest(view.save, { suggestedName: `${this.baseName()}-${name}.${ending}`, content }),
    );
  }

  private async savePicture(name: string, format: 'png' | 'svg', picture: Picture): Promise<void> {
    const content = await picture(format);
    if (content !== undefined) await this.save(name, format, content);
    else this.stages.rest('There is nothing to draw in this figure yet.');
  }

  private async exportReport(): Promise<void> {
    const { clip, runs, references } = this;
    if (!clip || (runs.length === 0 && this.experiments.results.length === 0)) {
      this.notices.warn('There is nothing to export yet. Run a comparison or an experiment first.', 'export');
      return;
    }
    const modelId = runs[0]?.modelId ?? this.chooser.choices.modelId;
    const secondsPerToken = this.state.models.find((model) => model.modelId === modelId)?.secondsPerToken ?? 0.04;
    const windows = this.windows.toSorted((a, b) => a.index - b.index);
    const data: ReportData = {
      version: 1,
      created: new Date().toISOString(),
      clips: [
        {
          clip,
          ...(windows.length > 0 && { analysis: { clipId: clip.clipId, modelId, secondsPerToken, windows } }),
          runs,
          references,
          experiments: this.experiments.results,
        },
      ],
    };
    await this.exporting(() =>
      connection.sendRequest(view.exportReport, { suggestedName: `${this.baseName()}-comparison.html`, data }),
    );
  }

  private async exporting(task: () => Promise<boolean>): Promise<void> {
    this.notices.clear('export');
    try {
      if (await task()) this.stages.rest('Saved.');
    } catch (thrown) {
      this.notices.error(readableError(thrown), undefined, 'export');
    }
  }

  private baseName(): string {
    return (this.clip?.name ?? 'sound').replace(/\.[^.]*$/, '');
  }
}

/** What is left to say of runs that failed, where their notice says nothing or may go. */
const unfinished: Partial<Record<ErrorCode, string>> = {
  'cancelled': 'Cancelled.',
  'engine-stopped': 'The engine stopped meanwhile: run the comparison again.',
};

/** Which step each run of a request is: the engine starts them in the order that was asked. */
class Follower {
  private readonly steps = new Map<string, Step>();
  private readonly taken = new Set<string>();
  private current: Step | undefined;

  constructor(private readonly order: readonly Step[]) {}

  start(runId: string): Step | undefined {
    this.current = this.order[this.steps.size];
    if (this.current) this.steps.set(runId, this.current);
    return this.current;
  }

  stepOf(runId: string): Step | undefined {
    return this.steps.get(runId);
  }

  /** False where the run was taken before. */
  takeOnce(runId: string): boolean {
    const fresh = !this.taken.has(runId);
    this.taken.add(runId);
    return fresh;
  }

  /** "3 of 13, Top-K, 25 %" */
  words(cells: readonly Cell[]): string | undefined {
    const cell = this.current && cells[this.current.cell];
    if (!cell) return undefined;
    return `${String(this.steps.size)} of ${String(this.order.length)}, ${settingsLabel(cell.settings)}`;
  }
}

void startView(connection, async (root, state) => {
  const comparison = new Comparison(state);
  root.replaceChildren(comparison.node);
  await comparison.open();
});
