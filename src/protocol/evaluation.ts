import type { DatasetFormat, Expected, SoundEvent } from '../datasets/dataset';
import type { FinishReason, PromptSplit, RunSettings, RunTimes, KeptCounts } from './run';

/** Changes when rows of before can no longer be read. */
export const evaluationVersion = 1;

/** What an evaluation is: written once, before its first row. */
export interface EvaluationManifest {
  readonly version: number;
  /** Earmark's own version. */
  readonly earmark: string;
  readonly evaluationId: string;
  /** ISO 8601. */
  readonly created: string;
  readonly dataset: {
    readonly name: string;
    readonly format: DatasetFormat;
    /** As it was where the evaluation was made. */
    readonly file: string;
    readonly audioFolder: string;
    readonly items: number;
    readonly clips: number;
    /** SHA-256 of what the items say. */
    readonly fingerprint: string;
    readonly warnings: readonly string[];
  };
  readonly model: {
    readonly modelId: string;
    readonly title: string;
    /** SHA-256 of pack.json, which lists the SHA-256 of every file. */
    readonly fingerprint: string;
    readonly secondsPerToken: number;
    /** Absent in what was written before it was noted: 30, as all packs had. */
    readonly windowSeconds?: number;
    /** What is asked where an item has no question. */
    readonly question: string;
  };
  /** The grid. `question` is empty: each item has its own. */
  readonly settings: readonly RunSettings[];
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly platform: string;
    readonly node: string;
    /** As it was begun: `onnxruntime 1.23.2, cpu`. Which provider ran what, rows say. */
    readonly runtime: string;
  };
  /** Engine processes at once when it was begun, and threads of each; which ran what, rows say. */
  readonly jobs: number;
  readonly threads: number;
}

/** One item under one of the settings. */
export interface EvaluationRow {
  readonly item: string;
  /** The place of the settings in the manifest. */
  readonly setting: number;
  /** The sound's name in the dataset. */
  readonly audio: string;
  readonly question: string;
  readonly expected: Expected;
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly events?: readonly SoundEvent[];
  readonly outcome: RowOutcome;
}

/** What came of a row. `missing`: there is no such sound; `invalid`: the item makes no sense; `failed`: the run did. */
export type RowOutcome =
  | ({ readonly status: 'done' } & RowResult)
  | { readonly status: 'missing' | 'invalid' | 'failed'; readonly problem: string };

export interface RowResult {
  readonly clipId: string;
  readonly durationSeconds: number;
  /** What the model said: caption, answer or transcript. */
  readonly text: string;
  readonly tokens: KeptCounts;
  /** Source tokens that are kept or merged into one that is, numbered through the clip, in time order, each once. */
  readonly kept: readonly number[];
  readonly generatedTokens: number;
  readonly finish: FinishReason;
  readonly prompt: PromptSplit;
  readonly times: RunTimes;
  readonly kvBytes: number;
  readonly provider: string;
  /** Which engine ran it: one of `localEngine`, or of a worker elsewhere, whose name is in front. */
  readonly worker: string;
}

/**
 * What ran the model, as the rows say: an evaluation may be gone on with elsewhere than it was begun, or with another
 * provider.
 */
export function runtimeWords({ runtime }: EvaluationManifest['machine'], providers: readonly string[]): string {
  const [begunWith] = runtime.split(', ');
  return providers.length === 0 ? runtime : `${begunWith!}, ${providers.join(' and ')}`;
}

/** Name of an engine on the machine that makes the evaluation, counted from 1. */
export function localEngine(number: number): string {
  return `engine ${String(number)}`;
}

/** Whether all of these engines were on the machine that makes the evaluation. */
export function areLocal(engines: readonly string[]): boolean {
  return engines.every((name) => /^engine \d+$/.test(name));
}
