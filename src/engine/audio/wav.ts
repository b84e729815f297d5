import { EarmarkError } from '../../protocol/errors';
import type { ByteReader } from './byte-reader';
import { describePcm, isPcmLayout, type PcmLayout } from './pcm';
import { PcmDecoder } from './pcm-decoder';

const unknown32 = 0xffffffff;

interface Format {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly layout: PcmLayout;
  readonly bits: number;
}

/**
 * Opens a RIFF, RF64 or BW64 WAVE file; undefined where its samples are compressed. Throws `audio-damaged`, or
 * `audio-empty` where the file ends before any sound.
 *
 * Sources: Multimedia Programming Interface and Data Specifications 1.0; EBU Tech 3306 (RF64); ITU-R BS.2088 (BW64).
 */
export function openWav(source: ByteReader): PcmDecoder | undefined {
  source.skip(12);
  let format: Format | undefined;
  let longDataBytes: number | undefined;
  for (;;) {
    const header = chunkHeader(source);
    if (!header) {
      throw new EarmarkError('audio-empty', `“${source.name}” has a header, but no sound.`);
    }
    const { id, size } = header;
    if (id === 'data') {
      if (!format) {
        throw new EarmarkError('audio-damaged', `“${source.name}” does not say what format its samples are in.`);
      }
      return isPcmLayout(format.layout)
        ? new PcmDecoder(source, {
            sampleRate: format.sampleRate,
            channels: format.channels,
            layout: format.layout,
            codec: `WAV, ${describePcm(format.layout, format.bits)}`,
            // 0 and 0xFFFFFFFF are written by programs that did not know the length when they began.
            dataBytes: longDataBytes ?? (size === 0 || size === unknown32 ? undefined : size),
          })
        : undefined;
    }
    const body = new Uint8Array(Math.min(size, 64));
    source.read(body);
    const view = new DataView(body.buffer);
    if (id === 'fmt ' && body.length >= 16) {
      format = readFormat(view);
    } else if (id === 'ds64' && body.length >= 16) {
      longDataBytes = Number(view.getBigUint64(8, true));
    }
    source.skip(size - body.length + (size % 2));
  }
}

function chunkHeader(source: ByteReader): { id: string; size: number } | undefined {
  const header = new Uint8Array(8);
  if (source.read(header) < 8) {
    return undefined;
  }
  return {
    id: Buffer.from(header.subarray(0, 4)).toString('latin1'),
    size: new DataView(header.buffer).getUint32(4, true),
  };
}

function readFormat(view: DataView): Format {
  const channels = view.getUint16(2, true);
  const blockBytes = view.getUint16(12, true);
  const bits = view.getUint16(14, true);
  let tag = view.getUint16(0, true);
  if (tag === 0xfffe && view.byteLength >= 26) {
    // WAVE_FORMAT_EXTENSIBLE: the format is the beginning of the GUID.
    tag = view.getUint16(24, true);
  }
  // Samples are at the top of their container, so that 20 bits in 3 bytes read like 24.
  const bytes =
    channels > 0 && blockBytes % channels === 0 && blockBytes > 0 ? blockBytes / channels : Math.ceil(bits / 8);
  return {
    tag,
    channels,
    sampleRate: view.getUint32(4, true),
    bits,
    layout: { kind: kindOf(tag, bytes), bytes: isKnown(tag) ? bytes : 0, littleEndian: true },
  };
}

function isKnown(tag: number): boolean {
  return tag === 1 || tag === 3 || tag === 6 || tag === 7;
}

function kindOf(tag: number, bytes: number): PcmLayout['kind'] {
  switch (tag) {
    case 3:
      return 'float';
    case 6:
      return 'a-law';
    case 7:
      return 'mu-law';
    default:
      return bytes === 1 ? 'unsigned' : 'signed';
  }
}
