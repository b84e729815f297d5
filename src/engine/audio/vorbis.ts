import { EarmarkError } from '../../protocol/errors';
import type { ByteReader } from './byte-reader';
import { Codecs } from './codecs';
import type { Decoder } from './decoder';
import { InputBuffer } from './input-buffer';
import { oggEnd, oggSerial, type OggEnd } from './ogg';

const inputBytes = 256 * 1024;
/** Headers of more than this are no headers: comments may hold pictures. */
const mostHeaderBytes = 64 * 1024 * 1024;
const samplesAStep = 8192;

/** Decodes Ogg Vorbis with stb_vorbis. Throws `audio-damaged`. */
export class VorbisDecoder implements Decoder {
  readonly sampleRate: number;
  readonly channels: number;
  readonly codec = 'Ogg Vorbis';
  readonly totalFrames: number | undefined;
  private decodedFrames = 0;
  private ended = false;
  private damaged = 0;

  private constructor(
    private readonly codecs: Codecs,
    private readonly input: InputBuffer,
    private readonly end: OggEnd,
  ) {
    this.sampleRate = codecs.wasm.rate();
    this.channels = codecs.wasm.channels();
    this.totalFrames = end.granule;
  }

  static async open(source: ByteReader): Promise<VorbisDecoder> {
    const codecs = await Codecs.create();
    const end = await oggEnd(source, oggSerial(source.peek(32)));
    const input = new InputBuffer(codecs, source, inputBytes);
    for (;;) {
      const more = input.length < mostHeaderBytes && input.fill();
      const opened = codecs.wasm.vorbis_open(input.address, input.length);
      if (opened === 1) {
        input.use(codecs.wasm.vorbis_used());
        return new VorbisDecoder(codecs, input, end);
      }
      if (opened < 0 || !more) {
        throw new EarmarkError('audio-damaged', `The header of “${source.name}” is damaged or cut off.`);
      }
    }
  }

  read(): Float32Array | undefined {
    const step = new Float32Array((samplesAStep + 8192) * this.channels);
    let at = 0;
    while (at < samplesAStep * this.channels && !this.ended) {
      const frames = this.block();
      const decoded = this.codecs.decoded(frames);
      step.set(decoded, at);
      at += decoded.length;
    }
    if (at === 0 && this.ended) {
      return undefined;
    }
    const frames = Math.min(at / this.channels, this.end.complete ? this.left() : Infinity);
    this.decodedFrames += frames;
    return step.subarray(0, frames * this.channels);
  }

  warnings(): string[] {
    const warnings: string[] = [];
    if (this.damaged > 0) {
      warnings.push('Damaged parts of the file were skipped.');
    }
    if (!this.end.complete) {
      warnings.push('The file ends early: it is cut off, and does not say how much is missing.');
    }
    return warnings;
  }

  private left(): number {
    return Math.max(0, (this.totalFrames ?? Infinity) - this.decodedFrames);
  }

  /** Decodes one block, at most 8192 samples per channel. */
  private block(): number {
    const { wasm } = this.codecs;
    for (;;) {
      const frames = wasm.vorbis_decode(this.input.address, this.input.length);
      const used = wasm.vorbis_used();
      // 35 and more: a page or packet that is not valid; stb_vorbis finds the next one by itself.
      this.damaged += wasm.vorbis_error() >= 20 ? 1 : 0;
      this.input.use(used);
      if (frames > 0 || used > 0) {
        return frames;
      }
      if (!this.input.fill()) {
        this.ended = true;
        return 0;
      }
    }
  }
}
