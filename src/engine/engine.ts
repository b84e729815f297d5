import { LRUCache } from 'lru-cache';
import type { AudioSource, ClipInfo, ClipProgress, Peaks } from '../protocol/clip';
import type { EngineInfo } from '../protocol/engine';
import { experimentNamed } from '../experiments/registry';
import { EarmarkError } from '../protocol/errors';
import type { ExperimentResult } from '../protocol/experiment';
import type { Explanation } from '../protocol/explanation';
import type { ModelInfo, Speed } from '../protocol/model';
import type { Provider } from '../protocol/provider';
import type { Analysis, Run, RunEvent, RunSettings } from '../protocol/run';
import { version } from '../../package.json';
import { requireGoingOn, untilAborted } from '../protocol/until-aborted';
import { missingNeed, noAttention } from '../pruning/needs';
import { strategyNamed } from '../pruning/registry';
import { readClip, type Clip } from './audio/clip';
import { peaksOf } from './audio/peaks';
import { engineRate } from './audio/windows';
import type { EncodedWindow } from './model/encode';
import { findPack, findPacks } from './model/find-packs';
import { loadModel, releaseModel, type Model } from './model/load';
import { offersOf, packFingerprint, secondsPerToken } from './model/pack';
import { onCpu, reasonOf } from './model/provider';
import { loadRuntime, type Runtime } from './model/runtime';
import { measureSpeed } from './model/speed';
import { analyseClip, encodeClip, explainRun, requireAttention, runClip } from './pipeline';

/** Encoder results kept in memory: about ten minutes of audio for the default model. */
const encodeCacheBytes = 128 * 2 ** 20;
/** Most seconds that one request for samples may return. */
const playbackSeconds = 60;

export interface EngineOptions {
  readonly modelFolders: readonly string[];
  readonly threads: number;
  readonly ffmpeg: string;
  /** What runs models; absent: `cpu`. */
  readonly provider?: Provider;
}

export interface CallOptions<Event> {
  readonly signal: AbortSignal;
  readonly onProgress: (event: Event) => void;
}

/**
 * What the engine process and the command line both drive. Holds sessions, decoded clips and caches, and nothing that
 * can not be rebuilt. One model is loaded at a time, and one request at a time uses it.
 */
export class Engine {
  /** Files of the same bytes are one clip; it stays until each that opened it has closed it. */
  private readonly clips = new Map<string, { readonly clip: Clip; opened: number }>();
  private readonly cache = new LRUCache<string, EncodedWindow>({
    maxSize: encodeCacheBytes,
    sizeCalculation: windowBytes,
  });
  private model: Model | undefined;
  /** The last load of a model, which may go on without the request that wanted it. */
  private loading: Promise<Model> | undefined;
  private runtime: Promise<Runtime> | undefined;
  private speed: Promise<Speed | null> | undefined;
  private queue: Promise<void> = Promise.resolve();
  private modelFolders: readonly string[];

  constructor(private readonly options: EngineOptions) {
    this.modelFolders = options.modelFolders;
  }

  /** What runs models here, or why none can. */
  async describe(): Promise<EngineInfo> {
    try {
      const { version: runtimeVersion, provider, fallback } = await this.getRuntime();
      const runtime = { name: 'onnxruntime', version: runtimeVersion, provider, ...(fallback && { fallback }) };
      return { version, runtime };
    } catch (error) {
      return { version, problem: EarmarkError.from(error).toData() };
    }
  }

  async listModels(): Promise<readonly ModelInfo[]> {
    return (await findPacks(this.modelFolders)).map((found) => found.info);
  }

  /** What the processor can do, measured once and while no model runs; null where models do not run on it. */
  measureSpeed(signal: AbortSignal): Promise<Speed | null> {
    return this.alone(signal, () => (this.speed ??= this.speedOfProcessor()));
  }

  changeModelFolders(modelFolders: readonly string[]): void {
    this.modelFolders = modelFolders;
  }

  /** Decodes a sound and keeps its samples. */
  async openClip(source: AudioSource, { signal, onProgress }: CallOptions<ClipProgress>): Promise<ClipInfo> {
    const clip = await readClip(source, { signal, onProgress, ffmpeg: this.options.ffmpeg });
    this.clips.set(clip.clipId, { clip, opened: (this.clips.get(clip.clipId)?.opened ?? 0) + 1 });
    return infoOf(clip);
  }

  closeClip(clipId: string): void {
    const entry = this.clips.get(clipId);
    if (entry && --entry.opened === 0) {
      this.clips.delete(clipId);
    }
  }

  readPeaks(clipId: string, startSeconds: number, endSeconds: number, columns: number): Peaks {
    return peaksOf(this.clip(clipId).samples, startSeconds, endSeconds, columns);
  }

  readSamples(clipId: string, startSeconds: number, endSeconds: number): Float32Array {
    const { samples } = this.clip(clipId);
    const start = Math.max(0, Math.round(startSeconds * engineRate));
    const end = Math.min(samples.length, Math.round(endSeconds * engineRate), start + playbackSeconds * engineRate);
    return samples.slice(start, Math.max(start, end));
  }

  async analyse(clipId: string, modelId: string, call: CallOptions<RunEvent>): Promise<Analysis> {
    return this.alone(call.signal, async () => {
      const clip = this.clip(clipId);
      const model = await this.getModel(modelId, call.signal);
      const windows = await analyseClip(model, clip, this.pipelineOptions(call));
      return {
        clipId,
        modelId,
        secondsPerToken: secondsPerToken(model.pack),
        windows,
      };
    });
  }

  async run(
    clipId: string,
    modelId: string,
    settings: readonly RunSettings[],
    call: CallOptions<RunEvent>,
  ): Promise<readonly Run[]> {
    return this.alone(call.signal, async () => {
      const clip = this.clip(clipId);
      const model = await this.getModel(modelId, call.signal);
      return runClip(model, clip, settings, this.pipelineOptions(call));
    });
  }

  /** Asks one question of a clip: a table and a figure. */
  async experiment(
    clipId: string,
    modelId: string,
    name: string,
    settings: RunSettings,
    call: CallOptions<RunEvent>,
  ): Promise<ExperimentResult> {
    return this.alone(call.signal, async () => {
      const experiment = experimentNamed(name);
      const clip = this.clip(clipId);
      const model = await this.getModel(modelId, call.signal);
      const options = this.pipelineOptions(call);
      if (missingNeed(experiment, { offers: offersOf(model.pack) }) !== undefined) {
        const message = noAttention(experiment, model.pack.id);
        throw new EarmarkError('model-unsupported', message, 'Choose another experiment or another model.');
      }
      if (experiment.uses.includes('strategy')) {
        requirePruning(settings.strategy);
        requireAttention(model, settings.strategy);
      }
      const found = await experiment.conduct({
        clip,
        heads: model.pack.encoder.heads,
        secondsPerToken: secondsPerToken(model.pack),
        settings,
        run: async (all) => wholeRuns(await runClip(model, clip, all, options), call.signal),
        encode: (variant = clip) => encodeClip(model, variant, options),
      });
      return { name, title: `${experiment.label}: ${clip.name}`, ...found };
    });
  }

  /** What each token of a finished run's caption looked at. */
  async explain(run: Run, { signal, onProgress }: CallOptions<RunEvent>): Promise<Explanation> {
    return this.alone(signal, async () => {
      const clip = this.clip(run.clipId);
      const model = await this.getModel(run.modelId, signal);
      if (model.fingerprint !== run.fingerprint) {
        throw new EarmarkError(
          'model-unsupported',
          `The model "${run.modelId}" was replaced after it said this.`,
          'Run it again, then trace the new caption.',
        );
      }
      return {
        runId: run.runId,
        windows: await explainRun(model, clip, run, this.pipelineOptions({ signal, onProgress })),
      };
    });
  }

  private pipelineOptions({ signal, onProgress }: CallOptions<RunEvent>) {
    return { cache: this.cache, signal, onEvent: onProgress };
  }

  private clip(clipId: string): Clip {
    const clip = this.clips.get(clipId)?.clip;
    if (!clip) {
      throw new EarmarkError('clip-closed', 'The sound is no longer open in the engine.', 'Open the file again.');
    }
    return clip;
  }

  private getRuntime(): Promise<Runtime> {
    this.runtime ??= loadRuntime(this.options.threads, this.options.provider);
    return this.runtime;
  }

  private async speedOfProcessor(): Promise<Speed | null> {
    const { runtime } = await this.describe();
    return runtime?.provider === 'cpu' ? measureSpeed(await this.getRuntime()) : null;
  }

  /**
   * What an id stands for is looked up each time, since a model may be replaced on disk. A load whose request is
   * cancelled goes on: it can not be stopped, and the next request likely wants the same.
   *
   * @throws EarmarkError `model-not-found` naming the models there are, `cancelled`
   */
  private async getModel(modelId: string, signal: AbortSignal): Promise<Model> {
    const { folder } = await findPack(this.modelFolders, modelId);
    const before = this.model;
    if (before?.fingerprint === (await packFingerprint(folder))) {
      return before;
    }
    this.loading = this.replaceModel(folder);
    return untilAborted(this.loading, signal);
  }

  private async replaceModel(folder: string): Promise<Model> {
    const before = this.model;
    this.model = undefined;
    if (before) {
      await releaseModel(before);
    }
    this.model = await this.load(folder);
    return this.model;
  }

  /** A provider that works may still not take this model; all of it then runs on cpu, so that its times are of one kind. */
  private async load(folder: string): Promise<Model> {
    const runtime = await this.getRuntime();
    try {
      return await loadModel(folder, runtime);
    } catch (thrown) {
      const { code, message } = EarmarkError.from(thrown);
      if (runtime.provider === 'cpu' || code !== 'model-unsupported') {
        throw thrown;
      }
      const onlyCpu = await loadRuntime(this.options.threads);
      return loadModel(folder, { ...onlyCpu, ...onCpu(runtime.provider, reasonOf(new Error(message))) });
    }
  }

  /**
   * Requests that use the model wait for one another: two at once would only slow and mistime each other. One that is
   * cancelled while it waits fails at once; one that runs decides by itself what to do. A load that goes on without its
   * request keeps its turn.
   */
  private alone<Result>(signal: AbortSignal, task: () => Promise<Result>): Promise<Result> {
    const turn = this.queue;
    const result = untilAborted(turn, signal).then(task);
    // Without what they came to: each turn would hold the one before, and all results would stay in memory.
    this.queue = Promise.allSettled([turn, result])
      .then(() => Promise.allSettled([this.loading]))
      .then(() => undefined);
    return result;
  }
}

/** A clip without its samples: they are the one big thing that must not cross to the host. */
function infoOf(clip: Clip): ClipInfo {
  const { clipId, name, durationSeconds, sampleRate, channels, codec, peaks, warnings, decodeMs } = clip;
  return { clipId, name, durationSeconds, sampleRate, channels, codec, peaks, warnings, decodeMs };
}

/** @throws EarmarkError `settings-invalid` for a strategy of which an experiment has nothing to find out */
function requirePruning(name: string): void {
  const { label, usesKeepRatio } = strategyNamed(name);
  if (!usesKeepRatio) {
    throw new EarmarkError(
      'settings-invalid',
      `${label} prunes nothing: there is nothing to find out.`,
      'Choose another strategy.',
    );
  }
}

/** An experiment with half of its runs would compare what was never run. */
function wholeRuns(runs: readonly Run[], signal: AbortSignal): readonly Run[] {
  requireGoingOn(signal);
  return runs;
}

function windowBytes({ tokens, padding, keys, receivedPerHead, mel }: EncodedWindow): number {
  return (
    tokens.data.byteLength +
    padding.data.byteLength +
    (keys?.data.byteLength ?? 0) +
    receivedPerHead.byteLength +
    mel.values.byteLength
  );
}
