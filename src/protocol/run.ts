import type { BudgetMode, BudgetScope, HeadReduce, Selection } from '../pruning/selection';

/** The most tokens a run may generate for one window. */
export const mostNewTokens = 1024;

/** What a person chooses before a run. */
export interface RunSettings {
  /** A name of the strategy registry. */
  readonly strategy: string;
  /** Asked share of the tokens, in (0, 1]. */
  readonly keepRatio: number;
  readonly budgetMode: BudgetMode;
  /** Whether each window of a long clip has its own budget, or one budget is shared by all; absent: `window`. */
  readonly budgetScope?: BudgetScope;
  readonly headReduce: HeadReduce;
  /** The strategy's own parameters (`segments`, `seed` …); what is absent takes its default from the registry. */
  readonly parameters: Readonly<Record<string, number>>;
  readonly question: string;
  readonly maxNewTokens: number;
}

/** One window of at most 30 s, encoded: everything that is computed once a clip, whatever the strategy. */
export interface WindowAnalysis {
  readonly index: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Number of the window's first token in the clip. */
  readonly firstToken: number;
  readonly tokens: TokenCounts;
  /** Received attention per head, pooled to tokens: [heads * valid], row by row, sum over valid queries. */
  readonly receivedPerHead: Float32Array;
  readonly heads: number;
  readonly mel: MelPicture;
  readonly times: AnalysisTimes;
}

/** A log-mel spectrogram made ready for drawing: 8 bits a value, scaled between `low` and `high`. */
export interface MelPicture {
  readonly bins: number;
  readonly frames: number;
  readonly secondsPerFrame: number;
  /** [bins * frames], row by row, lowest frequency first. */
  readonly values: Uint8Array;
  readonly low: number;
  readonly high: number;
  /** Centre frequency of each bin in Hz: [bins]. */
  readonly frequencies: Float32Array;
}

export interface TokenCounts {
  /** Tokens that hold sound of the clip. */
  readonly valid: number;
  /** Tokens that held only padding and were dropped by trimming, apart from any pruning. */
  readonly trimmed: number;
}

/** `asked` is the budget K of the keep ratio; the paper's budget mode may keep fewer. */
export interface KeptCounts extends TokenCounts {
  readonly asked: number;
  readonly kept: number;
}

export interface AnalysisTimes {
  readonly featuresMs: number;
  readonly encodeMs: number;
}

/** Everything known before the first strategy runs. */
export interface Analysis {
  readonly clipId: string;
  readonly modelId: string;
  readonly secondsPerToken: number;
  readonly windows: readonly WindowAnalysis[];
}

/**
 * What the decoder reads before it says anything: kept audio, and what is never pruned. Where it looks at audio by
 * cross-attention, that is its start tokens before, and the padding that tells it that the sound is over after.
 */
export interface PromptSplit {
  readonly textBefore: number;
  readonly audio: number;
  readonly textAfter: number;
}

export type FinishReason = 'stop' | 'length' | 'cancelled';

/** One window's share of a run. */
export interface WindowRun {
  readonly index: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly firstToken: number;
  readonly tokens: KeptCounts;
  /** Source tokens are numbered from the window's first token. */
  readonly selection: Selection;
  readonly prompt: PromptSplit;
  readonly caption: string;
  readonly tokenIds: readonly number[];
  readonly finish: FinishReason;
  readonly times: WindowTimes;
  readonly kvBytes: number;
}

/** Wall-clock times of each step in milliseconds. A cached step carries the time it took when it was computed. */
export interface RunTimes {
  readonly decodeMs: number;
  readonly featuresMs: number;
  readonly encodeMs: number;
  readonly selectMs: number;
  readonly adaptMs: number;
  readonly prefillMs: number;
  /** Mean over the decoding steps after the prefill; 0 where there was none. */
  readonly decodeMsPerToken: number;
  readonly totalMs: number;
}

/** The times of one window; the clip is decoded once for all of them. */
export type WindowTimes = Omit<RunTimes, 'decodeMs'>;

/** One clip, one pack, one strategy, one question, with its result. */
export interface Run {
  readonly runId: string;
  readonly clipId: string;
  readonly modelId: string;
  /** SHA-256 of the pack.json of the model that ran: another may have its id by now. */
  readonly fingerprint: string;
  readonly settings: RunSettings;
  readonly tokens: KeptCounts;
  /** The windows' captions, joined by a space. */
  readonly caption: string;
  readonly generatedTokens: number;
  readonly finish: FinishReason;
  readonly prompt: PromptSplit;
  readonly times: RunTimes;
  /** The largest KV cache of any window. */
  readonly kvBytes: number;
  /** Whether the encoder's results came from the cache. */
  readonly encodeCached: boolean;
  /** What ran the model. */
  readonly provider: string;
  /** Set where another provider was asked for: why that one did not run it. */
  readonly fallback?: string;
  readonly windows: readonly WindowRun[];
  /** Set where the run was made so many times and its times are their medians. */
  readonly repeats?: number;
}

/** Sent while runs go on. Every event names its run; text is a piece to append, not the whole. */
export type RunEvent =
  | { readonly kind: 'stage'; readonly stage: RunStage; readonly window: number; readonly windows: number }
  | { readonly kind: 'analysed'; readonly analysis: WindowAnalysis }
  | { readonly kind: 'started'; readonly runId: string; readonly settings: RunSettings }
  | { readonly kind: 'selected'; readonly runId: string; readonly window: number; readonly selection: Selection }
  | { readonly kind: 'text'; readonly runId: string; readonly window: number; readonly text: string }
  | { readonly kind: 'finished'; readonly run: Run };

export type RunStage = 'encode' | 'select' | 'prefill' | 'decode';
