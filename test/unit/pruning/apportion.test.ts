import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apportion } from '../../../src/pruning/apportion';

describe('apportion', () => {
  it('gives each next token to the highest weight / (2 n + 1)', () => {
    // After one each: 1/3 and 9/3 -> second; 1/3 and 9/5 -> second; 1/3 and 9/7 -> second; 1/3, 9/9 -> second.
    expect(apportion(6, [1, 9], [10, 10])).toEqual([1, 5]);
    // 6/3 = 2 and 4/3 -> first; 6/5 = 1.2 and 4/3 -> second; 1.2 and 4/5 -> first.
    expect(apportion(5, [6, 4], [10, 10])).toEqual([3, 2]);
  });

  it('never gives a part more than it holds', () => {
    expect(apportion(5, [100, 1], [2, 8])).toEqual([2, 3]);
  });

  it('goes by what parts hold where no weight is above 0, and gives ties to the earlier', () => {
    expect(apportion(4, [0, 0], [3, 3])).toEqual([2, 2]);
    expect(apportion(3, [0, 0], [3, 3])).toEqual([2, 1]);
    expect(apportion(3, [-1, -5], [3, 3])).toEqual([2, 1]);
  });

  it('spreads what only weightless parts can hold', () => {
    expect(apportion(6, [5, 0, 0], [2, 3, 3])).toEqual([2, 2, 2]);
  });

  it('adds up, keeps the floor and the ceiling, and never takes a token away for a larger budget', () => {
    const parts = fc.array(
      fc.record({ weight: fc.integer({ min: 0, max: 5 }), holds: fc.integer({ min: 1, max: 9 }) }),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(parts, (given) => {
        const [weights, holds] = [given.map(({ weight }) => weight), given.map((part) => part.holds)];
        const total = holds.reduce((a, b) => a + b, 0);
        let before = holds.map(() => 0);
        for (let budget = given.length; budget <= total; budget++) {
          const shares = apportion(budget, weights, holds);
          expect(shares.reduce((a, b) => a + b, 0)).toBe(budget);
          shares.forEach((share, i) => {
            expect(share).toBeGreaterThanOrEqual(Math.max(1, before[i]!));
            expect(share).toBeLessThanOrEqual(holds[i]!);
          });
          before = shares;
        }
      }),
    );
  });
});
