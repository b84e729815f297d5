/** How samples lie in a file that is not compressed. */
export interface PcmLayout {
  readonly kind: 'signed' | 'unsigned' | 'float' | 'a-law' | 'mu-law';
  /** Bytes a sample: 1 to 4 for integers (8 bits unsigned: 1), 4 or 8 for floats, 1 for A-law and mu-law. */
  readonly bytes: number;
  readonly littleEndian: boolean;
}

/** Whether there is such a layout. */
export function isPcmLayout({ kind, bytes }: PcmLayout): boolean {
  switch (kind) {
    case 'signed':
      return bytes >= 1 && bytes <= 4;
    case 'unsigned':
    case 'a-law':
    case 'mu-law':
      return bytes === 1;
    case 'float':
      return bytes === 4 || bytes === 8;
  }
}

/** For people: "16-bit", "32-bit float", "A-law". */
export function describePcm({ kind, bytes }: PcmLayout, bits = bytes * 8): string {
  switch (kind) {
    case 'signed':
    case 'unsigned':
      return `${bits}-bit`;
    case 'float':
      return `${bytes * 8}-bit float`;
    case 'a-law':
      return 'A-law';
    case 'mu-law':
      return 'µ-law';
  }
}

/** Samples as floats: integers are divided by 2^(bits - 1), so that they are in [-1, 1), floats are taken as they are. */
export function pcmToFloat(data: Uint8Array, layout: PcmLayout): Float32Array {
  const { bytes, littleEndian } = layout;
  const count = Math.floor(data.length / bytes);
  const samples = new Float32Array(count);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  switch (layout.kind) {
    case 'unsigned':
      for (let i = 0; i < count; i++) {
        samples[i] = (data[i]! - 128) / 128;
      }
      break;
    case 'a-law':
    case 'mu-law': {
      const table = layout.kind === 'a-law' ? aLaw() : muLaw();
      for (let i = 0; i < count; i++) {
        samples[i] = table[data[i]!]!;
      }
      break;
    }
    case 'float':
      for (let i = 0; i < count; i++) {
        samples[i] = bytes === 4 ? view.getFloat32(i * 4, littleEndian) : view.getFloat64(i * 8, littleEndian);
      }
      break;
    case 'signed':
      signedToFloat(view, bytes, littleEndian, samples);
      break;
  }
  return samples;
}

function signedToFloat(view: DataView, bytes: number, littleEndian: boolean, samples: Float32Array): void {
  const count = samples.length;
  switch (bytes) {
    case 1:
      for (let i = 0; i < count; i++) {
        samples[i] = view.getInt8(i) / 2 ** 7;
      }
      break;
    case 2:
      for (let i = 0; i < count; i++) {
        samples[i] = view.getInt16(i * 2, littleEndian) / 2 ** 15;
      }
      break;
    case 3:
      for (let i = 0, at = 0; i < count; i++, at += 3) {
        const low = view.getUint8(littleEndian ? at : at + 2);
        const high = view.getInt8(littleEndian ? at + 2 : at);
        samples[i] = ((high << 16) | (view.getUint8(at + 1) << 8) | low) / 2 ** 23;
      }
      break;
    case 4:
      for (let i = 0; i < count; i++) {
        samples[i] = view.getInt32(i * 4, littleEndian) / 2 ** 31;
      }
      break;
  }
}

let aLawTable: Float32Array | undefined;
let muLawTable: Float32Array | undefined;

/** ITU-T G.711, A-law. */
function aLaw(): Float32Array {
  return (aLawTable ??= Float32Array.from({ length: 256 }, (_, code) => {
    const bits = code ^ 0x55;
    const exponent = (bits >> 4) & 7;
    const mantissa = ((bits & 15) << 4) + 8;
    const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
    return ((bits & 0x80) === 0 ? -magnitude : magnitude) / 2 ** 15;
  }));
}

/** ITU-T G.711, mu-law. */
function muLaw(): Float32Array {
  return (muLawTable ??= Float32Array.from({ length: 256 }, (_, code) => {
    const bits = ~code & 0xff;
    const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132;
    return ((bits & 0x80) === 0 ? magnitude : -magnitude) / 2 ** 15;
  }));
}
