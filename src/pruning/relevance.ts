/**
 * Values scaled so that the lowest is 0 and the highest 1: `(s - min) / (max - min)`; all 1 where they are all equal,
 * since none is then less relevant than another. O(N).
 */
export function minMaxScaled(values: Float32Array | readonly number[]): Float64Array {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return Float64Array.from(values, (value) => (high > low ? (value - low) / (high - low) : 1));
}
