import { describe, expect, it } from 'vitest';
import { completeParameters, select, strategies, strategyNamed } from '../../../src/pruning/registry';

const choice = { strategy: 'segmentwise', keepRatio: 0.5, budgetMode: 'exact', parameters: {} } as const;

describe('the registry', () => {
  it('names every strategy once, in kebab-case, with a sentence for people', () => {
    expect(new Set(strategies.map(({ name }) => name)).size).toBe(strategies.length);
    for (const { name, label, description } of strategies) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(label).not.toBe('');
      expect(description).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('gives parameters that are the same for every strategy that has them, with a default in range', () => {
    const seen = new Map<string, unknown>();
    for (const parameter of strategies.flatMap(({ parameters }) => parameters)) {
      expect(seen.get(parameter.name) ?? parameter).toEqual(parameter);
      seen.set(parameter.name, parameter);
      expect(parameter.name).toMatch(/^[a-z][a-zA-Z]*$/);
      expect(parameter.default).toBeGreaterThanOrEqual(parameter.minimum);
      expect(parameter.default).toBeLessThanOrEqual(parameter.maximum);
    }
  });

  it('names the strategies there are when asked for another', () => {
    expect(() => strategyNamed('best')).toThrow('There is no strategy named "best".');
    expect(() => strategyNamed('best')).toThrow(
      expect.objectContaining({ action: expect.stringContaining('segmentwise, ') as string }),
    );
  });
});

describe('completeParameters', () => {
  const segmentwise = strategyNamed('segmentwise');

  it('fills in defaults and ignores what the strategy does not have', () => {
    expect(completeParameters(segmentwise, {})).toEqual({ segments: 10 });
    expect(completeParameters(segmentwise, { segments: 3, seed: 7 })).toEqual({ segments: 3 });
  });

  it.each([0, -1, 2.5, NaN, Infinity, 101])('refuses %s segments', (segments) => {
    expect(() => completeParameters(segmentwise, { segments })).toThrow(
      expect.objectContaining({ code: 'settings-invalid', action: 'Choose a whole number from 1 to 100.' }),
    );
  });
});

describe('select', () => {
  it('gives the budget with the selection', () => {
    // Four tokens, K = 2, so two segments of two: the higher of each.
    expect(select(choice, { scores: Float32Array.of(1, 2, 3, 4) })).toEqual({
      budget: 2,
      selection: { groups: [[1], [3]], weights: [[1], [1]] },
    });
  });

  it('refuses scores that are not numbers, unless the strategy does not look at them', () => {
    const scores = Float32Array.of(1, NaN, 3);
    expect(() => select(choice, { scores })).toThrow('The score of token 1 is NaN');
    expect(() => select({ ...choice, strategy: 'uniform' }, { scores })).not.toThrow();
  });

  it('refuses an empty clip', () => {
    expect(() => select(choice, { scores: new Float32Array() })).toThrow('There are no tokens');
    expect(() => select({ ...choice, strategy: 'none' }, { scores: new Float32Array() })).toThrow('no tokens');
  });

  it.each([0, NaN, 1.5])('refuses a keep ratio of %s', (keepRatio) => {
    expect(() => select({ ...choice, keepRatio }, { scores: Float32Array.of(1) })).toThrow('keep ratio');
  });
});

describe('usesSimilarity', () => {
  it('is said by exactly those strategies that look at it', () => {
    const tokens = { data: Float32Array.of(1, 0, 0, 1, 1, 1, 2, 1), rows: 4, columns: 2 };
    for (const strategy of strategies) {
      let looked = false;
      const input = {
        scores: Float32Array.of(1, 2, 3, 4),
        tokens,
        keys: tokens,
        budget: 2,
        budgetMode: 'exact' as const,
        parameters: completeParameters(strategy, {}),
        get similarity() {
          looked = true;
          return { data: new Float32Array(16), rows: 4, columns: 4 };
        },
      };
      strategy.select(input);
      expect(looked, strategy.name).toBe(strategy.usesSimilarity);
    }
  });
});
