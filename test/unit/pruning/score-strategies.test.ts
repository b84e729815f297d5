import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { select } from '../../../src/pruning/registry';
import { sourceTokens, type BudgetMode } from '../../../src/pruning/selection';

interface Options {
  readonly budgetMode?: BudgetMode;
  readonly parameters?: Readonly<Record<string, number>>;
}

function kept(strategy: string, scores: ArrayLike<number>, keepRatio: number, options: Options = {}): number[] {
  const { budgetMode = 'exact', parameters = {} } = options;
  return sourceTokens(
    select({ strategy, keepRatio, budgetMode, parameters }, { scores: Float32Array.from(scores) }).selection,
  );
}

/** Different scores with no pattern in time. */
function variedScores(tokens: number): number[] {
  return Array.from({ length: tokens }, (_, token) => (token * 7919) % 10007);
}

describe('by hand', () => {
  const scores = [1, 9, 2, 8, 3, 7];

  it('top-k keeps the highest, in time order', () => {
    expect(kept('top-k', scores, 0.5)).toEqual([1, 3, 5]);
  });

  it('bottom-k keeps the lowest, in time order', () => {
    expect(kept('bottom-k', scores, 0.5)).toEqual([0, 2, 4]);
  });

  it('uniform keeps floor(i * N / K)', () => {
    // 10 tokens, K = 4: floor(0), floor(2.5), floor(5), floor(7.5).
    expect(kept('uniform', variedScores(10), 0.4)).toEqual([0, 2, 5, 7]);
  });

  it('none keeps all, whatever was asked', () => {
    expect(kept('none', scores, 0.1)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('segmentwise keeps the highest of each part', () => {
    // Parts [1 9 2] and [8 3 7], one token each: 9 and 8.
    expect(kept('segmentwise', scores, 0.34, { parameters: { segments: 2 } })).toEqual([1, 3]);
  });

  it('segmentwise gives the remainder to the highest score left, or drops it as the paper does', () => {
    // K = 3, S = 2: one each (9 and 8); the third goes to 7, at token 5.
    expect(kept('segmentwise', scores, 0.5, { parameters: { segments: 2 } })).toEqual([1, 3, 5]);
    expect(kept('segmentwise', scores, 0.5, { parameters: { segments: 2 }, budgetMode: 'paper' })).toEqual([1, 3]);
  });

  it('prefers the earlier of equal scores', () => {
    const equal = new Array<number>(10).fill(0.5);
    expect(kept('top-k', equal, 0.3)).toEqual([0, 1, 2]);
    expect(kept('bottom-k', equal, 0.3)).toEqual([0, 1, 2]);
    // Parts of five: one each, and the remainder to the earliest token left.
    expect(kept('segmentwise', equal, 0.3, { parameters: { segments: 2 } })).toEqual([0, 1, 5]);
  });
});

describe('budgets of the paper', () => {
  it.each([
    [750, 0.5, 370, 375],
    [750, 0.25, 180, 187],
    [750, 0.1, 70, 75],
    [250, 0.1, 20, 25],
    [750, 1, 750, 750],
  ])('%i tokens at %f: the paper keeps %i, exact keeps %i', (tokens, ratio, paper, exact) => {
    const scores = variedScores(tokens);
    expect(kept('segmentwise', scores, ratio, { budgetMode: 'paper' })).toHaveLength(paper);
    expect(kept('segmentwise', scores, ratio, { budgetMode: 'exact' })).toHaveLength(exact);
  });

  it('keeps something of each of K segments where K < S', () => {
    const tokens = kept('segmentwise', variedScores(40), 0.1, { budgetMode: 'paper', parameters: { segments: 15 } });
    expect(tokens).toHaveLength(4);
    tokens.forEach((token, i) => expect(Math.floor(token / 10)).toBe(i));
  });
});

const names = ['segmentwise', 'top-k', 'bottom-k', 'random', 'uniform'];
const cases = fc.record({
  strategy: fc.constantFrom(...names),
  // Few different values, so that ties are common.
  scores: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 120 }),
  keepRatio: fc.double({ min: 0.01, max: 1, noNaN: true }),
  budgetMode: fc.constantFrom<BudgetMode>('paper', 'exact'),
  segments: fc.integer({ min: 1, max: 20 }),
  seed: fc.integer({ min: 0, max: 1000 }),
});

describe('every strategy on scores', () => {
  it('keeps 1 to K different tokens in time order, the same each time', () => {
    fc.assert(
      fc.property(cases, ({ strategy, scores, keepRatio, budgetMode, segments, seed }) => {
        const options = { budgetMode, parameters: { segments, seed } };
        const tokens = kept(strategy, scores, keepRatio, options);
        const budget = Math.max(1, Math.floor(keepRatio * scores.length + 1e-9));
        expect(tokens.length).toBeGreaterThanOrEqual(1);
        expect(tokens.length).toBeLessThanOrEqual(budget);
        if (strategy !== 'segmentwise' || budgetMode === 'exact') {
          expect(tokens).toHaveLength(budget);
        }
        expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
        expect(tokens.every((token) => token >= 0 && token < scores.length)).toBe(true);
        expect(kept(strategy, scores, keepRatio, options)).toEqual(tokens);
      }),
    );
  });

  it('keeps all tokens at ratio 1, and the one token of a one-token clip', () => {
    for (const name of names) {
      expect(kept(name, [3, 1, 2], 1, { parameters: { segments: 1 } })).toEqual([0, 1, 2]);
      expect(kept(name, [0], 0.1)).toEqual([0]);
    }
  });

  it('segmentwise keeps at least floor(K / S) of each segment', () => {
    fc.assert(
      fc.property(cases, ({ scores, keepRatio, budgetMode, segments }) => {
        const n = scores.length;
        const budget = Math.max(1, Math.floor(keepRatio * n + 1e-9));
        const tokens = kept('segmentwise', scores, keepRatio, { budgetMode, parameters: { segments } });
        const count = Math.min(segments, budget);
        for (let i = 0; i < count; i++) {
          const [start, end] = [Math.floor((i * n) / count), Math.floor(((i + 1) * n) / count)];
          const here = tokens.filter((token) => token >= start && token < end);
          expect(here.length).toBeGreaterThanOrEqual(Math.floor(budget / count));
        }
      }),
    );
  });

  it('segmentwise with one segment is top-k', () => {
    fc.assert(
      fc.property(cases, ({ scores, keepRatio }) => {
        expect(kept('segmentwise', scores, keepRatio, { parameters: { segments: 1 } })).toEqual(
          kept('top-k', scores, keepRatio),
        );
      }),
    );
  });

  it('top-k and bottom-k leave nothing better out', () => {
    fc.assert(
      fc.property(cases, ({ scores, keepRatio }) => {
        for (const [name, sign] of [
          ['top-k', 1],
          ['bottom-k', -1],
        ] as const) {
          const tokens = new Set(kept(name, scores, keepRatio));
          const worstKept = Math.min(...[...tokens].map((token) => sign * scores[token]!));
          scores.forEach((score, token) => {
            if (!tokens.has(token)) {
              expect(sign * score).toBeLessThanOrEqual(worstKept);
            }
          });
        }
      }),
    );
  });
});

describe('random', () => {
  it('draws differently for different seeds', () => {
    const draws = [0, 1, 2, 3].map((seed) => kept('random', variedScores(100), 0.2, { parameters: { seed } }).join());
    expect(new Set(draws).size).toBe(4);
  });

  it('draws the same of every clip of one length, as its description says', () => {
    const ofAnother = variedScores(100).reverse();
    expect(kept('random', ofAnother, 0.2)).toEqual(kept('random', variedScores(100), 0.2));
  });

  it('draws every token equally often: chi-square over 4000 seeds', () => {
    const [tokens, budget, draws] = [25, 5, 4000];
    const counts = new Array<number>(tokens).fill(0);
    for (let seed = 0; seed < draws; seed++) {
      for (const token of kept('random', variedScores(tokens), budget / tokens, { parameters: { seed } })) {
        counts[token]!++;
      }
    }
    const expected = (draws * budget) / tokens;
    // Drawing without replacement lowers the variance of a count by (1 - K/N): divide, so that chi-square holds.
    const chiSquare =
      counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0) / (1 - budget / tokens);
    // 24 degrees of freedom (25 counts with one fixed sum): 99.9 % of draws lie below 51.2, 0.1 % below 8.1.
    expect(chiSquare).toBeLessThan(51.2);
    expect(chiSquare).toBeGreaterThan(8.1);
  });

  it('draws every pair of tokens equally often', () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 3000; seed++) {
      const pair = kept('random', variedScores(4), 0.5, { parameters: { seed } }).join();
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0);
    expect(counts.size).toBe(6);
    // 5 degrees of freedom: 99.9 % of draws lie below 20.5.
    expect(chiSquare).toBeLessThan(20.5);
  });
});
