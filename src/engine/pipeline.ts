import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EarmarkError } from '../protocol/errors';
import type { WindowExplanation } from '../protocol/explanation';
import type { Run, RunEvent, RunSettings, RunStage, WindowAnalysis, WindowRun } from '../protocol/run';
import { requireGoingOn } from '../protocol/until-aborted';
import { clipBudgets, sharesBudget } from '../pruning/clip-budget';
import { missingNeed, noAttention, servedStrategies } from '../pruning/needs';
import { select, strategyNamed } from '../pruning/registry';
import { reduceHeads } from '../pruning/score';
import type { Clip } from './audio/clip';
import { windowsOf, type SampleWindow } from './audio/windows';
import { decode, requireContext } from './model/decode';
import { encodeWindow, type EncodedWindow } from './model/encode';
import { explainWindow } from './model/explain';
import type { Model } from './model/load';
import { offersOf } from './model/pack';
import { assembleRun } from './run';

/** What the encoder needs of a clip. */
type Sound = Pick<Clip, 'clipId' | 'samples'>;

/** Encoder results by clip, model and window. */
export interface EncodeCache {
  get(key: string): EncodedWindow | undefined;
  set(key: string, window: EncodedWindow): void;
}

export interface PipelineOptions {
  readonly cache: EncodeCache;
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
}

/**
 * The whole product on one page. Everything up to the scores is done once a window and cached; each strategy then
 * costs only what follows. Windows are the outer loop, so that a clip of hours needs the memory of one window and
 * every strategy has something to show early.
 *
 * A cancelled call returns what is done: finished windows of each run, the unfinished one as far as it came.
 */
export async function runClip(
  model: Model,
  clip: Clip,
  settings: readonly RunSettings[],
  options: PipelineOptions,
): Promise<Run[]> {
  const windows = windowsOf(clip.samples.length, model.pack.frontEnd.windowSeconds);
  const encodeCached = windows.every((window) => options.cache.get(cacheKey(model, clip, window)) !== undefined);
  const budgets = await sharedBudgets(model, clip, settings, windows, options);
  const drafts = settings.map((chosen, i) => ({
    runId: randomUUID(),
    settings: chosen,
    budgets: budgets[i],
    parts: [] as WindowRun[],
    run: undefined as Run | undefined,
  }));
  const cancelled = (): boolean => options.signal.aborted;
  const finish = (draft: (typeof drafts)[number]): void => {
    draft.run = assembleRun({
      runId: draft.runId,
      settings: draft.settings,
      parts: draft.parts,
      clipId: clip.clipId,
      modelId: model.pack.id,
      fingerprint: model.fingerprint,
      provider: model.runtime.provider,
      ...(model.runtime.fallback !== undefined && { fallback: model.runtime.fallback }),
      decodeMs: clip.decodeMs,
      encodeCached,
      cancelled: cancelled(),
    });
    options.onEvent({ kind: 'finished', run: draft.run });
  };
  let firstToken = 0;
  for (const window of windows) {
    if (cancelled()) {
      break;
    }
    const encoded = await analyseWindow(model, clip, window, windows.length, options);
    options.onEvent({ kind: 'analysed', analysis: windowAnalysis(model, encoded, window, firstToken) });
    for (const draft of drafts) {
      const { runId, settings: chosen, budgets: shared, parts } = draft;
      if (cancelled()) {
        break;
      }
      if (parts.length === 0) {
        options.onEvent({ kind: 'started', runId, settings: chosen });
      }
      const task = { runId, settings: chosen, budget: shared?.[window.index], firstToken, windows: windows.length };
      parts.push(await runWindow(model, encoded, window, task, options));
      // A run is told as soon as it is done, not when all are: a comparison of many is useful early.
      if (parts.length === windows.length) {
        finish(draft);
      }
    }
    firstToken += encoded.counts.valid;
  }
  for (const draft of drafts) {
    if (draft.parts.length > 0 && !draft.run) {
      finish(draft);
    }
  }
  return drafts.flatMap(({ run }) => run ?? []);
}

/**
 * The budget of each window where a run shares one over the clip; it takes the scores of all windows to divide it.
 *
 * @returns [settings][windows], undefined for settings whose windows have budgets of their own
 */
async function sharedBudgets(
  model: Model,
  clip: Clip,
  settings: readonly RunSettings[],
  windows: readonly SampleWindow[],
  options: PipelineOptions,
): Promise<(number[] | undefined)[]> {
  const shares = (chosen: RunSettings): boolean => windows.length > 1 && sharesBudget(chosen);
  if (!settings.some(shares)) {
    return settings.map(() => undefined);
  }
  const received: Float32Array[] = [];
  for (const window of windows) {
    if (options.signal.aborted) {
      break;
    }
    received.push((await analyseWindow(model, clip, window, windows.length, options)).receivedPerHead);
  }
  return settings.map((chosen) => {
    if (!shares(chosen)) {
      return undefined;
    }
    const scores = received.map((perHead) => reduceHeads(perHead, model.pack.encoder.heads, chosen.headReduce));
    return clipBudgets(chosen.keepRatio, scores);
  });
}

/** Encodes window after window, and stops before any strategy. */
export async function* encodeClip(
  model: Model,
  clip: Sound,
  options: PipelineOptions,
): AsyncGenerator<EncodedWindow & { readonly startSeconds: number; readonly endSeconds: number }> {
  const windows = windowsOf(clip.samples.length, model.pack.frontEnd.windowSeconds);
  for (const window of windows) {
    requireGoingOn(options.signal);
    const encoded = await analyseWindow(model, clip, window, windows.length, options);
    yield { ...encoded, ...windowSeconds(model, window) };
  }
}

/** Encodes every window and tells what can be drawn of it, as it comes. */
export async function analyseClip(model: Model, clip: Clip, options: PipelineOptions): Promise<WindowAnalysis[]> {
  const windows = windowsOf(clip.samples.length, model.pack.frontEnd.windowSeconds);
  const analyses: WindowAnalysis[] = [];
  let firstToken = 0;
  for (const window of windows) {
    requireGoingOn(options.signal);
    const encoded = await analyseWindow(model, clip, window, windows.length, options);
    const analysis = windowAnalysis(model, encoded, window, firstToken);
    options.onEvent({ kind: 'analysed', analysis });
    analyses.push(analysis);
    firstToken += encoded.counts.valid;
  }
  return analyses;
}

/** What each token of a run's caption looked at, window by window. Takes the encoder's results from the cache. */
export async function explainRun(
  model: Model,
  clip: Clip,
  run: Run,
  options: PipelineOptions,
): Promise<WindowExplanation[]> {
  const windows = windowsOf(clip.samples.length, model.pack.frontEnd.windowSeconds);
  const explainer = await model.family.loadExplainer();
  try {
    const explanations: WindowExplanation[] = [];
    for (const part of run.windows) {
      requireGoingOn(options.signal);
      const encoded = await analyseWindow(model, clip, windows[part.index]!, windows.length, options);
      explanations.push(await explainWindow(model, explainer, part, encoded, run.settings.question));
    }
    return explanations;
  } finally {
    await explainer.release();
  }
}

/** Samples -> log-mel -> encoder tokens and received attention, or the same from the cache. */
async function analyseWindow(
  model: Model,
  clip: Sound,
  window: SampleWindow,
  windows: number,
  { cache, onEvent }: PipelineOptions,
): Promise<EncodedWindow> {
  const key = cacheKey(model, clip, window);
  const known = cache.get(key);
  if (known) {
    return known;
  }
  onEvent({ kind: 'stage', stage: 'encode', window: window.index, windows });
  // Lets the event leave before onnxruntime takes the thread.
  await nextTurn();
  const encoded = await encodeWindow(model, clip.samples.subarray(window.start, window.end));
  cache.set(key, encoded);
  return encoded;
}

function cacheKey({ fingerprint }: Model, { clipId }: Sound, { index }: SampleWindow): string {
  return `${clipId} ${fingerprint} ${String(index)}`;
}

interface WindowTask {
  readonly runId: string;
  readonly settings: RunSettings;
  /** K where one budget is shared by the windows. */
  readonly budget: number | undefined;
  readonly firstToken: number;
  readonly windows: number;
}

/** Scores -> selection -> adapted tokens -> prompt -> caption, for one strategy on one window. */
async function runWindow(
  model: Model,
  encoded: EncodedWindow,
  window: SampleWindow,
  { runId, settings, budget: shared, firstToken, windows }: WindowTask,
  { signal, onEvent }: PipelineOptions,
): Promise<WindowRun> {
  const { heads } = model.pack.encoder;
  const enter = (stage: RunStage): void => {
    onEvent({ kind: 'stage', stage, window: window.index, windows });
  };

  enter('select');
  // Strategies share the similarities of a window; each is charged what they cost, as if it ran alone.
  const similarity = strategyNamed(settings.strategy).usesSimilarity
    ? await model.similarity.of(encoded.tokens)
    : undefined;
  const selectStarted = performance.now();
  requireAttention(model, settings.strategy);
  const scores = reduceHeads(encoded.receivedPerHead, heads, settings.headReduce);
  const input = {
    ...encoded,
    scores,
    ...(similarity && { similarity: similarity.matrix }),
    budget: shared,
  };
  const { budget, selection } = select(settings, input);
  const selectMs = performance.now() - selectStarted + (similarity?.ms ?? 0);
  onEvent({ kind: 'selected', runId, window: window.index, selection });

  const adaptStarted = performance.now();
  const audio = await model.family.adapt(encoded, selection);
  const adaptMs = performance.now() - adaptStarted;

  enter('prefill');
  const prompt = await model.family.prompt(audio, settings.question);
  requireContext(model.pack, prompt, { maxNewTokens: settings.maxNewTokens, tokens: encoded.counts.valid });
  const decoded = await decode(model, prompt, {
    maxNewTokens: settings.maxNewTokens,
    signal,
    onPrefilled: () => {
      enter('decode');
    },
    onText: (text) => {
      onEvent({ kind: 'text', runId, window: window.index, text });
    },
  });
  const { featuresMs, encodeMs } = encoded.times;
  const { prefillMs, stepsMs, steps } = decoded;
  return {
    index: window.index,
    ...windowSeconds(model, window),
    firstToken,
    tokens: { ...encoded.counts, asked: budget, kept: selection.groups.length },
    selection,
    prompt: prompt.split,
    caption: decoded.caption,
    tokenIds: decoded.tokenIds,
    finish: decoded.finish,
    times: {
      featuresMs,
      encodeMs,
      selectMs,
      adaptMs,
      prefillMs,
      decodeMsPerToken: steps === 0 ? 0 : stepsMs / steps,
      totalMs: featuresMs + encodeMs + selectMs + adaptMs + prefillMs + stepsMs,
    },
    kvBytes: decoded.kvBytes,
  };
}

/** @throws EarmarkError `model-unsupported` for a strategy that ranks by attention, and an encoder that gives none */
export function requireAttention({ pack }: Model, name: string): void {
  const strategy = strategyNamed(name);
  const given = { offers: offersOf(pack) };
  if (missingNeed(strategy, given) !== undefined) {
    throw new EarmarkError(
      'model-unsupported',
      noAttention(strategy, pack.id),
      `Choose another model, or one of these strategies: ${servedStrategies(given).join(', ')}.`,
    );
  }
}

function windowAnalysis(
  model: Model,
  { counts, receivedPerHead, mel, times }: EncodedWindow,
  window: SampleWindow,
  firstToken: number,
): WindowAnalysis {
  return {
    index: window.index,
    ...windowSeconds(model, window),
    firstToken,
    tokens: counts,
    receivedPerHead,
    heads: model.pack.encoder.heads,
    mel,
    times,
  };
}

function windowSeconds({ pack }: Model, window: SampleWindow): { startSeconds: number; endSeconds: number } {
  const { sampleRate } = pack.frontEnd;
  return { startSeconds: window.start / sampleRate, endSeconds: window.end / sampleRate };
}
