import { equalSegments, type Segment } from '../segments';

/** Where in time attention goes. Shares are of the whole score and add up to 1, or are all 0 where there is none. */
export interface AttentionOverTime {
  readonly segments: readonly Segment[];
  /** Share of the score in each segment: [S]; 1 / S each where attention is even. */
  readonly shares: readonly number[];
  /** Share of the score in the first half of the segments; the middle one of an odd number counts half. */
  readonly firstHalf: number;
  /**
   * Entropy of the shares over its largest value log S: 1 where every segment gets the same, 0 where one gets all. 1 for
   * a single segment.
   */
  readonly evenness: number;
}

/**
 * Distribution of attention over S equal segments: what shows whether Top-K would crowd into a part of the clip. O(N).
 *
 * Source: the motivation of segmentwise selection in arXiv 2511.14293; evenness is Pielou's (1966).
 */
export function attentionOverTime(scores: Float32Array, segmentCount: number): AttentionOverTime {
  const segments = equalSegments(scores.length, segmentCount);
  const sums = segments.map(({ start, end }) => scores.subarray(start, end).reduce((sum, score) => sum + score, 0));
  const total = sums.reduce((sum, each) => sum + each, 0);
  const shares = sums.map((sum) => (total > 0 ? sum / total : 0));
  return { segments, shares, firstHalf: firstHalfOf(shares), evenness: evennessOf(shares) };
}

/** How many of the given tokens lie in each segment: [S]. */
export function tokensPerSegment(tokens: readonly number[], segments: readonly Segment[]): number[] {
  return segments.map(({ start, end }) => tokens.filter((token) => token >= start && token < end).length);
}

function firstHalfOf(shares: readonly number[]): number {
  const half = shares.length / 2;
  return shares.reduce((sum, share, i) => sum + share * Math.min(1, Math.max(0, half - i)), 0);
}

function evennessOf(shares: readonly number[]): number {
  if (shares.length < 2) {
    return 1;
  }
  const entropy = shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);
  return entropy / Math.log(shares.length);
}
