import { EarmarkError } from '../../protocol/errors';
import type { ByteReader } from './byte-reader';
import { Codecs } from './codecs';
import type { Decoder } from './decoder';
import { InputBuffer } from './input-buffer';
import { missingSeconds } from './missing';
import { type Mp3Header, mp3Header } from './mp3-header';

/** What the decoder wants to see of the file to tell a frame from noise; dr_mp3's MIN_DATA_CHUNK_SIZE. */
const enoughBytes = 16_384;
const framesAStep = 16;
/** Samples by which every decoder is late, and which encoders' tags leave out: LAME's technical FAQ. */
const decoderDelay = 529;

interface GaplessTag {
  /** Samples per channel of the sound itself, without the encoder's delay and padding. */
  readonly total: number | undefined;
  readonly skip: number;
}

/** Decodes MPEG 1, 2 and 2.5 audio, layers 1 to 3, with dr_mp3 (after minimp3). Throws `audio-damaged`. */
export class Mp3Decoder implements Decoder {
  readonly sampleRate: number;
  readonly channels: number;
  readonly codec: string;
  readonly totalFrames: number | undefined;
  private toSkip: number;
  private decodedFrames = 0;
  private otherFormat = 0;
  private damaged = 0;
  private gap = false;
  private ended = false;
  private first: Float32Array | undefined;

  private constructor(
    private readonly codecs: Codecs,
    private readonly input: InputBuffer,
    header: Mp3Header,
    tag: GaplessTag | undefined,
    first: Float32Array | undefined,
  ) {
    this.sampleRate = header.sampleRate;
    this.channels = header.channels;
    this.codec = `MP${header.layer}`;
    this.totalFrames = tag?.total;
    this.toSkip = tag?.skip ?? 0;
    this.first = first;
  }

  static async open(source: ByteReader): Promise<Mp3Decoder> {
    const codecs = await Codecs.create();
    // A tag after the last frame would make the decoder take that frame for noise.
    const soundEnd = source.size - trailingTagBytes(await source.tail(64 * 1024));
    const input = new InputBuffer(codecs, source, 4 * enoughBytes, soundEnd);
    codecs.wasm.mp3_open();
    for (;;) {
      const found = nextFrame(codecs, input);
      if (!found) {
        throw new EarmarkError('audio-empty', `“${source.name}” has no MP3 sound in it.`);
      }
      if (found.samples && found.header) {
        const { header } = found;
        const tag = gaplessTag(found.frame, header);
        if (tag) {
          codecs.wasm.mp3_open();
        }
        return new Mp3Decoder(codecs, input, header, tag, tag ? undefined : found.samples);
      }
    }
  }

  read(): Float32Array | undefined {
    const parts: Float32Array[] = [];
    if (this.first) {
      parts.push(this.first);
      this.first = undefined;
    }
    for (let frame = 0; frame < framesAStep && !this.ended; frame++) {
      const found = nextFrame(this.codecs, this.input);
      if (!found) {
        this.ended = true;
      } else if (!found.samples || !found.header) {
        this.gap = true;
      } else {
        this.damaged += this.gap || found.skipped > 0 ? 1 : 0;
        this.gap = false;
        if (found.header.sampleRate === this.sampleRate) {
          parts.push(withChannels(found.samples, found.header.channels, this.channels));
        } else {
          this.otherFormat += found.header.samples / found.header.sampleRate;
        }
      }
    }
    return parts.length === 0 && this.ended ? undefined : this.trimmed(joined(parts));
  }

  warnings(): string[] {
    const warnings: string[] = [];
    if (this.damaged > 0) {
      warnings.push(`${this.damaged} damaged ${this.damaged === 1 ? 'place' : 'places'} in the file were skipped.`);
    }
    if (this.otherFormat > 0) {
      warnings.push(`${this.otherFormat.toFixed(1)} s in another sample rate were left out.`);
    }
    // A tag may count a frame that encoders leave out; only what can be heard is worth a warning.
    const missing = (this.totalFrames ?? 0) - this.decodedFrames;
    if (missing > 2 * 1152) {
      warnings.push(missingSeconds(missing, this.totalFrames!, this.sampleRate));
    }
    return warnings;
  }

  /** Without the encoder's delay at the beginning and its padding at the end. */
  private trimmed(samples: Float32Array): Float32Array {
    const frames = samples.length / this.channels;
    const skipped = Math.min(frames, this.toSkip);
    const kept = Math.max(0, Math.min(frames - skipped, (this.totalFrames ?? Infinity) - this.decodedFrames));
    this.toSkip -= skipped;
    this.decodedFrames += kept;
    return samples.subarray(skipped * this.channels, (skipped + kept) * this.channels);
  }
}

interface Found {
  /** A copy; undefined where the frame could not be decoded. */
  readonly samples: Float32Array | undefined;
  readonly header: Mp3Header | undefined;
  /** Bytes that were no frame, before it. */
  readonly skipped: number;
  readonly frame: Uint8Array;
}

/** Decodes the next frame; undefined at the end of the file. */
function nextFrame(codecs: Codecs, input: InputBuffer): Found | undefined {
  for (;;) {
    let more = true;
    while (input.length < enoughBytes && more) {
      more = input.fill();
    }
    const frames = input.length > 0 ? codecs.wasm.mp3_decode(input.address, input.length) : 0;
    const used = input.length > 0 ? codecs.wasm.mp3_used() : 0;
    if (used === 0) {
      if (!input.fill()) {
        return undefined;
      }
      continue;
    }
    const bytes = input.view().slice(0, used);
    const samples = frames > 0 ? codecs.decoded(frames).slice() : undefined;
    input.use(used);
    const start = samples ? frameStart(bytes) : used;
    const frame = bytes.subarray(start);
    return { samples, header: samples && headerOf(codecs, frame, frames), skipped: start, frame };
  }
}

/** Where in `bytes` the frame begins that reaches to their end; 0 where it can not be told (free bit rate). */
function frameStart(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === 0xff && mp3Header(bytes, at)?.bytes === bytes.length - at) {
      return at;
    }
  }
  return 0;
}

function headerOf(codecs: Codecs, frame: Uint8Array, samples: number): Mp3Header {
  const { wasm } = codecs;
  const decoded = { sampleRate: wasm.rate(), channels: wasm.channels(), samples, bytes: frame.length };
  return { ...(mp3Header(frame, 0) ?? { layer: 3, tagOffset: 36 }), ...decoded };
}

/** How long the ID3v2 tag at the beginning of `bytes` is; 0 where there is none. */
export function id3Bytes(bytes: Uint8Array): number {
  if (bytes.length < 10 || bytes[0] !== 0x49 || bytes[1] !== 0x44 || bytes[2] !== 0x33) {
    return 0;
  }
  const size = bytes.subarray(6, 10).reduce((sum, byte) => (sum << 7) | (byte & 0x7f), 0);
  return 10 + size + ((bytes[5]! & 0x10) === 0 ? 0 : 10);
}

/** How long the ID3v1 and APE tags at the end of a file are, of which `tail` is the end. */
function trailingTagBytes(tail: Uint8Array): number {
  let end = tail.length;
  const bytes = Buffer.from(tail);
  if (end >= 128 && bytes.toString('latin1', end - 128, end - 125) === 'TAG') {
    end -= 128;
  }
  if (end >= 32 && bytes.toString('latin1', end - 32, end - 24) === 'APETAGEX') {
    const hasHeader = bytes.readUInt32LE(end - 12) >= 2 ** 31;
    end -= bytes.readUInt32LE(end - 20) + (hasHeader ? 32 : 0);
  }
  return tail.length - end;
}

/** The Xing, Info and LAME tags of the first frame: it holds no sound then. */
function gaplessTag(frame: Uint8Array, header: Mp3Header): GaplessTag | undefined {
  const at = header.tagOffset;
  const tag = Buffer.from(frame.subarray(at));
  const name = tag.toString('latin1', 0, 4);
  if ((name !== 'Xing' && name !== 'Info') || tag.length < 12) {
    return undefined;
  }
  const flags = tag.readUInt32BE(4);
  const frames = (flags & 1) === 0 ? undefined : tag.readUInt32BE(8);
  const encoder = 8 + [1, 2, 8].filter((flag) => flags & flag).length * 4 + ((flags & 4) === 0 ? 0 : 100);
  if (tag.length < encoder + 24 || tag[encoder] === 0) {
    return { total: frames && frames * header.samples, skip: 0 };
  }
  const both = tag.readUIntBE(encoder + 21, 3);
  const delay = both >> 12;
  const padding = both & 0xfff;
  const total = frames && Math.max(0, frames * header.samples - delay - padding);
  return { total, skip: delay + decoderDelay };
}

function withChannels(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) {
    return samples;
  }
  if (from === 1) {
    return Float32Array.from({ length: samples.length * 2 }, (_, i) => samples[i >> 1]!);
  }
  return Float32Array.from({ length: samples.length / 2 }, (_, i) => (samples[2 * i]! + samples[2 * i + 1]!) / 2);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
