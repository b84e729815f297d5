import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface BootstrapOptions {
  /** How many sets are drawn. */
  readonly resamples?: number;
  /** The share of sets inside the interval, between 0 and 1. */
  readonly confidence?: number;
  readonly seed?: number;
}

export interface Interval {
  /** The statistic of the items as they are. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The mean of what is at the indices. */
function meanAt(values: readonly number[], indices: Uint32Array): number {
  let sum = 0;
  for (const index of indices) {
    sum += values[index]!;
  }
  return sum / indices.length;
}

/** The value below which the share lies, between two neighbours in proportion (as numpy.quantile). */
function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)]!;
  return below + (sorted[Math.ceil(place)]! - below) * (place - Math.floor(place));
}

/**
 * The percentile bootstrap: the statistic of many sets of `count` items, each drawn from the items with replacement;
 * the interval holds their middle share. The same seed gives the same interval. For statistics that are no means, such
 * as a word error rate of the whole set, give the function of the indices drawn.
 *
 * Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapter 13.
 */
export function bootstrapStatistic(
  count: number,
  statistic: (indices: Uint32Array) => number,
  { resamples = 2000, confidence = 0.95, seed = 1 }: BootstrapOptions = {},
): Interval {
  const generator = xoroshiro128plus(seed);
  const indices = Uint32Array.from({ length: count }, (_, i) => i);
  const value = statistic(indices);
  const drawn = Float64Array.from({ length: resamples }, () => {
    for (let i = 0; i < count; i++) {
      indices[i] = uniformInt(generator, 0, count - 1);
    }
    return statistic(indices);
  });
  return { value, ...middleOf(drawn, confidence) };
}

/** Between which values the middle share of the drawn statistics lies. */
export function middleOf(drawn: Float64Array, confidence = 0.95): { readonly low: number; readonly high: number } {
  const sorted = drawn.toSorted();
  const outside = (1 - confidence) / 2;
  return { low: quantile(sorted, outside), high: quantile(sorted, 1 - outside) };
}

/**
 * The same sets as `bootstrapStatistic` draws for `count` items, as how often each item is in each set: row by row
 * [resamples, count]. Many statistics of the same items share them.
 */
export function drawCounts(
  count: number,
  { resamples = 2000, seed = 1 }: Omit<BootstrapOptions, 'confidence'> = {},
): Uint16Array {
  const generator = xoroshiro128plus(seed);
  const counts = new Uint16Array(resamples * count);
  for (let row = 0; row < counts.length; row += count) {
    for (let i = 0; i < count; i++) {
      counts[row + uniformInt(generator, 0, count - 1)]! += 1;
    }
  }
  return counts;
}

/** The interval of the mean of the items' values. */
export function bootstrapMean(values: readonly number[], options?: BootstrapOptions): Interval {
  return bootstrapStatistic(values.length, (indices) => meanAt(values, indices), options);
}

export interface PairedDifference extends Interval {
  /** Two-sided: twice the smaller share of the sets in which the difference is not above (not below) 0; at most 1. */
  readonly p: number;
}

/**
 * The mean of `one[i] - other[i]`, both values of the same item i, which is drawn or left out as a pair: what is hard
 * about an item cancels out. With the usual (count + 1) / (resamples + 1), so that p is never 0.
 */
export function pairedDifference(
  one: readonly number[],
  other: readonly number[],
  options: BootstrapOptions = {},
): PairedDifference {
  const differences = one.map((value, i) => value - other[i]!);
  const means: number[] = [];
  const interval = bootstrapStatistic(
    differences.length,
    (indices) => {
      const mean = meanAt(differences, indices);
      means.push(mean);
      return mean;
    },
    options,
  );
  return { ...interval, p: twoSidedP(Float64Array.from(means.slice(1))) };
}

/** `p` of `PairedDifference` from the differences in the sets drawn. */
export function twoSidedP(drawn: Float64Array): number {
  let notAbove = 0;
  let notBelow = 0;
  for (const difference of drawn) {
    notAbove += difference <= 0 ? 1 : 0;
    notBelow += difference >= 0 ? 1 : 0;
  }
  return Math.min(1, (2 * (Math.min(notAbove, notBelow) + 1)) / (drawn.length + 1));
}
