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

  it('leaves out a rest under 0.5 s, of which a model would make something up', () => {
    expect(windowsOf(480_001, 30)).toEqual([{ index: 0, start: 0, end: 480_000 }]);
    expect(windowsOf(487_999, 30)).toEqual([{ index: 0, start: 0, end: 480_000 }]);
    expect(windowsOf(488_000, 30)).toEqual([
      { index: 0, start: 0, end: 480_000 },
      { index: 1, start: 480_000, end: 488_000 },
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

  it('covers every sample once, except a short rest, with no window empty or too long', () => {
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
        expect(windows.length).toBeGreaterThan(0);
        expect(count - at).toBeLessThan(Math.max(1, Math.min(8000, most / 2)));
      }),
      { numRuns: 200 },
    );
  });
});
