import { EarmarkError } from '../../protocol/errors';
import type { ByteReader } from './byte-reader';
import { describePcm, isPcmLayout, type PcmLayout } from './pcm';
import { PcmDecoder } from './pcm-decoder';

interface Common {
  readonly channels: number;
  readonly frames: number;
  readonly bits: number;
  readonly sampleRate: number;
  /** undefined: compressed */
  readonly layout: PcmLayout | undefined;
}

/**
 * Opens an AIFF or AIFF-C file; undefined where its samples are compressed. Throws `audio-damaged`, or `audio-empty`
 * where the file ends before any sound.
 *
 * Source: Audio Interchange File Format "AIFF-C", Apple, 1991.
 */
export function openAiff(source: ByteReader): PcmDecoder | undefined {
  source.skip(12);
  let common: Common | undefined;
  for (;;) {
    const header = new Uint8Array(8);
    if (source.read(header) < 8) {
      throw new EarmarkError('audio-empty', `“${source.name}” has a header, but no sound.`);
    }
    const id = Buffer.from(header.subarray(0, 4)).toString('latin1');
    const size = new DataView(header.buffer).getUint32(4, false);
    const body = new Uint8Array(Math.min(size, id === 'SSND' ? 8 : 64));
    source.read(body);
    const view = new DataView(body.buffer);
    if (id === 'SSND') {
      if (!common) {
        throw new EarmarkError('audio-damaged', `“${source.name}” does not say what format its samples are in.`);
      }
      const { layout, channels, frames, bits, sampleRate } = common;
      if (!layout || !isPcmLayout(layout)) {
        return undefined;
      }
      source.skip(body.length >= 4 ? view.getUint32(0, false) : 0);
      const codec = `AIFF, ${describePcm(layout, bits)}`;
      return new PcmDecoder(source, {
        sampleRate,
        channels,
        layout,
        codec,
        dataBytes: frames * channels * layout.bytes,
      });
    }
    if (id === 'COMM' && body.length >= 18) {
      common = readCommon(view);
    }
    source.skip(size - body.length + (size % 2));
  }
}

function readCommon(view: DataView): Common {
  const bits = view.getUint16(6, false);
  const name = view.byteLength >= 22 ? Buffer.from(view.buffer, 18, 4).toString('latin1') : 'NONE';
  return {
    channels: view.getUint16(0, false),
    frames: view.getUint32(2, false),
    bits,
    sampleRate: extended(view, 8),
    layout: layoutOf(name, Math.ceil(bits / 8)),
  };
}

function layoutOf(name: string, bytes: number): PcmLayout | undefined {
  switch (name.toLowerCase()) {
    case 'none':
    case 'twos':
    case 'in24':
    case 'in32':
      return { kind: 'signed', bytes, littleEndian: false };
    case 'sowt':
      return { kind: 'signed', bytes, littleEndian: true };
    case 'raw ':
      return { kind: 'unsigned', bytes, littleEndian: true };
    case 'fl32':
      return { kind: 'float', bytes: 4, littleEndian: false };
    case 'fl64':
      return { kind: 'float', bytes: 8, littleEndian: false };
    case 'alaw':
      return { kind: 'a-law', bytes: 1, littleEndian: true };
    case 'ulaw':
      return { kind: 'mu-law', bytes: 1, littleEndian: true };
    default:
      return undefined;
  }
}

/** The 80-bit float at `at`, big-endian (IEEE 754 extended), as a number; its sign is ignored. */
function extended(view: DataView, at: number): number {
  const exponent = (view.getUint16(at, false) & 0x7fff) - 16_383;
  const mantissa = view.getUint32(at + 2, false) * 2 ** -31 + view.getUint32(at + 6, false) * 2 ** -63;
  return Math.round(mantissa * 2 ** exponent);
}
