import type { ByteReader } from './byte-reader';
import type { Decoder } from './decoder';
import { type PcmLayout, pcmToFloat } from './pcm';
import { missingSeconds } from './missing';

const samplesAStep = 65_536;

/** What the header of a file without compression says. */
export interface PcmStream {
  readonly sampleRate: number;
  readonly channels: number;
  readonly layout: PcmLayout;
  readonly codec: string;
  /** Bytes of sound that the header announces; undefined where it leaves that open, then the file's end decides. */
  readonly dataBytes: number | undefined;
}

/** Reads uncompressed samples from where `source` is. */
export class PcmDecoder implements Decoder {
  readonly sampleRate: number;
  readonly channels: number;
  readonly codec: string;
  readonly totalFrames: number;
  private readonly frameBytes: number;
  private readonly start: number;
  private readonly expectedBytes: number;
  private readonly piece: Uint8Array;
  private readBytes = 0;

  constructor(
    private readonly source: ByteReader,
    private readonly stream: PcmStream,
  ) {
    this.sampleRate = stream.sampleRate;
    this.channels = stream.channels;
    this.codec = stream.codec;
    this.frameBytes = stream.layout.bytes * stream.channels;
    this.start = source.position;
    const present = Math.max(0, source.size - this.start);
    this.expectedBytes = stream.dataBytes ?? present;
    this.totalFrames = Math.floor(Math.min(this.expectedBytes, present) / this.frameBytes);
    this.piece = new Uint8Array(Math.max(1, Math.floor(samplesAStep / stream.channels)) * this.frameBytes);
  }

  read(): Float32Array | undefined {
    const wanted = Math.min(this.piece.length, this.expectedBytes - this.readBytes);
    const got = wanted > 0 ? this.source.read(this.piece.subarray(0, wanted)) : 0;
    this.readBytes += got;
    const whole = got - (got % this.frameBytes);
    return got === 0 ? undefined : pcmToFloat(this.piece.subarray(0, whole), this.stream.layout);
  }

  warnings(): string[] {
    const missing = Math.floor((this.expectedBytes - this.readBytes) / this.frameBytes);
    return missing > 0 ? [missingSeconds(missing, this.expectedBytes / this.frameBytes, this.sampleRate)] : [];
  }
}
