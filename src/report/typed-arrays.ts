/**
 * JSON that carries typed arrays: `{"$typed": "Float32Array", "base64": "…"}`, little-endian bytes. For reports and for
 * anything else that is written to a file; between processes typed arrays travel as they are.
 */
type Typed = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

interface Packed {
  readonly $typed: 'Float32Array' | 'Uint8Array';
  readonly base64: string;
}

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (item instanceof Float32Array || item instanceof Uint8Array) {
      return { $typed: item instanceof Float32Array ? 'Float32Array' : 'Uint8Array', base64: toBase64(item) };
    }
    return item;
  });
}

export function fromJson(json: string): unknown {
  return JSON.parse(json, (_key, item: unknown) => (isPacked(item) ? unpack(item) : item));
}

function isPacked(item: unknown): item is Packed {
  return typeof item === 'object' && item !== null && '$typed' in item && 'base64' in item;
}

function unpack({ $typed, base64 }: Packed): Typed {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return $typed === 'Float32Array' ? new Float32Array(bytes.buffer) : bytes;
}

/** In pieces, because the arguments of a call have a limit. `btoa` is in browsers and in Node alike. */
function toBase64(array: Float32Array | Uint8Array): string {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let text = '';
  for (let start = 0; start < bytes.length; start += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  }
  return btoa(text);
}
