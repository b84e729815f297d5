import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeParameters, select, strategies, strategyNamed } from '../../../src/pruning/registry';
import type { BudgetMode, Selection } from '../../../src/pruning/selection';
import { similarityMatrix } from '../../../src/pruning/similarity';
import { matrixOf } from './matrices';

type Rows = readonly (readonly number[])[];

interface Given {
  readonly scores: readonly number[];
  readonly tokens?: Rows;
  readonly keys?: Rows;
  readonly budget: number;
  readonly budgetMode?: BudgetMode;
  readonly parameters?: Readonly<Record<string, number>>;
}

function selected(name: string, given: Given): Selection {
  const { scores, tokens, keys, budget, budgetMode = 'exact', parameters = {} } = given;
  const strategy = strategyNamed(name);
  return strategy.select({
    scores: Float32Array.from(scores),
    ...(tokens && { tokens: matrixOf(tokens) }),
    ...(keys && { keys: matrixOf(keys) }),
    budget,
    budgetMode,
    parameters: completeParameters(strategy, parameters),
  });
}

const groups = (name: string, given: Given) => selected(name, given).groups;
const kept = (name: string, given: Given) => groups(name, given).flat();

const right = [1, 0];
const up = [0, 1];
const between = [1, 1];
const left = [-1, 0];

describe('visionzip by hand', () => {
  it('adds the mean of the joined tokens to their target', () => {
    // K = 4, half contextual. Dominant: 0 and 2. Residual 1 3 4 5, step 2: targets 1 and 4. By keys 5 joins 1, 3 joins 4.
    const given = { scores: [9, 1, 8, 1, 1, 1], keys: [right, right, right, [0, 2], up, [3, 1]], budget: 4 };
    expect(selected('visionzip', { ...given, parameters: { contextualShare: 0.5 } })).toEqual({
      groups: [[0], [1, 5], [2], [3, 4]],
      weights: [[1], [1, 1], [1], [1, 1]],
    });
  });

  it('weighs three joined tokens a third each', () => {
    // K = 3, one contextual: the residual 1 3 4 5 all goes to target 1.
    const given = { scores: [9, 1, 8, 1, 1, 1], keys: [right, up, up, up, up, left], budget: 3 };
    expect(selected('visionzip', { ...given, parameters: { contextualShare: 0.34 } })).toEqual({
      groups: [[0], [1, 3, 4, 5], [2]],
      weights: [[1], [1, 1 / 3, 1 / 3, 1 / 3], [1]],
    });
  });

  it('keeps 54 and 10 of 64, and is top-k where the share gives no contextual token', () => {
    const scores = Array.from({ length: 200 }, (_, i) => (i * 37) % 200);
    const keys = scores.map((_, i) => [Math.cos(i), Math.sin(i)]);
    const merged = groups('visionzip', { scores, keys, budget: 64 }).filter((group) => group.length > 1);
    expect(merged).toHaveLength(10);
    expect(merged.flat()).toHaveLength(200 - 54);
    expect(groups('visionzip', { scores, keys, budget: 6 })).toEqual(groups('top-k', { scores, budget: 6 }));
  });
});

describe('vispruner by hand', () => {
  const scores = [9, 5, 4, 3, 2, 1];
  const tokens = [right, right, up, up, between, left];

  it('drops, one a round, what is most like the other half, also of an odd residual', () => {
    // K = 3: token 0 by score, two of [1 2 3 4 5]. First half 1 3 5, second 2 4: 3 equals 2 and goes. Of 1 4 | 2 5:
    // 4 is like 2 (.71) and goes. Of 1 5 | 2: both 0, the later goes.
    expect(kept('vispruner', { scores, tokens, budget: 3, parameters: { dropStep: 1 } })).toEqual([0, 1, 2]);
  });

  it('can drop the whole first half at once', () => {
    expect(kept('vispruner', { scores, tokens, budget: 3 })).toEqual([0, 2, 4]);
  });

  it('keeps 187 of 750, where the published code fails', () => {
    const many = Array.from({ length: 750 }, (_, i) => (i * 7919) % 1009);
    const vectors = many.map((_, i) => [Math.sin(i), Math.cos(3 * i), Math.sin(7 * i)]);
    expect(kept('vispruner', { scores: many, tokens: vectors, budget: 187 })).toHaveLength(187);
  });
});

describe('divprune by hand', () => {
  const scores = [0, 0, 0, 0];
  const tokens = [right, right, up, left];

  it('starts with the token furthest from its nearest, and goes on with the furthest from those chosen', () => {
    // Nearest neighbours: 0 and 1 are at 0, 2 and 3 at 1 (each other): 2 comes first. From 2 all are at 1: 0.
    // Then 1 is at 0 and 3 at 1.
    expect([1, 2, 3, 4].map((budget) => kept('divprune', { scores, tokens, budget }))).toEqual([
      [2],
      [0, 2],
      [0, 2, 3],
      [0, 1, 2, 3],
    ]);
  });
});

describe('cdpruner by hand', () => {
  const tokens = [right, right, up];

  it('prefers what is relevant and new', () => {
    // Relevance 0, 1/2, 1: token 2 first; then 1 has 1/4 left and 0 nothing.
    expect(kept('cdpruner', { scores: [1, 2, 3], tokens, budget: 2 })).toEqual([1, 2]);
  });

  it('goes by diversity alone where scores are equal or not asked for, and past the rank by relevance', () => {
    expect(kept('cdpruner', { scores: [4, 4, 4], tokens, budget: 2 })).toEqual([0, 2]);
    expect(kept('cdpruner', { scores: [1, 9, 0], tokens, budget: 2, parameters: { useRelevance: 0 } })).toEqual([0, 2]);
    expect(kept('cdpruner', { scores: [4, 4, 4], tokens, budget: 3 })).toEqual([0, 1, 2]);
  });
});

describe('a-tome by hand', () => {
  const scores = [0, 0, 0, 0];

  it('merges the pairs most alike into their mean', () => {
    const tokens = [right, right, up, up];
    expect(selected('a-tome', { scores, tokens, budget: 3 })).toEqual({
      groups: [[0, 1], [2], [3]],
      weights: [[0.5, 0.5], [1], [1]],
    });
    expect(selected('a-tome', { scores, tokens, budget: 2 }).groups).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(selected('a-tome', { scores, tokens, budget: 1 }).weights).toEqual([[0.25, 0.25, 0.25, 0.25]]);
  });

  it('halves again what was merged in an earlier round', () => {
    expect(selected('a-tome', { scores: [0, 0, 0], tokens: [up, up, up], budget: 1 }).weights).toEqual([
      [0.25, 0.25, 0.5],
    ]);
  });

  it('compares keys where there are keys', () => {
    const given = { scores: [0, 0, 0], tokens: [up, up, right], keys: [up, right, right], budget: 2 };
    expect(groups('a-tome', given)).toEqual([[0], [1, 2]]);
  });
});

describe('fastadasp by hand', () => {
  const tokens = [right, right, up, up];

  it('merges runs over the strongest links, weighted by score', () => {
    expect(selected('fastadasp', { scores: [1, 3, 2, 2], tokens, budget: 2 })).toEqual({
      groups: [
        [0, 1],
        [2, 3],
      ],
      weights: [
        [0.25, 0.75],
        [0.5, 0.5],
      ],
    });
  });

  it('weighs a run alike where its scores add up to nothing', () => {
    expect(selected('fastadasp', { scores: [0, 0, 0, 0], tokens, budget: 3 }).weights).toEqual([[0.5, 0.5], [1], [1]]);
  });

  it('gives negative scores no weight', () => {
    expect(selected('fastadasp', { scores: [-0.9, 1, -2, -1], tokens, budget: 2 }).weights).toEqual([
      [0, 1],
      [0.5, 0.5],
    ]);
  });
});

describe('sa-map by hand', () => {
  const scores = [1, 1, 4, 2];
  const tokens = [right, right, up, between];

  it('keeps every run where there are fewer than asked', () => {
    expect(groups('sa-map', { scores, tokens, budget: 4 })).toEqual([[0, 1], [2], [3]]);
    const looser = selected('sa-map', { scores, tokens, budget: 4, parameters: { mergeThreshold: 0.7 } });
    expect(looser.groups).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(looser.weights).toEqual([
      [0.5, 0.5],
      [4 / 6, 2 / 6],
    ]);
  });

  it('keeps the relevant and diverse runs of many', () => {
    // Mean scores 1, 4, 2: relevance 0, 1, 1/3.
    expect(groups('sa-map', { scores, tokens, budget: 1 })).toEqual([[2]]);
    expect(groups('sa-map', { scores, tokens, budget: 2 })).toEqual([[2], [3]]);
  });
});

describe("Earmark's own by hand", () => {
  it('variable-budget follows the share of the score', () => {
    // Sums 1 and 9 over two segments of four: one each, and both others to the second (9/3, then 9/5, over 1/3).
    const scores = [0, 1, 0, 0, 3, 1, 4, 1];
    expect(kept('variable-budget', { scores, budget: 4, parameters: { segments: 2 } })).toEqual([1, 4, 5, 6]);
  });

  it('change-point cuts where neighbours differ most', () => {
    // Five of one sound, three of another: shares of 3 by length 5 : 3 are 2 and 1.
    const scores = [1, 2, 3, 4, 5, 6, 7, 8];
    const tokens = [right, right, right, right, right, up, up, up];
    const parameters = { segments: 2, shortestSegment: 2 };
    expect(kept('change-point', { scores, tokens, budget: 3, parameters })).toEqual([3, 4, 7]);
  });

  it('change-point gives one odd token no segment of its own', () => {
    const tokens = [right, right, right, up, right, right, right, right];
    const scores = [9, 1, 1, 8, 1, 1, 1, 7];
    // Cuts before 3 and before 4 are equally good; after the first, the second would leave one token.
    const parameters = { segments: 2, shortestSegment: 2 };
    expect(kept('change-point', { scores, tokens, budget: 2, parameters })).toEqual([0, 3]);
  });

  it('hybrid adds to the highest score what is least like it', () => {
    const given = { scores: [9, 8, 1], tokens: [right, right, up], budget: 2, parameters: { segments: 1 } };
    expect(kept('hybrid', given)).toEqual([0, 2]);
    expect(kept('hybrid', { ...given, parameters: { segments: 1, diversityShare: 0 } })).toEqual([0, 1]);
  });
});

const anyInput = fc.integer({ min: 1, max: 60 }).chain((n) =>
  fc.record({
    scores: fc.oneof(
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: n, maxLength: n }),
      fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: n, maxLength: n }),
    ),
    tokens: fc.array(fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 3, maxLength: 3 }), {
      minLength: n,
      maxLength: n,
    }),
    silent: fc.boolean(),
    budget: fc.integer({ min: 1, max: n }),
    budgetMode: fc.constantFrom<BudgetMode>('paper', 'exact'),
    parameters: fc.record({
      segments: fc.integer({ min: 1, max: 20 }),
      shortestSegment: fc.integer({ min: 1, max: 9 }),
    }),
  }),
);

/** Strategies that may keep fewer than K, each for the reason its docstring gives. */
const mayKeepFewer = (name: string, mode: BudgetMode) =>
  name === 'sa-map' || (mode === 'paper' && ['segmentwise', 'hybrid'].includes(name));

describe.each(strategies.filter(({ usesKeepRatio }) => usesKeepRatio))('$name', ({ name }) => {
  it('keeps 1 to K slots of different tokens in time order, with finite weights, the same each time', () => {
    fc.assert(
      fc.property(anyInput, ({ silent, ...input }) => {
        const tokens = silent ? input.tokens.map(() => [0, 0, 0]) : input.tokens;
        const given = { ...input, tokens, keys: tokens };
        const selection = selected(name, given);
        const all = selection.groups.flat();
        expect(selection.groups.length).toBeGreaterThanOrEqual(1);
        expect(selection.groups.length).toBeLessThanOrEqual(input.budget);
        if (!mayKeepFewer(name, input.budgetMode)) {
          expect(selection.groups).toHaveLength(input.budget);
        }
        expect(new Set(all).size).toBe(all.length);
        expect(all.every((token) => Number.isInteger(token) && token >= 0 && token < tokens.length)).toBe(true);
        const firsts = selection.groups.map((group) => group[0]!);
        expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
        selection.groups.forEach((group, slot) => {
          expect(group).toEqual([...group].sort((a, b) => a - b));
          expect(selection.weights[slot]).toHaveLength(group.length);
        });
        expect(selection.weights.flat().every(Number.isFinite)).toBe(true);
        expect(selected(name, given)).toEqual(selection);
      }),
    );
  });

  it('selects the same with a similarity matrix handed in, and leaves its input as it was', () => {
    fc.assert(
      fc.property(anyInput, ({ scores, tokens, budget, budgetMode }) => {
        const strategy = strategyNamed(name);
        const parameters = completeParameters(strategy, {});
        const input = { scores: Float32Array.from(scores), tokens: matrixOf(tokens), keys: matrixOf(tokens) };
        const similarity = similarityMatrix(input.tokens);
        const copy = structuredClone({ ...input, similarity });
        const computed = strategy.select({ ...input, budget, budgetMode, parameters });
        expect(strategy.select({ ...input, similarity, budget, budgetMode, parameters })).toEqual(computed);
        expect({ ...input, similarity }).toEqual(copy);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps the one token of a one-token clip', () => {
    expect(selected(name, { scores: [0], tokens: [[0]], keys: [[0]], budget: 1 })).toEqual({
      groups: [[0]],
      weights: [[1]],
    });
  });

  it('keeps every token as it is at K = N, unless it merges by itself', () => {
    fc.assert(
      fc.property(anyInput, ({ scores, tokens }) => {
        const given = { scores, tokens, keys: tokens, budget: scores.length, parameters: { segments: 1 } };
        const selection = selected(name, given);
        if (name !== 'sa-map') {
          expect(selection.groups).toEqual(scores.map((_, token) => [token]));
          expect(selection.weights.flat().every((weight) => weight === 1)).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('strategies that merge', () => {
  it.each(['a-tome', 'fastadasp'])('%s: every token is in one run, whose weights add up to 1', (name) => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const scores = given.scores.map(Math.abs);
        const selection = selected(name, { ...given, scores });
        expect(selection.groups.flat()).toEqual(scores.map((_, token) => token));
        for (const weights of selection.weights) {
          expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
        }
      }),
    );
  });

  it('visionzip: dominant tokens weigh 1, contextual ones 2 in all', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        for (const weights of selected('visionzip', { ...given, keys: given.tokens }).weights) {
          expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(weights.length > 1 ? 2 : 1, 9);
        }
      }),
    );
  });
});

describe('hybrid', () => {
  it('without diversity is segmentwise', () => {
    fc.assert(
      fc.property(anyInput, ({ parameters: { segments }, ...given }) => {
        expect(groups('hybrid', { ...given, parameters: { segments, diversityShare: 0 } })).toEqual(
          groups('segmentwise', { ...given, parameters: { segments } }),
        );
      }),
    );
  });
});

describe('what a strategy needs', () => {
  const choice = { keepRatio: 0.5, budgetMode: 'exact', parameters: {} } as const;
  const scores = Float32Array.of(1, 2);

  it.each([
    ['visionzip', 'keys'],
    ['vispruner', 'tokens'],
    ['divprune', 'tokens'],
    ['a-tome', 'tokens'],
  ])('%s without %s says so', (strategy, need) => {
    expect(() => select({ ...choice, strategy }, { scores })).toThrow(`needs the encoder's ${need}`);
  });

  it('refuses matrices that do not fit the scores', () => {
    const check = (input: object) => () => select({ ...choice, strategy: 'divprune' }, { scores, ...input });
    const tokens = matrixOf([right, up]);
    expect(check({ tokens: matrixOf([right]) })).toThrow('There are scores for 2 tokens, but tokens of shape [1, 2]');
    expect(check({ tokens: { ...tokens, columns: 3 } })).toThrow('with 4 values');
    expect(check({ tokens, similarity: matrixOf([[1], [1]]) })).toThrow('but similarity of shape [2, 1]');
    expect(check({ tokens: { data: new Float32Array(), rows: 2, columns: 0 } })).toThrow('tokens of shape [2, 0]');
    expect(check({ tokens: matrixOf([right, [NaN, 0]]) })).toThrow('The vector of token 1');
    expect(check({ tokens })).not.toThrow();
  });
});
