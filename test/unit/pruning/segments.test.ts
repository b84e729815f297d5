import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalSegments } from '../../../src/pruning/segments';

describe('equalSegments', () => {
  it('cuts at floor(i * N / S)', () => {
    // 10 tokens, 3 segments: floor(0), floor(3.33), floor(6.67), 10.
    expect(equalSegments(10, 3)).toEqual([
      { start: 0, end: 3 },
      { start: 3, end: 6 },
      { start: 6, end: 10 },
    ]);
  });

  it('makes one-token segments where there are fewer tokens than segments', () => {
    expect(equalSegments(2, 10)).toEqual([
      { start: 0, end: 1 },
      { start: 1, end: 2 },
    ]);
    expect(equalSegments(1, 10)).toEqual([{ start: 0, end: 1 }]);
  });

  it('covers every token once, in segments whose lengths differ by at most one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 100 }), (tokens, count) => {
        const segments = equalSegments(tokens, count);
        expect(segments).toHaveLength(Math.min(tokens, count));
        let next = 0;
        for (const { start, end } of segments) {
          expect(start).toBe(next);
          expect(end - start).toBeGreaterThanOrEqual(Math.floor(tokens / segments.length));
          expect(end - start).toBeLessThanOrEqual(Math.ceil(tokens / segments.length));
          next = end;
        }
        expect(next).toBe(tokens);
      }),
    );
  });
});
