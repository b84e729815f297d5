/**
 * Stands for VS Code and the extension host in a page: gives the page an `acquireVsCodeApi` and answers with the real
 * protocol over vscode-jsonrpc, from a constructed sound. Put into the page before its own scripts run.
 */
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  createMessageConnection,
  ResponseError,
  type CancellationToken,
  type DataCallback,
  type Message,
} from 'vscode-jsonrpc/browser';
import type { ErrorData } from '../../src/protocol/errors';
import type { Explanation } from '../../src/protocol/explanation';
import type { ModelInfo } from '../../src/protocol/model';
import type { Run, RunEvent, RunSettings, WindowAnalysis, WindowRun } from '../../src/protocol/run';
import * as view from '../../src/protocol/view';
import { select, strategyNamed } from '../../src/pruning/registry';
import { experimentNamed } from '../../src/experiments/registry';
import type { ComparisonSettings } from '../../src/protocol/comparison';
import { reduceHeads } from '../../src/pruning/score';
import type { Selection } from '../../src/pruning/selection';
import { fromJson } from '../../src/report/typed-arrays';
import { constructResults, type ResultsShape } from './constructed-results';
import type { ConstructedSound } from './constructed-sound';

export interface FakeOptions {
  readonly sound: ConstructedSound | null;
  readonly fileName: string;
  readonly captions: Readonly<Record<string, string>>;
  readonly models: readonly ModelInfo[];
  /** The model to start with; absent: the first. */
  readonly modelId?: string;
  readonly settings: RunSettings;
  /** Milliseconds between pieces of text. */
  readonly pace: number;
  /** Milliseconds that a window takes to encode. */
  readonly encodeMs?: number;
  /** Milliseconds that the sound takes to decode. */
  readonly decodeMs?: number;
  readonly failures: Readonly<Record<string, ErrorData>>;
  readonly state?: unknown;
  /** The sound's windows this many times over: a long clip, made here because it would be long to send. */
  readonly windows?: number;
  /** The first run of the page takes this many times as long to prefill. */
  readonly cold?: number;
  /** The results that the view of an evaluation shows: made here, because they would be long to send. */
  readonly results?: ResultsShape;
}

export interface FakeHost {
  readonly calls: { readonly method: string; readonly params: unknown }[];
  readonly decodeAudioDataCalls: number;
  state: unknown;
  options: FakeOptions;
  /** What was scheduled with Web Audio: duration and speed of each piece. */
  readonly played: { readonly seconds: number; readonly speed: number; readonly loudest: number }[];
  closedContexts: number;
  command(command: view.ViewCommand): void;
  pointAt(token: number | null): void;
  showComparison(settings: Partial<ComparisonSettings>): void;
  showExperiment(name: string): void;
  chooseHead(headReduce: RunSettings['headReduce']): void;
  sendAttention(kept: readonly number[] | null): void;
  sendNoAttention(): void;
  changeState(part: Partial<view.ViewState>): void;
}

declare global {
  interface Window {
    fakeOptions: string;
    fake: FakeHost;
    acquireVsCodeApi: () => VsCodeApi;
  }
}

const options = longer(fromJson(window.fakeOptions) as FakeOptions);
function longer(given: FakeOptions): FakeOptions {
  const { sound, windows: count = 1 } = given;
  const window = sound?.analysis.windows[0];
  if (!sound || !window || count === 1) return given;
  const length = window.endSeconds - window.startSeconds;
  const windows = Array.from({ length: count }, (_, index) => ({
    ...window,
    index,
    startSeconds: index * length,
    endSeconds: (index + 1) * length,
    firstToken: index * window.tokens.valid,
  }));
  const durationSeconds = count * length;
  const { peaks } = sound.clip;
  const clip = { ...sound.clip, durationSeconds, peaks: { ...peaks, endSeconds: durationSeconds } };
  return { ...given, sound: { ...sound, clip, analysis: { ...sound.analysis, windows } } };
}

/** As a model hears the sound: one that gives no attention gives zeros, as the engine says it. */
function windowsBy(modelId: string | undefined): readonly WindowAnalysis[] {
  const { windows } = fake.options.sound!.analysis;
  const model = fake.options.models.find((one) => one.modelId === modelId);
  return !model || model.offers.includes('scores')
    ? windows
    : windows.map((window) => ({ ...window, receivedPerHead: new Float32Array(window.receivedPerHead.length) }));
}

let deliver: DataCallback = () => undefined;

class PageReader extends AbstractMessageReader {
  listen(callback: DataCallback) {
    deliver = callback;
    return { dispose: () => undefined };
  }
}

class PageWriter extends AbstractMessageWriter {
  write(message: Message): Promise<void> {
    // As postMessage does: the page gets a copy, later.
    window.postMessage(structuredClone(message), '*');
    return Promise.resolve();
  }
  end(): void {
    // Nothing to close.
  }
}

const connection = createMessageConnection(new PageReader(), new PageWriter());
const fake: FakeHost & { decodeAudioDataCalls: number } = {
  calls: [],
  decodeAudioDataCalls: 0,
  state: options.state,
  options,
  played: [],
  closedContexts: 0,
  command: (command) => void connection.sendNotification(view.command, { command }),
  pointAt: (token) => void connection.sendNotification(view.pointAt, { token }),
  showComparison: (settings) => void connection.sendNotification(view.showComparison, { settings }),
  showExperiment: (name) => void connection.sendNotification(view.showExperiment, { name }),
  chooseHead: (headReduce) => void connection.sendNotification(view.chooseHead, { headReduce }),
  sendAttention: (kept) => {
    const { sound, fileName, settings } = fake.options;
    void connection.sendNotification(view.attention, {
      state: {
        fileName,
        analysis: { ...sound!.analysis, windows: windowsBy(options.models[0]?.modelId) },
        settings,
        kept,
      },
    });
  },
  sendNoAttention: () => void connection.sendNotification(view.attention, { state: null }),
  changeState: (part) => void connection.sendNotification(view.stateChanged, { ...viewState(), ...part }),
};
window.fake = fake;
window.acquireVsCodeApi = () => ({
  postMessage: (message) => {
    const copy = structuredClone(message) as Message;
    const { method, params } = copy as Message & { method?: string; params?: unknown };
    if (method !== undefined) fake.calls.push({ method, params });
    setTimeout(() => deliver(copy));
  },
  getState: () => fake.state,
  setState: (state) => (fake.state = structuredClone(state)),
});

function viewState(): view.ViewState {
  const { fileName, models, modelId = models[0]?.modelId ?? '', settings } = fake.options;
  return {
    fileName,
    revision: 0,
    modelId,
    models,
    settings,
    engine: { status: 'ready' },
  };
}

function failure(method: string): ResponseError<ErrorData> | undefined {
  const data = fake.options.failures[method];
  return data && new ResponseError(1, data.message, data);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

connection.onRequest(view.ready, () => failure('ready') ?? viewState());
connection.onRequest(view.openClip, async ({ progress }) => {
  const failed = failure('openClip');
  if (failed) return failed;
  const { clip } = fake.options.sound!;
  if (fake.options.decodeMs !== undefined) await pause(fake.options.decodeMs);
  if (progress !== undefined) {
    await connection.sendProgress(view.clipProgress, progress, {
      decodedSeconds: clip.durationSeconds / 2,
      durationSeconds: clip.durationSeconds,
      peaks: {
        startSeconds: 0,
        endSeconds: clip.durationSeconds / 2,
        min: clip.peaks.min.subarray(0, clip.peaks.min.length >> 1),
        max: clip.peaks.max.subarray(0, clip.peaks.max.length >> 1),
      },
    });
    await pause(20);
  }
  return clip;
});
connection.onRequest(view.readPeaks, ({ startSeconds, endSeconds, columns }) => {
  const { samples } = fake.options.sound!;
  const min = new Float32Array(columns);
  const max = new Float32Array(columns);
  const width = ((endSeconds - startSeconds) * 16_000) / columns;
  for (let column = 0; column < columns; column++) {
    const from = Math.floor(startSeconds * 16_000 + column * width);
    for (const sample of samples.subarray(from, Math.max(from + 1, from + width))) {
      min[column] = Math.min(min[column]!, sample);
      max[column] = Math.max(max[column]!, sample);
    }
  }
  return { startSeconds, endSeconds, min, max };
});
connection.onRequest(view.readSamples, ({ startSeconds, endSeconds }) =>
  fake.options.sound!.samples.slice(startSeconds * 16_000, endSeconds * 16_000),
);
connection.onRequest(view.analyse, async ({ modelId, progress }) => {
  const failed = failure('analyse') ?? failure(`analyse ${modelId}`);
  if (failed) return failed;
  const { analysis, clip } = fake.options.sound!;
  const windows = windowsBy(modelId);
  for (const window of windows) {
    if (progress === undefined) break;
    const { index } = window;
    await connection.sendProgress(view.runProgress, progress, {
      kind: 'stage',
      stage: 'encode',
      window: index,
      windows: analysis.windows.length,
    });
    if (fake.options.encodeMs !== undefined) await pause(fake.options.encodeMs);
    await connection.sendProgress(view.runProgress, progress, { kind: 'analysed', analysis: window });
  }
  return { ...analysis, windows, clipId: clip.clipId, modelId };
});
connection.onRequest(view.run, async ({ settings, progress }, cancelled) => {
  const failed = failure('run');
  if (failed) return failed;
  const runs: Run[] = [];
  for (const [number, chosen] of settings.entries()) {
    if (cancelled.isCancellationRequested && runs.length > 0) break;
    const run = await makeRun(chosen, number, progress, cancelled);
    runs.push(run);
    if (progress !== undefined) await connection.sendProgress(view.runProgress, progress, { kind: 'finished', run });
  }
  return runs;
});
connection.onRequest(view.explain, async ({ run }, cancelled) => {
  for (let waited = 0; waited < fake.options.pace * 10; waited += 10) {
    if (cancelled.isCancellationRequested) {
      const data: ErrorData = { code: 'cancelled', message: 'Cancelled.' };
      return new ResponseError(1, data.message, data);
    }
    await pause(10);
  }
  return failure('explain') ?? explain(run);
});
// The experiments themselves, on a constructed sound: what the engine would do, less the model.
connection.onRequest(view.experiment, async ({ name, settings, progress }, cancelled) => {
  const failed = failure('experiment');
  if (failed) return failed;
  const { clip, analysis, samples } = fake.options.sound!;
  const experiment = experimentNamed(name);
  const cancellation = (): ResponseError<ErrorData> | undefined => {
    const data: ErrorData = { code: 'cancelled', message: 'Cancelled.' };
    return cancelled.isCancellationRequested ? new ResponseError(1, data.message, data) : undefined;
  };
  await pause(fake.options.pace);
  const found = await experiment.conduct({
    clip: { clipId: clip.clipId, samples },
    heads: analysis.windows[0]!.heads,
    secondsPerToken: analysis.secondsPerToken,
    settings,
    run: async (all) => {
      const runs: Run[] = [];
      for (const [number, chosen] of all.entries()) runs.push(await makeRun(chosen, number, progress, cancelled));
      return runs;
    },
    encode: async function* () {
      for (const { receivedPerHead, tokens, startSeconds, endSeconds } of analysis.windows) {
        const { valid } = tokens;
        const data = Float32Array.from({ length: valid * 4 }, (_, i) => Math.sin(i));
        yield { receivedPerHead, tokens: { data, rows: valid, columns: 4 }, startSeconds, endSeconds };
        await pause(0);
      }
    },
  });
  return cancellation() ?? { name, title: `${experiment.label}: ${clip.name}`, ...found };
});
let results: ReturnType<typeof constructResults> | undefined;
connection.onRequest(view.openResults, () => {
  results = constructResults(fake.options.results);
  const { rows, ...overview } = results;
  return failure('openResults') ?? { ...overview, resultsId: 'results', rowCount: rows.length };
});
connection.onRequest(
  view.readResultRows,
  ({ start, count }) => failure('readResultRows') ?? results!.rows.slice(start, start + count),
);
connection.onRequest(view.exportResults, () => failure('exportResults') ?? true);
connection.onRequest(view.save, () => failure('save') ?? true);
connection.onRequest(view.exportReport, () => failure('exportReport') ?? true);
for (const type of [
  view.chooseSettings,
  view.hostCommand,
  view.attention,
  view.pointAt,
  view.chooseHead,
  view.copyText,
  view.copySettingsLink,
  view.openResultRow,
]) {
  connection.onNotification(type.method, () => undefined);
}
connection.listen();

let runCount = 0;

async function makeRun(
  settings: RunSettings,
  number: number,
  progress: string | undefined,
  cancelled: CancellationToken,
): Promise<Run> {
  const { sound, captions, pace } = fake.options;
  const { clip, analysis } = sound!;
  const runId = `run-${String((runCount += 1))}`;
  const report = async (event: RunEvent) => {
    if (progress !== undefined) await connection.sendProgress(view.runProgress, progress, event);
  };
  await report({ kind: 'started', runId, settings });
  const named = captions[`${settings.strategy} ${String(settings.keepRatio)}`] ?? captions[settings.strategy];
  const caption = named ?? captions['other'] ?? '';
  let said = '';
  const windows: WindowRun[] = [];
  let asked = 0;
  let kept = 0;
  for (const window of analysis.windows) {
    const where = { window: window.index, windows: analysis.windows.length };
    await report({ kind: 'analysed', analysis: window });
    await report({ kind: 'stage', stage: 'select', ...where });
    const scores = reduceHeads(window.receivedPerHead, window.heads, settings.headReduce);
    const { budget, selection } = choose(settings, scores);
    asked += budget;
    kept += selection.groups.length;
    await report({ kind: 'stage', stage: 'prefill', ...where });
    await report({ kind: 'stage', stage: 'decode', ...where });
    said = '';
    for (const piece of caption.split(/(?<= )/)) {
      if (cancelled.isCancellationRequested) break;
      said += piece;
      await report({ kind: 'text', runId, window: window.index, text: piece });
      await pause(pace);
    }
    const text = 23;
    const audio = selection.groups.length;
    windows.push({
      index: window.index,
      startSeconds: window.startSeconds,
      endSeconds: window.endSeconds,
      firstToken: window.firstToken,
      tokens: { ...window.tokens, asked: budget, kept: audio },
      selection,
      prompt: { textBefore: 15, audio, textAfter: text - 15 },
      caption: said,
      tokenIds: said.split(' ').map((_, i) => i),
      finish: cancelled.isCancellationRequested ? 'cancelled' : 'stop',
      times: {
        ...window.times,
        selectMs: 0.4 + number * 0.3,
        adaptMs: 1.2,
        prefillMs: (12 + (text + audio) * 0.31) * (runCount === 1 ? (fake.options.cold ?? 1) : 1),
        decodeMsPerToken: 8.4,
        totalMs: 260 + audio * 0.4,
      },
      kvBytes: (text + audio) * 24_576,
    });
  }
  const sum = (value: (window: WindowRun) => number) => windows.reduce((total, window) => total + value(window), 0);
  return {
    runId,
    clipId: clip.clipId,
    modelId: analysis.modelId,
    fingerprint: 'the pack of the constructed sound',
    settings,
    tokens: { valid: sum((w) => w.tokens.valid), trimmed: sum((w) => w.tokens.trimmed), asked, kept },
    caption: windows.map((w) => w.caption).join(' '),
    generatedTokens: sum((w) => w.tokenIds.length),
    finish: cancelled.isCancellationRequested ? 'cancelled' : 'stop',
    prompt: {
      textBefore: sum((w) => w.prompt.textBefore),
      audio: sum((w) => w.prompt.audio),
      textAfter: sum((w) => w.prompt.textAfter),
    },
    times: {
      decodeMs: clip.decodeMs,
      featuresMs: sum((w) => w.times.featuresMs),
      encodeMs: sum((w) => w.times.encodeMs),
      selectMs: sum((w) => w.times.selectMs),
      adaptMs: sum((w) => w.times.adaptMs),
      prefillMs: sum((w) => w.times.prefillMs),
      decodeMsPerToken: 8.4,
      totalMs: sum((w) => w.times.totalMs) + clip.decodeMs,
    },
    kvBytes: Math.max(...windows.map((w) => w.kvBytes)),
    encodeCached: true,
    provider: 'cpu',
    windows,
  };
}

/** Strategies that need the encoder's tokens get pairs merged here: constructed, so that merged slots can be seen. */
function choose(
  settings: RunSettings,
  scores: Float32Array,
): { readonly budget: number; readonly selection: Selection } {
  if (strategyNamed(settings.strategy).needs.every((need) => need === 'scores')) return select(settings, { scores });
  const budget = Math.max(1, Math.floor(settings.keepRatio * scores.length));
  const groups = Array.from({ length: budget }, (_, slot) => {
    const start = Math.floor((slot * scores.length) / budget);
    return slot % 3 === 0 && start + 2 < scores.length && budget * 3 < scores.length
      ? [start, start + 1, start + 2]
      : [start];
  });
  return { budget, selection: { groups, weights: groups.map((group) => group.map(() => 1 / group.length)) } };
}

/**
 * Constructed: each piece looks at the moment that stands as far in the window as the piece does in the caption, and a
 * little at everything; 18 % of its attention goes to the sound.
 */
function explain(run: Run): Explanation {
  const windows = run.windows.map(({ index, firstToken, selection, caption, tokens }) => {
    // Long words in two pieces, punctuation in its own.
    const pieces: string[] = [...(caption.match(/\s*[^\s\p{P}]{1,5}|\s*\p{P}/gu) ?? []), ''];
    const { groups } = selection;
    const attention = new Float32Array(pieces.length * groups.length);
    for (let piece = 0; piece < pieces.length; piece++) {
      const row = attention.subarray(piece * groups.length, (piece + 1) * groups.length);
      const centre = (piece / pieces.length) * tokens.valid;
      for (const [slot, group] of groups.entries()) row[slot] = Math.exp(-(((group[0]! - centre) / 6) ** 2)) + 0.01;
      const sum = row.reduce((total, value) => total + value, 0);
      for (let slot = 0; slot < row.length; slot++) row[slot]! *= 0.18 / sum;
    }
    return { index, firstToken, pieces, groups, attention };
  });
  return { runId: run.runId, windows };
}

// --- what a desktop webview must never be asked, and what is heard

AudioContext.prototype.decodeAudioData = function () {
  fake.decodeAudioDataCalls += 1;
  return Promise.reject(new Error('decodeAudioData was called'));
};
const start = Reflect.get<AudioBufferSourceNode, 'start'>(AudioBufferSourceNode.prototype, 'start');
AudioBufferSourceNode.prototype.start = function (...when) {
  const samples = this.buffer!.getChannelData(0);
  let loudest = 0;
  for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
  (fake.played as { seconds: number; speed: number; loudest: number }[]).push({
    seconds: this.buffer!.duration,
    speed: this.playbackRate.value,
    loudest,
  });
  start.apply(this, when);
};
const close = Reflect.get<AudioContext, 'close'>(AudioContext.prototype, 'close');
AudioContext.prototype.close = function () {
  fake.closedContexts += 1;
  return close.call(this);
};
