/**
 * The tokens `start` to `end` by falling score; equal scores stay in time order, the earlier token first.
 *
 * O(n log n).
 */
export function rankByScore(scores: Float32Array | Float64Array, start = 0, end = scores.length): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i).sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** Tokens in time order, sorted in place: what every selection hands on. */
export function inTimeOrder(tokens: number[]): number[] {
  return tokens.sort((a, b) => a - b);
}
