import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowsOf } from '../../src/engine/audio/windows';

describe('windowsOf', () => {
  it('cuts into consecutive windows, the last one trimmed to the clip', () => {
    expect(windowsOf(45 * 16_000, 30)).toEqual([
      { index: 0, start: 0, end: 480_000 },
      { index: 1, start: 480_000, end: 720_000 },
    ]);
  });

  it('makes one window of a clip that fits, however short', () => {
    expect(windowsOf(480_000, 30)).toEqual([{ index: 0, start: 0, end: 480_000 }]);
    expect(windowsOf(1, 30)).toEqual([{ index: 0, start: 0, end: 1 }]);
  });

  it('gives a rest under 0.1 s to a last window of 0.1 s', () => {
    expect(windowsOf(480_001, 30)).toEqual([
      { index: 0, start: 0, end: 478_401 },
      { index: 1, start: 478_401, end: 480_001 },
    ]);
  });

  it('never makes a window longer than 30 s', () => {
    expect(windowsOf(960_000, 60).map(({ start, end }) => end - start)).toEqual([480_000, 480_000]);
  });

  it('makes none of nothing and refuses a window without a sample', () => {
    expect(windowsOf(0, 30)).toEqual([]);
    expect(() => windowsOf(10, 0)).toThrow(RangeError);
    expect(() => windowsOf(10, Number.NaN)).toThrow(RangeError);
  });

  it('covers every sample once, with no window empty or too long', () => {
    const seconds = fc.double({ min: 0.05, max: 40, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), seconds, (count, windowSeconds) => {
        const windows = windowsOf(count, windowSeconds);
        const most = Math.round(Math.min(windowSeconds, 30) * 16_000);
        let at = 0;
        windows.forEach(({ index, start, end }, i) => {
          expect(index).toBe(i);
          expect(start).toBe(at);
          expect(end).toBeGreaterThan(start);
          expect(end - start).toBeLessThanOrEqual(most);
          at = end;
        });
        expect(at).toBe(count);
      }),
      { numRuns: 200 },
    );
  });
});
