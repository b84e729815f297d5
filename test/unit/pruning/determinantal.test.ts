import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mostDiverse } from '../../../src/pruning/determinantal';
import { similarityMatrix } from '../../../src/pruning/similarity';
import { matrixOf, rowsOf } from './matrices';

/** Determinant by elimination with pivoting: another way than the Cholesky factor that is tested. */
function determinant(matrix: readonly (readonly number[])[]): number {
  const m = matrix.map((row) => [...row]);
  let result = 1;
  for (let column = 0; column < m.length; column++) {
    const pivot = m.slice(column).reduce((best, row, i) => {
      return Math.abs(row[column]!) > Math.abs(m[best]![column]!) ? i + column : best;
    }, column);
    if (m[pivot]![column] === 0) {
      return 0;
    }
    result *= pivot === column ? m[pivot]![column]! : -m[pivot]![column]!;
    [m[column], m[pivot]] = [m[pivot]!, m[column]!];
    for (const row of m.slice(column + 1)) {
      const factor = row[column]! / m[column]![column]!;
      row.forEach((_, i) => (row[i]! -= factor * m[column]![i]!));
    }
  }
  return result;
}

describe('mostDiverse', () => {
  it('adds, each time, an item with which the determinant of the kernel is largest', () => {
    const value = fc.double({ min: -1, max: 1, noNaN: true });
    const vectors = fc.array(fc.array(value, { minLength: 9, maxLength: 9 }), { minLength: 2, maxLength: 9 });
    const relevances = fc.array(fc.double({ min: 0.2, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(vectors, relevances, (rows, given) => {
        const similarity = similarityMatrix(matrixOf(rows));
        const relevance = Float64Array.from(given.slice(0, rows.length));
        const cos = rowsOf(similarity);
        const kernel = (items: readonly number[]) =>
          items.map((i) => items.map((j) => relevance[i]! * cos[i]![j]! * relevance[j]!));
        const chosen = mostDiverse(similarity, relevance, rows.length);
        expect([...chosen].sort((a, b) => a - b)).toEqual(rows.map((_, i) => i));
        for (let step = 0; step < chosen.length; step++) {
          const before = chosen.slice(0, step);
          const gain = (item: number) => determinant(kernel([...before, item]));
          const best = Math.max(...chosen.slice(step).map(gain));
          if (best < 1e-4) {
            return; // Of what is left all is nearly said: rounding decides.
          }
          expect(gain(chosen[step]!)).toBeGreaterThan(best * 0.999);
        }
      }),
    );
  });

  it('goes on by relevance beyond the rank, without NaN', () => {
    // Rank 2: items 0 and 2 say everything. Then by relevance: 3 (0.9), 1 (0.5), 4 (no length: nothing to say).
    const similarity = similarityMatrix(
      matrixOf([
        [1, 0],
        [1, 0],
        [0, 2],
        [0, 1],
        [0, 0],
      ]),
    );
    expect(mostDiverse(similarity, Float64Array.of(1, 0.5, 1, 0.9, 0.1), 5)).toEqual([0, 2, 3, 1, 4]);
  });

  it('chooses as many as asked of equal vectors, of no vectors and of irrelevant ones', () => {
    const equal = similarityMatrix(matrixOf([[1], [1], [1]]));
    const none = similarityMatrix(matrixOf([[0], [0], [0]]));
    expect(mostDiverse(equal, Float64Array.of(1, 1, 1), 3)).toEqual([0, 1, 2]);
    expect(mostDiverse(none, Float64Array.of(0.5, 1, 1), 2)).toEqual([1, 2]);
    expect(mostDiverse(equal, Float64Array.of(0, 0, 0), 2)).toEqual([0, 1]);
  });

  it('keeps 400 different items of 16 dimensions', () => {
    const rows = Array.from({ length: 500 }, (_, i) =>
      Array.from({ length: 16 }, (_, d) => Math.sin(i * 12.9 + d * 78.2)),
    );
    const chosen = mostDiverse(similarityMatrix(matrixOf(rows)), new Float64Array(500).fill(1), 400);
    expect(new Set(chosen).size).toBe(400);
  });
});
