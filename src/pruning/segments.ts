/** Consecutive tokens from `start` up to, not including, `end`. */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

/**
 * Cuts N tokens into S equal consecutive segments with boundaries `floor(i * N / S)`. With fewer tokens than segments,
 * each token is a segment of its own: no segment is empty.
 *
 * Source: arXiv 2511.14293, section 3.
 */
export function equalSegments(tokens: number, segments: number): Segment[] {
  const count = Math.min(tokens, Math.max(1, Math.floor(segments)));
  return Array.from({ length: count }, (_, i) => ({
    start: Math.floor((i * tokens) / count),
    end: Math.floor(((i + 1) * tokens) / count),
  }));
}

/** The segments between cuts: each cut is the first token of a segment. `cuts` must be in time order, without 0 and N. */
export function segmentsBetween(cuts: readonly number[], tokens: number): Segment[] {
  return [0, ...cuts].map((start, i) => ({ start, end: cuts[i] ?? tokens }));
}
