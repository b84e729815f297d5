import type { Group } from './selection';
import type { Segment } from './segments';

/**
 * A run of consecutive tokens merged into their mean, weighted by score, so that what was attended to most says most.
 * Negative scores count as nothing. Where the scores of the run add up to nothing, all of its tokens weigh the same. O(n).
 */
export function weightedRun({ start, end }: Segment, scores: Float32Array): Group {
  const weights = runWeights({ start, end }, scores);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight, i) => ({ token: start + i, weight: weight / total }));
}

/** The weights of a run's tokens before they are scaled to add up to 1. */
export function runWeights({ start, end }: Segment, scores: Float32Array): number[] {
  const weights = [...scores.subarray(start, end)].map((score) => Math.max(0, score));
  return weights.reduce((sum, weight) => sum + weight, 0) > 0 ? weights : weights.map(() => 1);
}
