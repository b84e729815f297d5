import type { Matrix } from './strategy';

/** Row `index` of a matrix: a view, not a copy. */
export function rowOf({ data, columns }: Matrix, index: number): Float32Array {
  return data.subarray(index * columns, (index + 1) * columns);
}

/** Dot product, summed in double precision in the order of the values. O(D). */
export function dot(a: Float32Array | Float64Array, b: Float32Array | Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += a[i]! * b[i]!;
  }
  return sum;
}
