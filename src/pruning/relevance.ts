/**
 * Values scaled so that the lowest is 0 and the highest 1: `(s - min) / (max - min)`; all 1 where they are all equal,
 * since none is then less relevant than another. O(N).
 */
export function minMaxScaled(values: ArrayLike<number>): Float64Array {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  return Float64Array.from(values, (value) => (high > low ? (value - low) / (high - low) : 1));
}
