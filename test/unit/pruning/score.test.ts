import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EarmarkError } from '../../../src/protocol/errors';
import { poolToTokens, reduceHeads, requireFiniteScores } from '../../../src/pruning/score';
import { receivedAttention } from '../../received-attention';

/** One head, three positions; each row (query) sums to 1. */
const oneHead = [
  [0.5, 0.25, 0.25],
  [0.75, 0.125, 0.125],
  [0.5, 0, 0.5],
];

describe('receivedAttention', () => {
  it('sums over queries: the columns of the attention', () => {
    // Column by column: .5 + .75 + .5, .25 + .125 + 0, .25 + .125 + .5. Along the rows it would be 1, 1, 1.
    expect([...receivedAttention(Float32Array.from(oneHead.flat()), 1, 3)]).toEqual([1.75, 0.375, 0.875]);
  });

  it('leaves out queries that are padding', () => {
    // Only the first two rows: .5 + .75, .25 + .125, .25 + .125.
    expect([...receivedAttention(Float32Array.from(oneHead.flat()), 1, 3, 2)]).toEqual([1.25, 0.375, 0.375]);
  });

  it('keeps heads apart', () => {
    const second = [
      [0, 0, 1],
      [0, 0, 1],
      [0, 1, 0],
    ];
    const received = receivedAttention(Float32Array.from([...oneHead.flat(), ...second.flat()]), 2, 3);
    expect([...received]).toEqual([1.75, 0.375, 0.875, 0, 1, 2]);
  });

  it('adds up to the number of valid queries, since every query spends exactly 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.gen(), (n, v, gen) => {
        const valid = Math.min(n, v);
        const attention = new Float32Array(n * n);
        for (let query = 0; query < n; query++) {
          const weights = Array.from({ length: n }, () => gen(fc.integer, { min: 1, max: 9 }));
          const total = weights.reduce((a, b) => a + b, 0);
          weights.forEach((weight, key) => (attention[query * n + key] = weight / total));
        }
        const sum = receivedAttention(attention, 1, n, valid).reduce((a, b) => a + b, 0);
        expect(sum).toBeCloseTo(valid, 4);
      }),
    );
  });
});

describe('poolToTokens', () => {
  it('takes the mean of each pair of positions', () => {
    expect([...poolToTokens(Float32Array.of(1, 3, 5, 9), 1, 2, 4)]).toEqual([2, 7]);
  });

  it('takes the mean of the valid positions alone where the last pair is half padding', () => {
    // Five valid of six positions: the last token has one valid position, whose value it takes.
    expect([...poolToTokens(Float32Array.of(1, 3, 5, 9, 4, 100), 1, 2, 5)]).toEqual([2, 7, 4]);
  });

  it('leaves out tokens with no valid position, head by head', () => {
    expect([...poolToTokens(Float32Array.of(1, 3, 5, 9, 2, 4, 6, 8), 2, 2, 2)]).toEqual([2, 3]);
  });

  it('gives 750 tokens for 1500 positions, and one for a single position', () => {
    expect(poolToTokens(new Float32Array(1500), 1, 2, 1500)).toHaveLength(750);
    expect([...poolToTokens(Float32Array.of(7, 0), 1, 2, 1)]).toEqual([7]);
  });
});

describe('reduceHeads', () => {
  const perHead = Float32Array.of(1, 2, 3, /* second head */ 5, 0, 3);

  it('takes the mean, the maximum or one head', () => {
    expect([...reduceHeads(perHead, 2, 'mean')]).toEqual([3, 1, 3]);
    expect([...reduceHeads(perHead, 2, 'max')]).toEqual([5, 2, 3]);
    expect([...reduceHeads(perHead, 2, 1)]).toEqual([5, 0, 3]);
  });

  it.each([2, -1, 0.5, NaN])('refuses head %s of two', (head) => {
    expect(() => reduceHeads(perHead, 2, head)).toThrow(EarmarkError);
    expect(() => reduceHeads(perHead, 2, head)).toThrow(/does not exist: .* 2 heads/);
  });
});

describe('requireFiniteScores', () => {
  it.each([NaN, Infinity, -Infinity])('names the token whose score is %s', (bad) => {
    const check = () => {
      requireFiniteScores(Float32Array.of(1, 2, bad, NaN));
    };
    expect(check).toThrow(`The score of token 2 is ${String(bad)}`);
    expect(check).toThrow(expect.objectContaining({ code: 'scores-invalid' }));
  });
});
