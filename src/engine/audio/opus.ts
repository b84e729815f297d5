import type { OpusDecoder as WasmOpusDecoder } from 'opus-decoder';
import { EarmarkError } from '../../protocol/errors';
import type { ByteReader } from './byte-reader';
import type { Decoder } from './decoder';
import { oggEnd, OggPackets, oggSerial, type OggEnd } from './ogg';

/** The rate at which Opus always counts, and is decoded here. */
const opusRate = 48_000;
/** 120 ms, the longest packet. */
const mostPacketFrames = 5760;
const packetsAStep = 32;

/** Decodes Ogg Opus (RFC 7845) with libopus. Throws `audio-damaged`. */
export class OpusDecoder implements Decoder {
  readonly sampleRate = opusRate;
  readonly codec = 'Ogg Opus';
  readonly channels: number;
  readonly totalFrames: number | undefined;
  private toSkip: number;
  private decodedFrames = 0;
  private damagedPackets = 0;
  private readonly waiting: Uint8Array[] = [];

  private constructor(
    private readonly decoder: WasmOpusDecoder<48000>,
    private readonly packets: OggPackets,
    head: OpusHead,
    private readonly end: OggEnd,
  ) {
    this.channels = head.channels;
    this.gain = 10 ** (head.gainDecibels / 20);
    this.toSkip = head.preSkip;
    this.totalFrames = end.granule === undefined ? undefined : Math.max(0, end.granule - head.preSkip);
  }

  private readonly gain: number;

  static async open(source: ByteReader): Promise<OpusDecoder> {
    const end = await oggEnd(source, oggSerial(source.peek(32)));
    const packets = new OggPackets(source);
    const head = readHead(packets.next()?.[0]);
    if (!head || !skipTags(packets)) {
      throw new EarmarkError('audio-damaged', `The header of “${source.name}” is damaged or cut off.`);
    }
    // Loaded when it is needed: it brings its own WebAssembly module.
    const { OpusDecoder: Wasm } = await import('opus-decoder');
    const { channels, streams, coupled, mapping } = head;
    const decoder = new Wasm({
      sampleRate: opusRate,
      channels,
      streamCount: streams,
      coupledStreamCount: coupled,
      channelMappingTable: mapping,
      preSkip: 0,
    });
    await decoder.ready;
    return new OpusDecoder(decoder, packets, head, end);
  }

  read(): Float32Array | undefined {
    while (this.waiting.length === 0) {
      const more = this.packets.next();
      if (!more) {
        return undefined;
      }
      this.waiting.push(...more);
    }
    // libopus is only given what it can decode: the wrapper writes its complaints to the console.
    const batch = this.waiting.splice(0, packetsAStep).filter((packet) => this.isWhole(packet));
    const { channelData, samplesDecoded, errors } = this.decoder.decodeFrames(batch);
    this.damagedPackets += errors.length;
    return this.trimmed(channelData, samplesDecoded);
  }

  warnings(): string[] {
    const warnings: string[] = [];
    if (this.damagedPackets + this.packets.damaged > 0) {
      warnings.push('Damaged parts of the file were skipped.');
    }
    if (!this.end.complete) {
      warnings.push('The file ends early: it is cut off, and does not say how much is missing.');
    }
    return warnings;
  }

  close(): Promise<void> {
    this.decoder.free();
    return Promise.resolve();
  }

  private isWhole(packet: Uint8Array): boolean {
    const frames = packetFrames(packet);
    const whole = frames > 0 && frames <= mostPacketFrames;
    this.damagedPackets += whole ? 0 : 1;
    return whole;
  }

  /** Interleaved, without the encoder's delay and what goes beyond the end. */
  private trimmed(planes: readonly Float32Array[], frames: number): Float32Array {
    const start = Math.min(frames, this.toSkip);
    this.toSkip -= start;
    const left = this.end.complete ? (this.totalFrames ?? Infinity) - this.decodedFrames : Infinity;
    const kept = Math.max(0, Math.min(frames - start, left));
    this.decodedFrames += kept;
    const samples = new Float32Array(kept * this.channels);
    planes.forEach((plane, channel) => {
      for (let i = 0; i < kept; i++) {
        samples[i * this.channels + channel] = plane[start + i]! * this.gain;
      }
    });
    return samples;
  }
}

interface OpusHead {
  readonly channels: number;
  readonly preSkip: number;
  readonly gainDecibels: number;
  readonly streams: number;
  readonly coupled: number;
  readonly mapping: number[];
}

/** RFC 7845, section 5.1. */
function readHead(packet: Uint8Array | undefined): OpusHead | undefined {
  const bytes = packet && Buffer.from(packet);
  if (!bytes || bytes.length < 19 || bytes.toString('latin1', 0, 8) !== 'OpusHead') {
    return undefined;
  }
  const channels = bytes[9]!;
  const family = bytes[18]!;
  const common = { channels, preSkip: bytes.readUInt16LE(10), gainDecibels: bytes.readInt16LE(16) / 256 };
  if (family === 0) {
    return channels === 1 || channels === 2
      ? { ...common, streams: 1, coupled: channels - 1, mapping: channels === 2 ? [0, 1] : [0] }
      : undefined;
  }
  return bytes.length >= 21 + channels && channels > 0
    ? { ...common, streams: bytes[19]!, coupled: bytes[20]!, mapping: [...bytes.subarray(21, 21 + channels)] }
    : undefined;
}

/** Passes over the comments, which may reach over many pages. */
function skipTags(packets: OggPackets): boolean {
  for (let page = packets.next(); page; page = packets.next()) {
    if (page.length > 0) {
      return true;
    }
  }
  return false;
}

/** Samples at 48 kHz that a packet stands for, by its first bytes; 0 where it is empty. RFC 6716, section 3. */
function packetFrames(packet: Uint8Array): number {
  const [toc, second = 0] = packet;
  if (toc === undefined) {
    return 0;
  }
  const config = toc >> 3;
  const milliseconds =
    config < 12 ? [10, 20, 40, 60][config & 3]! : config < 16 ? [10, 20][config & 1]! : [2.5, 5, 10, 20][config & 3]!;
  const code = toc & 3;
  const count = code === 0 ? 1 : code === 3 ? second & 0x3f : 2;
  return count * milliseconds * 48;
}
