import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attentionOverTime, tokensPerSegment } from '../../../../src/pruning/study/attention-over-time';
import { studyHeads } from '../../../../src/pruning/study/heads';
import { jaccard, jaccardTable } from '../../../../src/pruning/study/jaccard';
import { rankCorrelation, ranks } from '../../../../src/pruning/study/rank-correlation';

const tokenSets = fc.uniqueArray(fc.integer({ min: 0, max: 20 }));

describe('jaccard', () => {
  it('is the common share of all', () => {
    expect(jaccard([1, 2, 3], [2, 3, 4])).toBe(0.5);
    expect(jaccard([1], [2])).toBe(0);
    expect(jaccard([1, 1, 2], [2, 1])).toBe(1);
    expect(jaccard([], [])).toBe(1);
    expect(jaccard([], [1])).toBe(0);
  });

  it('is symmetric, and 1 only for equal sets', () => {
    fc.assert(
      fc.property(tokenSets, tokenSets, (a, b) => {
        expect(jaccard(a, b)).toBe(jaccard(b, a));
        const same = a.length === b.length && a.every((token) => b.includes(token));
        expect(jaccard(a, b) === 1).toBe(same);
      }),
    );
  });

  it('makes a table', () => {
    expect(jaccardTable([[1], [1, 2]])).toEqual([
      [1, 0.5],
      [0.5, 1],
    ]);
  });
});

describe('rankCorrelation', () => {
  it('shares the mean rank among equals', () => {
    // Sorted: 1 | 2 2 | 5 5 5: ranks 1, (2 + 3) / 2, (4 + 5 + 6) / 3.
    expect([...ranks([5, 2, 5, 1, 2, 5])]).toEqual([5, 2.5, 5, 1, 2.5, 5]);
  });

  it('follows 1 - 6 sum d^2 / (n (n^2 - 1)) where nothing is equal', () => {
    // Ranks 1 2 3 4 5 and 2 1 4 3 5: d^2 = 1 + 1 + 1 + 1 + 0, so 1 - 24 / 120.
    expect(rankCorrelation([10, 20, 30, 40, 50], [0.2, 0.1, 0.4, 0.3, 0.5])).toBeCloseTo(0.8, 12);
    expect(rankCorrelation([1, 2, 3], [9, 99, 999])).toBeCloseTo(1, 12);
    expect(rankCorrelation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
  });

  it('corrects for ties', () => {
    // Ranks 1.5 1.5 3 4 and 1 2 3 4: products (-1)(-1.5) + (-1)(-.5) + .5 * .5 + 1.5 * 1.5 = 4.5; squares 4.5 and 5.
    expect(rankCorrelation([7, 7, 8, 9], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
  });

  it('says nothing of constants, and refuses different lengths', () => {
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBeNaN();
    expect(() => rankCorrelation([1], [1, 2])).toThrow(RangeError);
  });

  it('does not change under a growing function', () => {
    const values = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), {
      minLength: 2,
    });
    fc.assert(
      fc.property(values, (pairs) => {
        const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
        const grown = a.map((x) => x ** 3 + 2 * x);
        expect(rankCorrelation(grown, b)).toEqual(rankCorrelation(a, b));
      }),
    );
  });
});

describe('attentionOverTime', () => {
  it('gives the share of each segment and of the first half', () => {
    const { shares, firstHalf, segments } = attentionOverTime(Float32Array.of(1, 1, 2, 2, 6, 4), 3);
    expect(shares).toEqual([2 / 16, 4 / 16, 10 / 16]);
    expect(firstHalf).toBe(2 / 16 + 2 / 16);
    expect(segments).toHaveLength(3);
    expect(attentionOverTime(Float32Array.of(3, 1), 2).firstHalf).toBe(0.75);
  });

  it('measures evenness from one segment to all', () => {
    expect(attentionOverTime(Float32Array.of(2, 2, 2, 2), 4).evenness).toBeCloseTo(1, 12);
    expect(attentionOverTime(Float32Array.of(0, 5, 0, 0), 4).evenness).toBeCloseTo(0, 12);
    // Halves of four: log 2 / log 4.
    expect(attentionOverTime(Float32Array.of(1, 1, 0, 0), 4).evenness).toBeCloseTo(0.5, 12);
    expect(attentionOverTime(Float32Array.of(1), 10)).toMatchObject({ shares: [1], evenness: 1, firstHalf: 0.5 });
    expect(attentionOverTime(Float32Array.of(0, 0), 2).shares).toEqual([0, 0]);
  });

  it('counts tokens in segments', () => {
    const { segments } = attentionOverTime(new Float32Array(10), 3);
    expect(tokensPerSegment([0, 2, 3, 9], segments)).toEqual([2, 1, 1]);
  });
});

describe('studyHeads', () => {
  const choice = { strategy: 'top-k', keepRatio: 0.5, budgetMode: 'exact', parameters: {} } as const;

  it('compares what each head keeps with the mean and the maximum', () => {
    // Head 0 likes the start, head 1 the end, and more strongly: mean 2 2 3.5 4.5, max 4 3 6 8.
    const perHead = Float32Array.of(4, 3, 1, 1, 0, 1, 6, 8);
    const [first, second] = studyHeads(perHead, 2, choice, {}, 2);
    expect(first).toMatchObject({ head: 0, kept: [0, 1], overlapWithMean: 0, overlapWithMax: 0 });
    expect(second).toMatchObject({ head: 1, kept: [2, 3], overlapWithMean: 1, overlapWithMax: 1 });
    expect(first!.correlationWithMean).toBeLessThan(0);
    // Ranks 1 2 3 4 and 1.5 1.5 3 4, as above.
    expect(second!.correlationWithMean).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
    expect(first!.evenness).toBeGreaterThan(second!.evenness);
  });

  it('gives full overlap where there is one head', () => {
    expect(studyHeads(Float32Array.of(1, 5, 2, 4), 1, choice)).toMatchObject([
      { kept: [1, 3], overlapWithMean: 1, overlapWithMax: 1, correlationWithMean: 1 },
    ]);
  });
});
