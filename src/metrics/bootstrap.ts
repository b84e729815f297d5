import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** The value below which the share lies, between two neighbours in proportion (as numpy.quantile). */
function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)]!;
  return below + (sorted[Math.ceil(place)]! - below) * (place - Math.floor(place));
}

/**
 * Between which values 95 % of the statistics of the sets drawn lie: the percentile bootstrap.
 *
 * Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapter 13.
 */
export function middleOf(drawn: Float64Array): { readonly low: number; readonly high: number } {
  const sorted = drawn.toSorted();
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/**
 * Sets of `count` clips, each drawn from the clips with replacement, as how often each clip is in each set: row by row
 * [resamples, count]. Many statistics of the same clips share them. The same ones, whenever they are drawn.
 */
export function drawCounts(count: number, resamples: number): Uint16Array {
  const generator = xoroshiro128plus(1);
  const counts = new Uint16Array(resamples * count);
  for (let row = 0; row < counts.length; row += count) {
    for (let i = 0; i < count; i++) {
      counts[row + uniformInt(generator, 0, count - 1)]! += 1;
    }
  }
  return counts;
}

/**
 * Two-sided, from the differences in the sets drawn: twice the smaller share of the sets in which the difference is not
 * above (not below) 0; at most 1. With the usual (count + 1) / (resamples + 1), so that p is never 0.
 *
 * Never below 2^(1 - clips), which is what the sign test gives when all clips differ in one direction: sets that are drawn
 * from a few clips are so much alike that one clip alone would show any difference.
 */
export function twoSidedP(drawn: Float64Array, clips: number): number {
  let notAbove = 0;
  let notBelow = 0;
  for (const difference of drawn) {
    notAbove += difference <= 0 ? 1 : 0;
    notBelow += difference >= 0 ? 1 : 0;
  }
  const p = (2 * (Math.min(notAbove, notBelow) + 1)) / (drawn.length + 1);
  return Math.min(1, Math.max(p, 2 ** (1 - clips)));
}
