import type { EvaluationManifest, EvaluationRow } from './evaluation';

/** What an evaluation comes to: made of manifest and rows alone, and all that tables, figures and reports show. */
export interface EvaluationSummary {
  readonly manifest: EvaluationManifest;
  readonly counts: EvaluationCounts;
  /** Names of the engines that ran what is done; times of several at once disturb one another. */
  readonly engines: readonly string[];
  /** What ran the model where it is done: `cpu`, `cuda` …; times of several are no measure of one. */
  readonly providers: readonly string[];
  /** The metrics that have values, quality first, then costs. */
  readonly metrics: readonly MetricInfo[];
  /** One for each of the manifest's settings, in its order. */
  readonly settings: readonly SettingSummary[];
  /** Names of groups and their values, in order of appearance: `category` -> `sound`, `music`, `speech`. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Index in `settings` of what the others are compared with: the unpruned run, where there is one. */
  readonly baseline?: number;
  readonly rows: readonly SummaryRow[];
}

export interface EvaluationCounts {
  readonly items: number;
  /** Items times settings. */
  readonly planned: number;
  readonly done: number;
  readonly missing: number;
  readonly invalid: number;
  readonly failed: number;
}

export interface MetricInfo {
  /** `cider-d`, `bleu-4`, `wer`, `mmau`, `event-recall`, `prefill-ms` … */
  readonly name: string;
  /** For people: `CIDEr-D`. */
  readonly label: string;
  readonly kind: 'quality' | 'cost';
  readonly better: 'higher' | 'lower';
  /** `ms`, `x`, `%` …; absent for plain numbers. */
  readonly unit?: string;
  /** One sentence: what it measures, over which items, where from if it was imported. */
  readonly description: string;
}

/** A value with its 95 % interval, by bootstrap over clips. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Items that it is made of. */
  readonly items: number;
}

/** How a value differs from the baseline's on the same items; p is two-sided. */
export interface Difference {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly p: number;
}

export interface SettingSummary {
  /** `segmentwise`. */
  readonly strategy: string;
  /** For people: `Segmentwise Top-K, 10 segments`. Settings that share it differ in nothing but the keep ratio. */
  readonly label: string;
  readonly keepRatio: number;
  /** Mean share of the tokens that were in fact kept. */
  readonly keptShare: number;
  readonly done: number;
  /** By metric name; a metric that has no value here is absent. */
  readonly values: Readonly<Record<string, Estimate>>;
  readonly differences: Readonly<Record<string, Difference>>;
  /** group name -> group value -> metric -> estimate. */
  readonly byGroup: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Estimate>>>>>>;
}

/** A row with what each metric gives it alone. */
export type SummaryRow = EvaluationRow & { readonly scores: Readonly<Record<string, number>> };
