import { EarmarkError } from '../../protocol/errors';
import type { ByteReader } from './byte-reader';
import { Codecs } from './codecs';
import type { Decoder } from './decoder';
import { missingSeconds } from './missing';

const framesAStep = 8192;

/** Decodes FLAC, by itself or in Ogg, with dr_flac. Throws `audio-damaged`. */
export class FlacDecoder implements Decoder {
  readonly sampleRate: number;
  readonly channels: number;
  readonly codec: string;
  readonly totalFrames: number | undefined;
  private decodedFrames = 0;

  private constructor(private readonly codecs: Codecs) {
    const { wasm } = codecs;
    this.sampleRate = wasm.rate();
    this.channels = wasm.channels();
    this.codec = `FLAC, ${wasm.bits()}-bit`;
    this.totalFrames = wasm.total() > 0 ? wasm.total() : undefined;
  }

  static async open(source: ByteReader): Promise<FlacDecoder> {
    const codecs = await Codecs.create({
      read: (target) => source.read(target),
      skip: (count) => source.skip(count),
    });
    if (codecs.wasm.flac_open(framesAStep) === 0) {
      throw new EarmarkError('audio-damaged', `The header of “${source.name}” is damaged or cut off.`);
    }
    return new FlacDecoder(codecs);
  }

  read(): Float32Array | undefined {
    const frames = this.codecs.wasm.flac_decode(framesAStep);
    this.decodedFrames += frames;
    return frames > 0 ? this.codecs.decoded(frames) : undefined;
  }

  warnings(): string[] {
    const missing = (this.totalFrames ?? 0) - this.decodedFrames;
    return missing > 0 ? [missingSeconds(missing, this.totalFrames!, this.sampleRate)] : [];
  }
}
