import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetOf, speedUpBound } from '../../../src/pruning/budget';

describe('budgetOf', () => {
  it('is floor(rho * N)', () => {
    expect(budgetOf(0.5, 750)).toBe(375);
    expect(budgetOf(0.25, 750)).toBe(187);
    expect(budgetOf(0.1, 750)).toBe(75);
    expect(budgetOf(1, 750)).toBe(750);
  });

  it('is never less than one token', () => {
    expect(budgetOf(0.01, 10)).toBe(1);
    expect(budgetOf(0.1, 1)).toBe(1);
    expect(budgetOf(Number.MIN_VALUE, 1500)).toBe(1);
  });

  it('takes percentages as they are written, not as binary fractions', () => {
    // 0.29 * 100 = 28.999999999999996, 0.57 * 100 = 56.99999999999999, 1.1 * 3 style errors of the other sign stay put.
    expect(budgetOf(0.29, 100)).toBe(29);
    expect(budgetOf(0.57, 100)).toBe(57);
    for (let percent = 1; percent <= 100; percent++) {
      expect(budgetOf(percent / 100, 100)).toBe(percent);
      expect(budgetOf(percent / 100, 750)).toBe(Math.floor((percent * 750) / 100));
    }
  });

  it.each([0, -0.1, 1.5, NaN, Infinity])('refuses a keep ratio of %s', (ratio) => {
    expect(() => budgetOf(ratio, 100)).toThrow(expect.objectContaining({ code: 'settings-invalid' }));
    expect(() => budgetOf(ratio, 100)).toThrow(`A keep ratio of ${String(ratio)} is not possible.`);
  });

  it('grows with the ratio and never exceeds N', () => {
    const ratio = fc.double({ min: 0.001, max: 1, noNaN: true });
    fc.assert(
      fc.property(ratio, ratio, fc.integer({ min: 1, max: 3000 }), (a, b, tokens) => {
        const [low, high] = [budgetOf(Math.min(a, b), tokens), budgetOf(Math.max(a, b), tokens)];
        expect(low).toBeGreaterThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(high);
        expect(high).toBeLessThanOrEqual(tokens);
      }),
    );
  });
});

describe('speedUpBound', () => {
  it('is all positions over the kept ones', () => {
    expect(speedUpBound(0, 750, 187.5)).toBe(4);
    expect(speedUpBound(50, 750, 150)).toBe(4);
  });
});
