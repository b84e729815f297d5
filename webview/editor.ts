import '@vscode/codicons/dist/codicon.css';
import './style.css';
import type { CancellationTokenSource as Cancellation } from 'vscode-jsonrpc/browser';
import type { ClipInfo } from '../src/protocol/clip';
import { EarmarkError, type ErrorCode } from '../src/protocol/errors';
import type { Explanation } from '../src/protocol/explanation';
import type { ReportData } from '../src/protocol/report';
import type { Analysis, Run, RunEvent, RunSettings, WindowAnalysis } from '../src/protocol/run';
import * as view from '../src/protocol/view';
import { budgetOf } from '../src/pruning/budget';
import { strategyNamed } from '../src/pruning/registry';
import { Captions, isBaseline } from './captions';
import { ClipTokens, keepAlike, keptOfRun, preview, type KeptTokens } from './clip-tokens';
import { CancellationTokenSource, connect, progressToken, readableError } from './connection';
import { Controls, stripLabel, type Choice, type Count } from './controls';
import { element } from './element';
import { standIn, standInWords } from './model-options';
import { Notices } from './notice';
import { Playback, stretchesOf } from './playback';
import { Memory, type Remembered } from './remembered';
import { Stages } from './stages';
import { startView } from './start';
import { Timeline, type Strip } from './timeline';
import { registerToolkit } from './toolkit';
import { decoderAttention, tracedWords, type TracedWord } from './traced-words';
import { onSpace, Transport } from './transport';
import { correlationWords, WordTrace } from './word-trace';
import { clock, plural } from './words-for-numbers';

registerToolkit();
const api = acquireVsCodeApi();
const connection = connect(api);
const memory = new Memory<Remembered>(api);

/** The view of one sound: what was sent, plus playback and what the person looks at. */
class Editor {
  private readonly notices = new Notices((command) => this.hostCommand(command));
  private readonly stages = new Stages();
  private readonly captions = new Captions({
    remove: (runId) => this.removeRun(runId),
    toggleStrip: (runId) => this.toggleStrip(runId),
    trace: (run) => void this.trace(run),
    cancelTrace: () => this.tracing?.cancel(),
  });
  private readonly about = element('p', { class: 'about' });
  private readonly stage = element('div', { class: 'stage' });
  private readonly controls: Controls;
  private readonly transport: Transport;
  private readonly playback: Playback;
  private timeline: Timeline | undefined;
  private clip: ClipInfo | undefined;
  private analysis: Analysis | undefined;
  private windows: WindowAnalysis[] = [];
  private tokens: ClipTokens | undefined;
  private previewed: KeptTokens | undefined;
  private runs: Run[] = [];
  private hiddenStrips = new Set<string>();
  private cancellation: Cancellation | undefined;
  private opening: Cancellation | undefined;
  private analysing: Cancellation | undefined;
  /** The model whose analysis was asked for last, whatever came of it: the windows are its own. */
  private askedModel: string | undefined;
  private tracing: Cancellation | undefined;
  /** Kept while the view lives; made again on demand after that. */
  private readonly traced = new Map<string, Traced>();
  /** The run whose decoder attention is drawn. */
  private decoderOf: string | undefined;
  private pendingTokens: ReturnType<typeof setTimeout> | undefined;
  private pendingPreview = 0;
  private pendingChoice: ReturnType<typeof setTimeout> | undefined;

  constructor(private state: view.ViewState) {
    const remembered = memory.read();
    this.playback = new Playback(
      () => this.clip?.durationSeconds ?? 0,
      (startSeconds, endSeconds) => connection.sendRequest(view.readSamples, { startSeconds, endSeconds }),
      {
        moved: (seconds) => {
          this.transport.moved(seconds);
          this.timeline?.movePlayhead(seconds);
        },
        changed: (playing) => this.transport.playingChanged(playing),
        failed: (error) => this.notices.error(readableError(error), undefined, 'sound'),
      },
    );
    this.transport = new Transport(
      this.playback,
      () => this.timeline,
      () => this.clip?.durationSeconds ?? 0,
      () => this.prepareKept(),
    );
    this.controls = new Controls(
      state.models,
      {
        modelId: this.installed(remembered.modelId ?? state.modelId),
        settings: remembered.settings ?? state.settings,
      },
      {
        changed: (choice) => this.choiceChanged(choice),
        run: () => void this.pruneAndCaption(),
        cancel: () => this.cancel(),
        compare: () => this.hostCommand('compareStrategies'),
        showAttention: () => this.hostCommand('showAttention'),
        exportReport: () => void this.exportReport(),
        openSettings: () => this.hostCommand('openSettings'),
      },
    );
    this.hiddenStrips = new Set(remembered.hiddenStrips);
    this.listen();
  }

  build(root: HTMLElement): void {
    root.replaceChildren(
      element(
        'div',
        { class: 'editor' },
        this.controls.node,
        element(
          'div',
          { class: 'sound' },
          element('header', { class: 'title' }, element('h1', { text: this.state.fileName ?? 'Sound' }), this.about),
          this.stages.node,
          this.notices.node,
          this.transport.node,
          this.stage,
          this.captions.node,
        ),
      ),
    );
    this.updateReady();
  }

  async open(): Promise<void> {
    // The file may change faster than it is decoded: only what it is now counts.
    this.opening?.cancel();
    const cancellation = (this.opening = new CancellationTokenSource());
    const token = progressToken();
    this.stages.say('Decoding the sound…');
    const progress = connection.onProgress(view.clipProgress, token, ({ decodedSeconds, durationSeconds, peaks }) => {
      if (cancellation !== this.opening) return;
      // A sound that is read anew keeps its old length, and the person's place in it, until the new one is known.
      const duration = durationSeconds ?? Math.max(decodedSeconds, this.clip?.durationSeconds ?? 0);
      this.showTimeline(duration).update({ durationSeconds: duration, peaks });
    });
    try {
      const clip = await connection.sendRequest(view.openClip, { progress: token }, cancellation.token);
      if (cancellation !== this.opening) return;
      const first = this.clip === undefined;
      this.clip = clip;
      const remembered = memory.read();
      if ((remembered.clipId ?? clip.clipId) !== clip.clipId) this.forget();
      // After that the runs are here, and memory may lack some: long ones are not remembered.
      else if (first) this.runs = [...(remembered.runs ?? [])];
      memory.write({ clipId: clip.clipId });
      this.about.textContent = [
        clock(clip.durationSeconds, 2),
        clip.codec,
        `${String(clip.sampleRate / 1000)} kHz`,
        plural(clip.channels, 'channel'),
      ].join(' · ');
      this.notices.clear('sound');
      for (const warning of clip.warnings) this.notices.warn(warning, 'sound');
      this.showTimeline(clip.durationSeconds).update({ durationSeconds: clip.durationSeconds, peaks: clip.peaks });
      this.transport.showTime();
      this.stages.rest();
      this.showRuns();
      if (this.analysis?.clipId !== clip.clipId) await this.analyse();
    } catch (thrown) {
      if (cancellation !== this.opening) return;
      this.stages.rest();
      this.notices.clear('sound');
      this.notices.error(readableError(thrown), () => void this.open(), 'sound');
      if (!this.clip)
        this.stage.replaceChildren(element('p', { class: 'empty', text: 'The sound could not be opened.' }));
    } finally {
      progress.dispose();
      cancellation.dispose();
      if (cancellation === this.opening) this.opening = undefined;
      this.updateReady();
    }
  }

  private async analyse(): Promise<void> {
    const { model } = this.controls;
    if (!this.clip || !model || model.problem !== undefined) return;
    this.analysing?.cancel();
    const cancellation = (this.analysing = new CancellationTokenSource());
    this.askedModel = model.modelId;
    this.windows = [];
    this.analysis = undefined;
    this.updateReady();
    this.notices.clear('analysis');
    const token = progressToken();
    this.stages.say('Encoding…');
    const progress = connection.onProgress(view.runProgress, token, (event) => {
      if (cancellation === this.analysing) this.follow(event);
    });
    try {
      const analysis = await connection.sendRequest(
        view.analyse,
        { modelId: model.modelId, progress: token },
        cancellation.token,
      );
      if (cancellation !== this.analysing) return;
      this.analysis = analysis;
      this.windows = [...analysis.windows];
      this.rebuildTokens();
      this.stages.rest();
    } catch (thrown) {
      if (cancellation !== this.analysing) return;
      this.stages.rest();
      this.notices.error(readableError(thrown), () => void this.analyse(), 'analysis');
    } finally {
      progress.dispose();
      cancellation.dispose();
      if (cancellation === this.analysing) this.analysing = undefined;
      this.updateReady();
    }
  }

  private async pruneAndCaption(): Promise<void> {
    const { clip } = this;
    const { model } = this.controls;
    if (!clip || !model || this.cancellation) return;
    this.notices.clear('run');
    const { unavailable, runSettings: chosen } = this.controls;
    if (unavailable !== undefined) {
      // From the palette: the button can not be pressed.
      this.notices.error(new EarmarkError('model-unsupported', unavailable, 'Choose another strategy.'));
      return;
    }
    const baseline: RunSettings = { ...chosen, strategy: 'none', keepRatio: 1, parameters: {} };
    const settings = strategyNamed(chosen.strategy).usesKeepRatio ? [baseline, chosen] : [baseline];
    const cancellation = (this.cancellation = new CancellationTokenSource());
    this.controls.setRunning(true);
    const token = progressToken();
    const finished: Run[] = [];
    const progress = connection.onProgress(view.runProgress, token, (event) => {
      // The sound was replaced: nothing of this belongs to the new one.
      if (clip.clipId !== this.clip?.clipId) return;
      // Another model was chosen meanwhile, and has tokens of its own.
      if (event.kind === 'analysed' && model.modelId !== this.askedModel) return;
      this.follow(event);
      if (event.kind === 'finished') {
        finished.push(event.run);
        this.addRuns([event.run]);
      }
    });
    this.stages.say('Starting…');
    try {
      const runs = await connection.sendRequest(
        view.run,
        { modelId: model.modelId, settings, progress: token },
        cancellation.token,
      );
      this.addRuns(runs.filter((run) => !finished.some(({ runId }) => runId === run.runId)));
      this.stages.rest(cancellation.token.isCancellationRequested ? 'Cancelled.' : this.outcome(runs));
    } catch (thrown) {
      const error = readableError(thrown);
      this.stages.rest(unfinished[error.code]);
      this.notices.error(error);
    } finally {
      progress.dispose();
      cancellation.dispose();
      this.cancellation = undefined;
      this.captions.stopStreaming();
      this.controls.setRunning(false);
      this.updateReady();
    }
  }

  private outcome(runs: readonly Run[]): string {
    return runs.some((run) => this.isOfClip(run))
      ? `${plural(runs.length, 'caption')} ready.`
      : 'The sound changed meanwhile: press Prune & Caption again.';
  }

  private follow(event: RunEvent): void {
    if (event.kind === 'stage') this.stages.stage(event);
    else if (event.kind === 'analysed') {
      const known = this.windows.findIndex(({ index }) => index === event.analysis.index);
      if (known >= 0) return;
      this.windows.push(event.analysis);
      this.windows.sort((a, b) => a.index - b.index);
      // Windows may come fast, and each makes the whole clip anew.
      this.pendingTokens ??= setTimeout(() => this.rebuildTokens(), 150);
    }
    this.captions.follow(event);
  }

  private cancel(): void {
    this.tracing?.cancel();
    if (!this.cancellation) return;
    this.stages.say('Cancelling…');
    this.cancellation.cancel();
  }

  // --- from words to sound

  private async trace(run: Run): Promise<void> {
    if (this.tracing) return;
    const cancellation = (this.tracing = new CancellationTokenSource());
    this.captions.showTracing(run.runId);
    this.notices.clear('trace');
    if (!this.cancellation) this.stages.say('Tracing words to the sound…');
    let outcome = '';
    try {
      const explanation = await connection.sendRequest(view.explain, { run }, cancellation.token);
      // Meanwhile it may have been removed, or its sound replaced.
      if (this.runs.some(({ runId }) => runId === run.runId)) {
        this.addTrace(run, explanation);
        outcome = 'Words traced to the sound.';
      }
    } catch (thrown) {
      const error = readableError(thrown);
      outcome = error.code === 'cancelled' ? 'Cancelled.' : '';
      this.notices.error(error, () => void this.trace(run), 'trace');
    } finally {
      cancellation.dispose();
      this.tracing = undefined;
      this.captions.showTracing(undefined);
      if (!this.cancellation) this.stages.rest(outcome);
    }
  }

  private addTrace(run: Run, explanation: Explanation): void {
    const words = tracedWords(explanation);
    const secondsPerToken = this.state.models.find(({ modelId }) => modelId === run.modelId)?.secondsPerToken ?? 0;
    const times = ({ window }: TracedWord, token: number) => {
      const part = run.windows.find(({ index }) => index === window);
      const start = (part?.startSeconds ?? 0) + token * secondsPerToken;
      return [start, Math.min(start + secondsPerToken, part?.endSeconds ?? Infinity)] as const;
    };
    const trace = new WordTrace(words, times, {
      light: (word, chosen) => this.lightWord(run, word, chosen),
      showDecoder: (shown) => this.showDecoder(run.runId, shown),
    });
    this.traced.set(run.runId, { run, explanation, words, trace });
    this.showDecoder(run.runId, true);
    this.captions.addTrace(run.runId, trace);
  }

  private lightWord(run: Run, word: TracedWord | null, chosen: boolean): void {
    if (chosen) {
      for (const [runId, { trace }] of this.traced) if (runId !== run.runId) trace.letGo();
    }
    // Tokens of another model stand at other times.
    const here = run.modelId === this.controls.chosen.modelId;
    const lit = word && here ? { ...word, peak: word.firstToken + word.peak.token } : null;
    this.timeline?.lightWord(lit, chosen);
  }

  private showDecoder(runId: string, shown: boolean): void {
    if (shown === (this.decoderOf === runId)) return;
    this.decoderOf = shown ? runId : undefined;
    this.showDecoders();
  }

  /** Draws the decoder attention that was asked for, and says of each traced run how it goes with the scores. */
  private showDecoders(): void {
    const { tokens } = this;
    let shown: Float32Array | undefined;
    for (const [runId, { run, explanation, words, trace }] of this.traced) {
      const here =
        tokens && run.modelId === this.controls.chosen.modelId && tokens.windows.length === run.windows.length;
      const decoder = here && decoderAttention(explanation, words, tokens);
      trace.showDecoder(runId === this.decoderOf);
      trace.showCorrelation(decoder ? correlationWords(decoder.correlation, decoder.kept, isBaseline(run)) : '');
      if (runId === this.decoderOf && decoder) shown = decoder.multiples;
    }
    this.timeline?.update({ decoder: shown, words: this.traced.size > 0 });
  }

  private isOfClip({ clipId }: Run): boolean {
    return clipId === this.clip?.clipId;
  }

  private addRuns(runs: readonly Run[]): void {
    for (const run of runs) {
      if (!this.isOfClip(run)) continue;
      // A newer unpruned run of the same question replaces the older one.
      const replaced = (other: Run) =>
        isBaseline(run) &&
        isBaseline(other) &&
        other.modelId === run.modelId &&
        other.settings.question === run.settings.question &&
        other.settings.maxNewTokens === run.settings.maxNewTokens;
      const rest = this.runs.filter((other) => other.runId !== run.runId && !replaced(other));
      // The unpruned run stands beside the newest run it was made with, in front.
      const at = !isBaseline(run) && rest[0] && isBaseline(rest[0]) ? 1 : 0;
      this.runs = [...rest.slice(0, at), run, ...rest.slice(at)];
    }
    this.forgetTraces();
    memory.write({ runs: this.runs });
    this.showRuns();
  }

  private removeRun(runId: string): void {
    this.runs = this.runs.filter((run) => run.runId !== runId);
    this.forgetTraces();
    memory.write({ runs: this.runs });
    this.showRuns();
  }

  private toggleStrip(runId: string): void {
    if (!this.hiddenStrips.delete(runId)) this.hiddenStrips.add(runId);
    memory.write({ hiddenStrips: [...this.hiddenStrips] });
    this.showRuns();
  }

  private forget(): void {
    this.playback.stop();
    this.runs = [];
    this.forgetTokens();
    this.captions.stopStreaming();
    this.forgetTraces();
    memory.write({ runs: [], range: undefined });
  }

  /** Of another sound or model, until the ones there are now are known. */
  private forgetTokens(): void {
    this.tokens = this.previewed = undefined;
    this.timeline?.update({ tokens: undefined, strips: [], chosen: undefined });
  }

  private forgetTraces(): void {
    const before = this.traced.size;
    for (const runId of this.traced.keys()) {
      if (this.runs.some((run) => run.runId === runId)) continue;
      this.traced.delete(runId);
      this.captions.removeTrace(runId);
      if (this.decoderOf === runId) this.decoderOf = undefined;
    }
    if (this.traced.size === before) return;
    this.timeline?.lightWord(null);
    this.showDecoders();
  }

  private showRuns(): void {
    this.showCount();
    this.captions.show(this.runs, this.hiddenStrips);
    this.showStrips();
    this.sendAttention();
    this.updateReady();
  }

  // --- what the choice keeps

  private choiceChanged(choice: Choice): void {
    memory.write({ modelId: choice.modelId, settings: choice.settings });
    clearTimeout(this.pendingChoice);
    this.pendingChoice = setTimeout(() => void connection.sendNotification(view.chooseSettings, choice), 300);
    if (choice.modelId !== this.askedModel) {
      this.forgetTokens();
      void this.analyse();
    }
    cancelAnimationFrame(this.pendingPreview);
    this.pendingPreview = requestAnimationFrame(() => this.rebuildTokens());
  }

  private scored: { readonly windows: readonly WindowAnalysis[]; readonly head: string } | undefined;

  private rebuildTokens(): void {
    clearTimeout(this.pendingTokens);
    this.pendingTokens = undefined;
    const { settings, modelId } = this.controls.chosen;
    const model = this.controls.model;
    if (this.windows.length > 0 && model && this.askedModel === modelId) {
      const head = `${String(settings.headReduce)}:${String(this.windows.length)}`;
      if (this.scored?.windows !== this.windows || this.scored.head !== head || !this.tokens) {
        this.tokens = new ClipTokens(
          { windows: this.windows, secondsPerToken: model.secondsPerToken },
          settings.headReduce,
        );
        this.scored = { windows: this.windows, head };
        this.timeline?.update({ tokens: this.tokens });
        this.controls.setWindows(this.windows.length);
        if (this.traced.size > 0) this.showDecoders();
      }
    }
    this.showCount();
    this.timeline?.update({ settings });
    this.showStrips();
    this.sendAttention();
  }

  private showCount(): void {
    const { unavailable, chosen } = this.controls;
    try {
      this.previewed = unavailable === undefined && this.tokens ? preview(this.tokens, chosen.settings) : undefined;
      this.controls.showCount(unavailable === undefined ? this.count() : undefined, unavailable);
    } catch (thrown) {
      this.previewed = undefined;
      const error = EarmarkError.from(thrown);
      this.controls.showCount(
        undefined,
        error.action === undefined ? error.message : `${error.message} ${error.action}`,
      );
    }
    const until = this.tokens ? 'a run: press Prune & Caption, or hear everything' : 'the sound is encoded';
    this.transport.setUnheard(this.chosenKept ? '' : `Which tokens are kept is not known before ${until}.`);
  }

  /** What the choice keeps: as previewed, or else as its newest run did; undefined where only a run can tell. */
  private get chosenKept(): KeptTokens | undefined {
    const { tokens, previewed } = this;
    if (previewed || !tokens) return previewed;
    const { modelId, settings } = this.controls.chosen;
    const run = this.runs.find(
      (one) =>
        one.modelId === modelId && one.windows.length === tokens.windows.length && keepAlike(one.settings, settings),
    );
    return run && keptOfRun(run, tokens.total);
  }

  private count(): Count | undefined {
    const { settings } = this.controls.chosen;
    const { model } = this.controls;
    if (this.tokens && this.analysis) {
      const { total } = this.tokens;
      const known = this.chosenKept;
      if (known) return { asked: known.asked, kept: known.kept, total, estimated: false };
      const asked = this.tokens.windows.reduce(
        (sum, { scores }) => sum + budgetOf(settings.keepRatio, scores.length),
        0,
      );
      const { label } = strategyNamed(settings.strategy);
      const unseen = `Which ones is not known before a run: ${label} looks at the sound’s token vectors, which stay in the engine. Press Prune & Caption to see them on the timeline.`;
      return { asked, kept: asked, total, estimated: true, unseen };
    }
    if (!this.clip || !model || model.problem !== undefined) return undefined;
    const total = Math.max(1, Math.ceil(this.clip.durationSeconds / model.secondsPerToken));
    const kept = strategyNamed(settings.strategy).usesKeepRatio ? budgetOf(settings.keepRatio, total) : total;
    return { asked: kept, kept, total, estimated: true };
  }

  private showStrips(): void {
    const { tokens } = this;
    if (!tokens || !this.timeline) return;
    const strips: Strip[] = [];
    const { settings } = this.controls.chosen;
    if (this.previewed) strips.push({ label: 'Choice', settings, kept: this.previewed, preview: true });
    for (const run of this.runs) {
      if (this.hiddenStrips.has(run.runId) || run.modelId !== this.controls.chosen.modelId) continue;
      strips.push({
        label: stripLabel(run.settings),
        settings: run.settings,
        kept: keptOfRun(run, tokens.total),
        preview: false,
      });
    }
    this.timeline.update({ strips, chosen: this.chosenKept });
  }

  private prepareKept(): void {
    this.playback.kept = stretchesOf(this.chosenKept, this.tokens);
  }

  private pendingAttention: ReturnType<typeof setTimeout> | undefined;

  /** The pane need not follow every step of a slider: a clip of hours has megabytes of scores. */
  private sendAttention(): void {
    clearTimeout(this.pendingAttention);
    this.pendingAttention = setTimeout(() => this.sendAttentionNow(), Math.min(1500, 60 + 5 * this.windows.length));
  }

  private sendAttentionNow(): void {
    const { chosenKept: kept } = this;
    const { settings } = this.controls.chosen;
    // Without the pictures, which the pane does not draw.
    const analysis = this.analysis && {
      ...this.analysis,
      windows: this.analysis.windows.map((window) => ({
        ...window,
        mel: { ...window.mel, frames: 0, values: new Uint8Array() },
      })),
    };
    const state =
      analysis && this.tokens
        ? { fileName: this.state.fileName ?? 'Sound', analysis, settings, kept: kept ? tokensKept(kept) : null }
        : null;
    void connection.sendNotification(view.attention, { state });
  }

  // --- timeline

  private showTimeline(durationSeconds: number): Timeline {
    if (!this.timeline) {
      const remembered = memory.read().range;
      const range = remembered && remembered[1] <= durationSeconds + 1e-6 ? remembered : undefined;
      this.timeline = new Timeline(
        { durationSeconds, settings: this.controls.chosen.settings, strips: [] },
        {
          seek: (seconds) => this.transport.playFrom(seconds),
          stop: () => this.playback.stop(),
          point: (token) => void connection.sendNotification(view.pointAt, { token }),
          rangeChanged: (shown) => memory.write({ range: shown }),
          readPeaks: (startSeconds, endSeconds, columns) =>
            connection.sendRequest(view.readPeaks, { startSeconds, endSeconds, columns }),
        },
        range,
      );
      this.stage.replaceChildren(this.timeline.node);
    }
    return this.timeline;
  }

  // --- the host

  private listen(): void {
    connection.onNotification(view.stateChanged, (state) => {
      const { revision } = this.state;
      this.state = state;
      this.notices.follow(state);
      this.controls.setModels(state.models, this.installed(this.controls.chosen.modelId));
      if (state.revision !== revision) void this.open();
      // Once for each model: states also tell of an engine that has just failed with it.
      else if (this.controls.model?.modelId !== this.askedModel) void this.analyse();
      this.updateReady();
    });
    connection.onNotification(view.command, ({ command }) => {
      switch (command) {
        case 'pruneAndCaption':
          void this.pruneAndCaption();
          break;
        case 'cancel':
          this.cancel();
          break;
        case 'exportReport':
          void this.exportReport();
          break;
      }
    });
    connection.onNotification(view.pointAt, ({ token }) => this.timeline?.point(token));
    connection.onNotification(view.chooseHead, ({ headReduce }) => this.controls.setHead(headReduce));
    connection.onNotification(view.showSettings, (choice) => this.controls.show(choice));
    onSpace(() => {
      this.transport.togglePlayback();
      return true;
    });
    window.addEventListener('pagehide', () => {
      this.playback.dispose();
      connection.dispose();
    });
  }

  /** The wanted model, or, where it is not installed, another one, which is told. */
  private installed(wanted: string): string {
    const { models, modelId } = this.state;
    const other = models.some((model) => model.modelId === wanted) ? undefined : standIn(models, modelId);
    if (!other) return wanted;
    this.notices.warn(standInWords(wanted, other), `model ${wanted}`);
    return other.modelId;
  }

  private hostCommand(command: view.HostCommand): void {
    void connection.sendNotification(view.hostCommand, { command });
  }

  private updateReady(): void {
    // Also where the engine failed: a run starts it again.
    const ready = this.clip !== undefined && this.controls.model !== undefined;
    this.controls.setReady(ready, this.clip !== undefined);
  }

  private async exportReport(): Promise<void> {
    if (!this.clip) return;
    const data: ReportData = {
      version: 1,
      created: new Date().toISOString(),
      clips: [{ clip: this.clip, ...(this.analysis && { analysis: this.analysis }), runs: this.runs }],
    };
    this.notices.clear('export');
    try {
      const suggestedName = `${this.clip.name.replace(/\.[^.]*$/, '')}-earmark-report.html`;
      const saved = await connection.sendRequest(view.exportReport, { suggestedName, data });
      if (saved) this.stages.rest('Report saved.');
    } catch (thrown) {
      this.notices.error(readableError(thrown), undefined, 'export');
    }
  }
}

/** What is left to say of a run that failed, where its notice says nothing or may go. */
const unfinished: Partial<Record<ErrorCode, string>> = {
  'cancelled': 'Cancelled.',
  'engine-stopped': 'The engine stopped meanwhile: press Prune & Caption again.',
};

interface Traced {
  readonly run: Run;
  readonly explanation: Explanation;
  readonly words: readonly TracedWord[];
  readonly trace: WordTrace;
}

function tokensKept(kept: KeptTokens): number[] {
  const tokens: number[] = [];
  kept.slotSizes.forEach((size, token) => {
    if (size > 0) tokens.push(token);
  });
  return tokens;
}

void startView(connection, async (root, state) => {
  const editor = new Editor(state);
  editor.build(root);
  await editor.open();
});
