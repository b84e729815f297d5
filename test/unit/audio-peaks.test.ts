import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { peaksOf } from '../../src/engine/audio/peaks';

describe('peaksOf', () => {
  it('holds the extremes of each column', () => {
    const peaks = peaksOf(Float32Array.of(0, 1, -1, 0.5, 0.25, -0.25), 0, 6 / 16_000, 3);
    expect([...peaks.min]).toEqual([0, -1, -0.25]);
    expect([...peaks.max]).toEqual([1, 0.5, 0.25]);
  });

  it('repeats a sample where columns are narrower than one', () => {
    const peaks = peaksOf(Float32Array.of(0.5, -0.5), 0, 2 / 16_000, 4);
    expect([...peaks.min]).toEqual([0.5, 0.5, -0.5, -0.5]);
    expect([...peaks.max]).toEqual([0.5, 0.5, -0.5, -0.5]);
  });

  it('stays within the clip', () => {
    const peaks = peaksOf(new Float32Array(16_000).fill(0.5), -1, 5, 10);
    expect([peaks.startSeconds, peaks.endSeconds]).toEqual([0, 1]);
    expect(peaks.max.every((value) => value === 0.5)).toBe(true);
    expect([...peaksOf(new Float32Array(0), 0, 1, 2).max]).toEqual([0, 0]);
    expect([...peaksOf(new Float32Array(10), 5, 9, 2).max]).toEqual([0, 0]);
  });

  it('bounds every sample of its stretch', () => {
    const values = fc.float32Array({ minLength: 1, maxLength: 2000, min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 300 }), (samples, columns) => {
        const { min, max } = peaksOf(samples, 0, samples.length / 16_000, columns);
        // ===: -0 is 0 here.
        expect(Math.min(...min) === Math.min(...samples)).toBe(true);
        expect(Math.max(...max) === Math.max(...samples)).toBe(true);
      }),
    );
  });

  it('draws ten minutes in 2000 columns at once', () => {
    const samples = new Float32Array(600 * 16_000);
    const begun = performance.now();
    peaksOf(samples, 0, 600, 2000);
    expect(performance.now() - begun).toBeLessThan(150);
  });
});
