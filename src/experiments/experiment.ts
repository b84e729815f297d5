import type { ExperimentInfo, ExperimentResult } from '../protocol/experiment';
import type { Run, RunSettings } from '../protocol/run';
import { clipBudgets, sharesBudget } from '../pruning/clip-budget';
import { reduceHeads } from '../pruning/score';
import type { HeadReduce } from '../pruning/selection';
import type { Matrix } from '../pruning/strategy';

/** The sound that is looked at. */
export interface ExperimentClip {
  /** Names what was encoded in caches: a variant of a clip has a name of its own. */
  readonly clipId: string;
  /** Mono, 16 kHz. */
  readonly samples: Float32Array;
}

/** One window after the encoder, as far as experiments look at it. */
export interface ExperimentWindow {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** [heads * valid] */
  readonly receivedPerHead: Float32Array;
  /** [valid, width] */
  readonly tokens: Matrix;
  readonly keys?: Matrix;
}

/** What an experiment may use: the pipeline's own steps on one clip, cached and cancellable. */
export interface ExperimentBench {
  readonly clip: ExperimentClip;
  readonly heads: number;
  readonly secondsPerToken: number;
  /** The person's choices; an experiment varies one of them. */
  readonly settings: RunSettings;
  readonly run: (settings: readonly RunSettings[]) => Promise<readonly Run[]>;
  /** The encoder's results of each window of the clip, or of a variant of it, as they come: all of an hour are too many. */
  readonly encode: (clip?: ExperimentClip) => AsyncIterable<ExperimentWindow>;
}

/** One question asked of one sound. */
export interface Experiment extends ExperimentInfo {
  conduct(bench: ExperimentBench): Promise<Omit<ExperimentResult, 'name' | 'title'>>;
}

/** The unpruned run that others are compared with. */
export function unpruned(settings: RunSettings): RunSettings {
  return { ...settings, strategy: 'none', keepRatio: 1 };
}

/**
 * The budget of each window by the attention of each reduction of heads, where the windows share the clip's; empty where
 * they do not. It takes the attention of all windows to divide it, so the clip is encoded here first.
 */
export async function sharedBudgets(
  { heads, settings, encode }: ExperimentBench,
  reductions: readonly HeadReduce[],
  clip?: ExperimentClip,
): Promise<ReadonlyMap<HeadReduce, readonly number[]>> {
  if (!sharesBudget(settings)) return new Map();
  const received: Float32Array[] = [];
  for await (const { receivedPerHead } of encode(clip)) received.push(receivedPerHead);
  return new Map(
    reductions.map((reduce) => {
      const scores = received.map((perHead) => reduceHeads(perHead, heads, reduce));
      return [reduce, clipBudgets(settings.keepRatio, scores)];
    }),
  );
}

/** "25 %" */
export function percent(share: number): string {
  return `${String(Math.round(share * 1000) / 10)} %`;
}
