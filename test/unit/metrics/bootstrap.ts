import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { middleOf, twoSidedP } from '../../../src/metrics/bootstrap';

/** The bootstrap as textbooks have it, set by set, for any statistic: what the faster one of `src` must agree with. */
export interface BootstrapOptions {
  /** How many sets are drawn. */
  readonly resamples?: number;
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
  { resamples = 2000, seed = 1 }: BootstrapOptions = {},
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
  return { value, ...middleOf(drawn) };
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
  return { ...interval, p: twoSidedP(Float64Array.from(means.slice(1)), differences.length) };
}
