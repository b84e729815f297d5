import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Resampler } from '../../src/engine/audio/resample';
import { identical, joined, signalToNoise, sine } from './audio-signals';

async function resampled(input: Float32Array, rate: number, sizes: number[] = [input.length]): Promise<Float32Array> {
  const resampler = await Resampler.create(rate);
  const parts: Float32Array[] = [];
  for (let at = 0, turn = 0; at < input.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    parts.push(...resampler.push(input.subarray(at, at + size)));
    at += size;
  }
  parts.push(...resampler.finish());
  return joined(parts);
}

/** Root of the mean square, in dB of full scale, away from the ends. */
function level(samples: Float32Array): number {
  const middle = samples.subarray(1000, -1000);
  return 10 * Math.log10(middle.reduce((sum, value) => sum + value ** 2, 0) / middle.length + 1e-30);
}

const rates = [8000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000, 44_099];

describe('Resampler', () => {
  it.each(rates)('keeps tones from %i Hz, in time and amplitude', async (rate) => {
    for (const frequency of [100, 1000, Math.min(3000, rate * 0.4)]) {
      const found = await resampled(sine(frequency, rate, rate / 2), rate);
      const expected = sine(frequency, 16_000, 8000);
      expect(signalToNoise(expected.subarray(1000, -1000), found.subarray(1000))).toBeGreaterThan(80);
      expect(Math.abs(level(found) - level(expected))).toBeLessThan(0.1);
    }
  });

  it.each([
    [6500, 0.1],
    [7000, 0.5],
  ])('is flat at %i Hz', async (frequency, decibels) => {
    const found = await resampled(sine(frequency, 44_100, 44_100), 44_100);
    expect(Math.abs(level(found) - level(sine(frequency, 16_000, 16_000)))).toBeLessThan(decibels);
  });

  it.each([8500, 9000, 12_000, 15_000, 20_000])('leaves nothing of %i Hz', async (frequency) => {
    const input = sine(frequency, 48_000, 48_000);
    expect(level(await resampled(input, 48_000)) - level(input)).toBeLessThan(-80);
  });

  it('makes round(n * 16000 / rate) samples, at least one', async () => {
    for (const rate of [8000, 11_025, 44_100, 48_000, 44_099, 1000]) {
      for (const count of [1, 2, 3, 441]) {
        const due = Math.max(1, Math.round((count * 16_000) / rate));
        expect([rate, count, (await resampled(new Float32Array(count), rate)).length]).toEqual([rate, count, due]);
      }
    }
  }, 20_000);

  it('passes 16 kHz through bit for bit', async () => {
    const input = Float32Array.from({ length: 5000 }, (_, i) => Math.fround(Math.sin(i ** 2)));
    expect(await resampled(input, 16_000, [7, 1000])).toEqual(input);
  });

  it('does not mind where its input is cut', async () => {
    const input = sine(440, 44_100, 30_000);
    const whole = await resampled(input, 44_100);
    const sizes = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(sizes, async (cuts) => {
        const sums = cuts.reduce((sum, cut) => sum + cut, 0) < 50 ? [997] : cuts;
        expect(identical(await resampled(input, 44_100, sums), whole)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});
