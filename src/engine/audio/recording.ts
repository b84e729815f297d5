import { EarmarkError } from '../../protocol/errors';
import type { DecodedPiece } from './decoders';
import { highestRate, lowestRate, Resampler } from './resample';
import { engineRate } from './windows';

/** The longest sound: its samples take 900 MB. */
const mostSeconds = 4 * 3600;
/** What 16 bits can not tell from nothing. */
const silence = 2 ** -15;

function tooLong(name: string): EarmarkError {
  const hours = String(mostSeconds / 3600);
  return new EarmarkError('audio-too-long', `“${name}” is longer than ${hours} hours.`, 'Cut it into shorter files.');
}

/** Samples as they are decoded: mixed down, cleaned of what is no number, and resampled to 16 kHz. */
export class Recording {
  private samples: Float32Array;
  private count = 0;
  private resampler: Resampler | undefined;
  private sampleRate = 0;
  private channels = 0;
  private notNumbers = 0;
  private damaged = 0;
  private otherRate = false;
  private loudest = 0;

  /**
   * @param expectedSeconds as much is set aside at once; the system gives the memory when it is written to
   * @throws EarmarkError `audio-too-long`
   */
  constructor(
    private readonly name: string,
    expectedSeconds = 60,
  ) {
    if (expectedSeconds > mostSeconds) {
      throw tooLong(name);
    }
    this.samples = new Float32Array(Math.ceil((expectedSeconds + 1) * engineRate));
  }

  /** How many samples at 16 kHz there are. */
  get length(): number {
    return this.count;
  }

  /** The samples so far; valid until the next piece. */
  soFar(): Float32Array {
    return this.samples.subarray(0, this.count);
  }

  /** @throws EarmarkError `audio-damaged` or `audio-too-long` */
  async add({ channelData, sampleRate, errors = [] }: DecodedPiece): Promise<void> {
    this.damaged += errors.length;
    const frames = channelData[0]?.length ?? 0;
    if (frames === 0) {
      return;
    }
    this.resampler ??= await this.begin(sampleRate, channelData.length);
    if (sampleRate !== this.sampleRate) {
      // A stream that changes its rate half-way is broken or spliced; what came first counts.
      this.otherRate = true;
      return;
    }
    for (const part of this.resampler.push(this.mixDown(channelData, frames))) {
      this.append(part);
    }
  }

  finish(): { samples: Float32Array; sampleRate: number; channels: number; warnings: string[] } {
    for (const part of this.resampler?.finish() ?? []) {
      this.append(part);
    }
    const { sampleRate, channels } = this;
    // A long sound that nearly fills its memory is not copied.
    const samples = this.count > 0.9 * this.samples.length ? this.soFar() : this.samples.slice(0, this.count);
    return { samples, sampleRate, channels, warnings: this.warnings() };
  }

  private begin(sampleRate: number, channels: number): Promise<Resampler> {
    if (!(sampleRate >= lowestRate && sampleRate <= highestRate)) {
      throw new EarmarkError(
        'audio-unsupported',
        `“${this.name}” says it has ${String(sampleRate)} samples a second; Earmark reads up to ${String(highestRate)}.`,
        'Convert it to 48000 samples a second.',
      );
    }
    this.sampleRate = sampleRate;
    this.channels = channels;
    return Resampler.create(sampleRate);
  }

  /** The mean of the channels, with 0 for what is no finite number. */
  private mixDown(channelData: readonly Float32Array[], frames: number): Float32Array {
    const mono = new Float32Array(frames);
    const share = 1 / channelData.length;
    for (const channel of channelData) {
      for (let i = 0; i < frames; i++) {
        const sample = channel[i]!;
        if (Number.isFinite(sample)) {
          mono[i]! += sample * share;
        } else {
          this.notNumbers++;
        }
      }
    }
    return mono;
  }

  private append(resampled: Float32Array): void {
    const needed = this.count + resampled.length;
    if (needed > mostSeconds * engineRate) {
      throw tooLong(this.name);
    }
    if (needed > this.samples.length) {
      const larger = new Float32Array(Math.max(needed, Math.ceil(this.samples.length * 1.5)));
      larger.set(this.samples);
      this.samples = larger;
    }
    for (const sample of resampled) {
      this.loudest = Math.max(this.loudest, Math.abs(sample));
    }
    this.samples.set(resampled, this.count);
    this.count = needed;
  }

  private warnings(): string[] {
    const warnings: string[] = [];
    if (this.damaged > 0) {
      warnings.push('Damaged parts of the file were passed over.');
    }
    if (this.otherRate) {
      warnings.push('Parts of the file in another sample rate were left out.');
    }
    if (this.notNumbers > 0) {
      warnings.push(`${String(this.notNumbers)} samples are not numbers; they were taken as silence.`);
    }
    if (this.count > 0 && this.loudest < silence) {
      warnings.push('The sound is silent.');
    }
    return warnings;
  }
}
