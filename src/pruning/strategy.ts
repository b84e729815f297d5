import type { BudgetMode, Selection } from './selection';

/** Token vectors: [rows * columns], row by row. */
export interface Matrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** What a strategy may look at beyond the number of tokens. */
export type Need = 'scores' | 'tokens' | 'keys';

export interface SelectionInput {
  /** Received attention, one a token: [N]. Its length is the number of tokens. */
  readonly scores: Float32Array;
  /** Encoder tokens before the adapter: [N, D]. Present where the strategy needs them. */
  readonly tokens?: Matrix;
  /** Keys of the encoder's last layer, mean over heads, pooled to tokens: [N, D]. Present where needed. */
  readonly keys?: Matrix;
  /**
   * Cosine similarity of every pair of tokens, [N, N], 0 where a token has no length: for a comparison of several
   * strategies. Those that use it compute it from `tokens` where it is absent (see `similarity.ts` for what that costs).
   */
  readonly similarity?: Matrix;
  /** K: the most tokens to keep, 1 <= K <= N. */
  readonly budget: number;
  readonly budgetMode: BudgetMode;
  /** A value for each of the strategy's parameters. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** A number a person may set, with the words and the range that interface, command line and documentation show. */
export interface Parameter {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly default: number;
  readonly integer: boolean;
}

/**
 * A rule that makes selections. Selections hold at least one and at most K slots, in time order, and are the same for
 * the same input.
 */
export interface Strategy {
  /** The name in settings, on the command line and in results: kebab-case. */
  readonly name: string;
  readonly label: string;
  /** One sentence for people. */
  readonly description: string;
  readonly needs: readonly Need[];
  readonly parameters: readonly Parameter[];
  /** False for a strategy that keeps every token, whatever was asked. */
  readonly usesKeepRatio: boolean;
  /** Whether the budget mode changes the selection. */
  readonly usesBudgetMode: boolean;
  /** Whether the similarity of every pair of tokens is looked at, so that handing it in saves computing it. */
  readonly usesSimilarity: boolean;
  /** Where the rule was published; null for Earmark's own. */
  readonly published: string | null;
  select(input: SelectionInput): Selection;
}

/** The parameter shared by every strategy that cuts the clip into segments. */
export const segmentsParameter: Parameter = {
  name: 'segments',
  label: 'Segments',
  description: 'Number of consecutive parts, each of which keeps its own share of tokens.',
  minimum: 1,
  maximum: 100,
  default: 10,
  integer: true,
};

/** The parameter shared by every strategy that draws at random. */
export const seedParameter: Parameter = {
  name: 'seed',
  label: 'Seed',
  description: 'The same seed draws the same tokens, of every clip that has as many.',
  minimum: 0,
  maximum: 2 ** 31 - 1,
  default: 0,
  integer: true,
};
