import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cosine,
  neighbourSimilarity,
  similarityBetween,
  similarityMatrix,
  similarityOf,
  similarityWithin,
} from '../../../src/pruning/similarity';
import { matrixOf, rowsOf } from './matrices';

const matrices = fc.tuple(fc.integer({ min: 1, max: 11 }), fc.integer({ min: 1, max: 9 })).chain(([rows, columns]) =>
  fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: columns, maxLength: columns }), {
    minLength: rows,
    maxLength: rows,
  }),
);

function cosineByHand(a: readonly number[], b: readonly number[]): number {
  const dot = a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const lengths = Math.sqrt(a.reduce((s, v) => s + v * v, 0)) * Math.sqrt(b.reduce((s, v) => s + v * v, 0));
  return lengths === 0 ? 0 : Math.fround(dot / lengths);
}

describe('similarity', () => {
  it('is the cosine, and 0 where a vector has no length', () => {
    const half = Math.fround(Math.SQRT1_2);
    expect(
      rowsOf(
        similarityMatrix(
          matrixOf([
            [2, 0],
            [1, 1],
            [0, 0],
            [-3, 0],
          ]),
        ),
      ),
    ).toEqual([
      [1, half, 0, -1],
      [half, 1, 0, -half],
      [0, 0, 0, 0],
      [-1, -half, 0, 1],
    ]);
    expect(cosine(5, 0, 3)).toBe(0);
  });

  it('is the same by tiles, between some rows, within a segment and between neighbours', () => {
    fc.assert(
      fc.property(matrices, (rows) => {
        const matrix = matrixOf(rows);
        const expected = rows.map((a) => rows.map((b) => cosineByHand(a, b)));
        expect(rowsOf(similarityMatrix(matrix))).toEqual(expected);
        expect([...neighbourSimilarity(matrix)]).toEqual(rows.slice(1).map((_, i) => expected[i]![i + 1]));
        const [down, across] = [rows.map((_, i) => i).reverse(), [0, rows.length - 1, 0]];
        expect(rowsOf(similarityBetween(matrix, down, across))).toEqual(
          down.map((a) => across.map((b) => expected[a]![b])),
        );
        const segment = { start: rows.length >> 1, end: rows.length };
        const block = expected.slice(segment.start).map((row) => row.slice(segment.start));
        expect(rowsOf(similarityWithin({ tokens: matrix }, segment))).toEqual(block);
        expect(rowsOf(similarityWithin({ tokens: matrix, similarity: matrixOf(expected) }, segment))).toEqual(block);
      }),
    );
  });

  it('is computed once for a token matrix, or taken as handed in', () => {
    const tokens = matrixOf([[1], [2]]);
    expect(similarityOf({ tokens })).toBe(similarityOf({ tokens }));
    expect(similarityOf({ tokens: matrixOf([[1], [2]]) })).not.toBe(similarityOf({ tokens }));
    const similarity = similarityMatrix(tokens);
    expect(similarityOf({ tokens, similarity })).toBe(similarity);
  });

  it('names the token or the pair that is not a number', () => {
    const tokens = matrixOf([
      [1, 2],
      [1, NaN],
    ]);
    expect(() => similarityMatrix(tokens)).toThrow('The vector of token 1 holds');
    expect(() => neighbourSimilarity(tokens)).toThrow(expect.objectContaining({ code: 'scores-invalid' }));
    const similarity = matrixOf([
      [1, 0],
      [NaN, 1],
    ]);
    expect(() => similarityOf({ tokens, similarity })).toThrow('The similarity of tokens 1 and 0 is NaN');
  });
});
