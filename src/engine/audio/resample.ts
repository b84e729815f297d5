import { Codecs } from './codecs';
import { engineRate } from './windows';

const inputSamples = 16_384;

/**
 * Brings a stream of mono samples to 16 kHz with SpeexDSP's windowed sinc at its best quality (10): flat to about 96 %
 * of the lower of both Nyquist frequencies, rejection of at least 90 dB above it, delay removed. A stream that is at
 * 16 kHz goes through untouched.
 */
export class Resampler {
  private received = 0;
  private returned = 0;

  private constructor(
    private readonly rate: number,
    private readonly codecs: Codecs | undefined,
    /** The filter's delay in input samples. */
    private readonly latency: number,
    private readonly input: number,
    private readonly output: number,
    private readonly outputCapacity: number,
  ) {}

  /** @param rate of what will be pushed, Hz, from 1 to 768000 */
  static async create(rate: number): Promise<Resampler> {
    if (rate === engineRate) {
      return new Resampler(rate, undefined, 0, 0, 0, 0);
    }
    const codecs = await Codecs.create();
    const latency = codecs.wasm.resample_open(rate, engineRate, greatestDivisor(rate, engineRate));
    if (latency < 0) {
      throw new Error(`No resampler for ${rate} Hz.`);
    }
    // Of a slow stream few samples are taken at once, so that what they become still fits.
    const capacity = Math.ceil((inputSamples * engineRate) / Math.max(rate, 1000)) + 1024;
    const input = codecs.wasm.allocate(inputSamples * Float32Array.BYTES_PER_ELEMENT);
    const output = codecs.wasm.allocate(capacity * Float32Array.BYTES_PER_ELEMENT);
    return new Resampler(rate, codecs, latency, input, output, capacity);
  }

  /** Hands what `mono` becomes to `take`, in pieces that are valid during the call. */
  push(mono: Float32Array, take: (resampled: Float32Array) => void): void {
    this.received += mono.length;
    if (this.codecs) {
      this.run(mono, take, Infinity);
    } else {
      take(mono);
    }
  }

  /** Ends the stream: what is still in the filter comes out, so that round(received * 16000 / rate) samples did. */
  finish(take: (resampled: Float32Array) => void): void {
    if (!this.codecs || this.received === 0) {
      return;
    }
    const due = Math.max(1, Math.round((this.received * engineRate) / this.rate));
    const silence = new Float32Array(Math.min(inputSamples, this.latency + Math.ceil(this.rate / engineRate) + 1));
    while (this.returned < due) {
      this.run(silence, take, due);
    }
  }

  private run(mono: Float32Array, take: (resampled: Float32Array) => void, due: number): void {
    const { wasm } = this.codecs!;
    const step = Math.min(
      inputSamples,
      Math.max(1, Math.floor(((this.outputCapacity - 1024) * this.rate) / engineRate)),
    );
    for (let start = 0; start < mono.length && this.returned < due; start += step) {
      const part = mono.subarray(start, start + step);
      this.codecs!.floats(this.input, part.length).set(part);
      const made = wasm.resample(this.input, part.length, this.output, this.outputCapacity);
      const wanted = Math.min(made, due - this.returned);
      this.returned += wanted;
      if (wanted > 0) {
        take(this.codecs!.floats(this.output, wanted));
      }
    }
  }
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
