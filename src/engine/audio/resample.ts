import { ConverterType, create } from '@alexanderolsen/libsamplerate-js';
import { engineRate } from './windows';

type Converter = Awaited<ReturnType<typeof create>>;

/**
 * Samples given to libsamplerate-js at once, or made of them if those are more. Far below the 4 MB above which it cuts
 * its input itself, and wrongly: at a rate that is no multiple of 10 it fails, and of a subarray it reads the wrong part.
 */
const samplesAtOnce = 32 * 1024;

/** The rates that libsamplerate-js takes; below, a header is damaged. */
export const lowestRate = 100;
export const highestRate = 192_000;

/**
 * Brings a stream of mono samples to 16 kHz with libsamplerate's band-limited sinc of medium quality: 121 dB signal to
 * noise, 0.3 dB less at 7 kHz. The fastest takes 14 dB away there, which a model hears; the best takes four times as
 * long. A stream at 16 kHz goes through untouched.
 */
export class Resampler {
  private received = 0;
  private returned = 0;
  private readonly step: number;

  private constructor(
    private readonly rate: number,
    private readonly converter: Converter | undefined,
  ) {
    this.step = Math.max(1, Math.floor(samplesAtOnce * Math.min(1, rate / engineRate)));
  }

  /** @param rate of what will be pushed, in Hz */
  static async create(rate: number): Promise<Resampler> {
    const options = { converterType: ConverterType.SRC_SINC_MEDIUM_QUALITY };
    return new Resampler(rate, rate === engineRate ? undefined : await create(1, rate, engineRate, options));
  }

  /** What `mono` becomes, as far as it is out of the filter, in arrays that the caller may keep. */
  *push(mono: Float32Array): Generator<Float32Array> {
    for (let start = 0; start < mono.length; start += this.step) {
      const part = mono.subarray(start, start + this.step);
      const resampled = this.converter ? this.converter.full(part) : part;
      this.received += part.length;
      this.returned += resampled.length;
      yield resampled;
    }
  }

  /** What is left in the filter, so that `round(received * 16000 / rate)` samples, at least one, came out in all. */
  *finish(): Generator<Float32Array> {
    const due = this.received === 0 ? 0 : Math.max(1, Math.round((this.received * engineRate) / this.rate));
    while (this.converter && this.returned < due) {
      const resampled = this.converter.full(new Float32Array(this.step)).subarray(0, due - this.returned);
      this.returned += resampled.length;
      yield resampled;
    }
    this.converter?.destroy();
  }
}
