import type { DecoderName } from './format';

/** A piece of sound as the decoding libraries give it: one array a channel. */
export interface DecodedPiece {
  readonly channelData: readonly Float32Array[];
  readonly sampleRate: number;
  /** Places that could not be decoded and were passed over. */
  readonly errors?: readonly unknown[];
}

export type LibraryName = Exclude<DecoderName, 'ffmpeg'>;

/** A sound being decoded from its first byte to its last. */
export interface StreamDecoder {
  decode(bytes: Uint8Array): DecodedPiece | Promise<DecodedPiece>;
  /** What is still inside after the last byte. */
  flush(): DecodedPiece | Promise<DecodedPiece>;
  free(): void;
}

let quietCalls = 0;
let loud = console.error;

/** Runs what writes each damaged place to the console. The recording counts them, and the person is told once. */
async function quietly<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  if (quietCalls++ === 0) {
    loud = console.error;
    console.error = () => undefined;
  }
  try {
    return await work();
  } finally {
    if (--quietCalls === 0) {
      console.error = loud;
    }
  }
}

function quietDecoder(decoder: StreamDecoder): StreamDecoder {
  return {
    decode: (bytes) => quietly(() => decoder.decode(bytes)),
    flush: () => quietly(() => decoder.flush()),
    free: () => {
      decoder.free();
    },
  };
}

/**
 * What stands before the samples of a WAV, but for the format, is kept from the decoder: behind a chunk of an odd length
 * RIFF wants a byte more, which it does not know of, and then it finds no samples.
 */
function withoutOtherChunks(decoder: StreamDecoder): StreamDecoder {
  let head: Buffer | undefined = Buffer.alloc(0);
  return {
    decode: (bytes) => {
      if (!head) return decoder.decode(bytes);
      head = Buffer.concat([head, bytes]);
      const plain = plainWav(head);
      if (!plain) return { channelData: [], sampleRate: 0 };
      head = undefined;
      return decoder.decode(plain);
    },
    flush: () => decoder.flush(),
    free: () => {
      decoder.free();
    },
  };
}

/** The beginning of a WAV with its format and its samples alone; undefined where it does not reach as far as these. */
function plainWav(bytes: Buffer): Uint8Array | undefined {
  const kept = [bytes.subarray(0, 12)];
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = bytes.toString('latin1', at, at + 4);
    // The decoder needs a plain array: it copies what is not aligned by `slice`, which of a Buffer copies nothing.
    if (id === 'data') return new Uint8Array(Buffer.concat([...kept, bytes.subarray(at)]));
    const end = at + 8 + bytes.readUInt32LE(at + 4);
    if (id === 'fmt ') kept.push(bytes.subarray(at, end));
    at = end + (end % 2);
  }
  return undefined;
}

/**
 * The library that decodes a format, loaded when it is needed since most bring a WebAssembly module.
 *
 * Licences: MIT; libFLAC, libvorbis and libopus inside are BSD, libmpg123 is LGPL-2.1 and therefore stays a package of
 * its own beside the bundle.
 */
export async function openDecoder(name: LibraryName): Promise<StreamDecoder> {
  switch (name) {
    case 'wav':
      return withoutOtherChunks((await import('@audio/decode-wav')).decoder());
    case 'aiff':
      return (await import('@audio/decode-aiff')).decoder();
    case 'mp3': {
      const { MPEGDecoder } = await import('mpg123-decoder');
      const decoder = new MPEGDecoder();
      await decoder.ready;
      return {
        decode: (bytes) => quietly(() => decoder.decode(bytes)),
        flush: () => ({ channelData: [], sampleRate: 0 }),
        free: () => {
          decoder.free();
        },
      };
    }
    case 'flac': {
      const { FLACDecoder } = await import('@wasm-audio-decoders/flac');
      const decoder = new FLACDecoder();
      await decoder.ready;
      return quietDecoder(decoder);
    }
    case 'vorbis': {
      const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis');
      const decoder = new OggVorbisDecoder();
      await decoder.ready;
      return decoder;
    }
    case 'opus': {
      const { OggOpusDecoder } = await import('ogg-opus-decoder');
      const decoder = new OggOpusDecoder();
      await decoder.ready;
      return quietDecoder(decoder);
    }
  }
}
