import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { codecsWasm } from './codecs-wasm';

/** Where a decoder that pulls its input gets it from. */
export interface PullSource {
  /** Fills the beginning of `target`; returns how many bytes, 0 only at the end. */
  read(target: Uint8Array): number;
  /** Goes forward by `count` bytes; false where the file ends before. */
  skip(count: number): boolean;
}

/** What the module of recipes/audio-codecs/codecs.c exports; the meanings are documented there. */
interface CodecExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  allocate(bytes: number): number;
  release(pointer: number): void;
  channels(): number;
  rate(): number;
  bits(): number;
  total(): number;
  samples(): number;
  mp3_open(): number;
  mp3_decode(bytes: number, count: number): number;
  mp3_used(): number;
  flac_open(mostFrames: number): number;
  flac_decode(mostFrames: number): number;
  vorbis_open(bytes: number, count: number): number;
  vorbis_decode(bytes: number, count: number): number;
  vorbis_used(): number;
  vorbis_error(): number;
  resample_open(from: number, to: number, divisor: number): number;
  resample(input: number, inputLength: number, output: number, outputCapacity: number): number;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** One instance of the WebAssembly module: it decodes one file or resamples one stream, and is then dropped. */
export class Codecs {
  private constructor(readonly wasm: CodecExports) {}

  static async create(source: PullSource = { read: () => 0, skip: () => false }): Promise<Codecs> {
    compiled ??= promisify(gunzip)(Buffer.from(codecsWasm, 'base64')).then((bytes) => WebAssembly.compile(bytes));
    const instance: { wasm?: CodecExports } = {};
    const imports = {
      source: {
        read: (into: number, count: number) => source.read(new Uint8Array(instance.wasm!.memory.buffer, into, count)),
        skip: (count: number) => (source.skip(count) ? 1 : 0),
      },
    };
    const { exports } = await WebAssembly.instantiate(await compiled, imports);
    const wasm = exports as unknown as CodecExports;
    instance.wasm = wasm;
    wasm._initialize();
    return new Codecs(wasm);
  }

  /** `count` bytes of the module's memory. Any call into the module may move the memory: ask anew after each. */
  bytes(pointer: number, count: number): Uint8Array {
    return new Uint8Array(this.wasm.memory.buffer, pointer, count);
  }

  floats(pointer: number, count: number): Float32Array {
    return new Float32Array(this.wasm.memory.buffer, pointer, count);
  }

  /** The samples of the last decoding call, interleaved, [frames * channels]; valid until the next one. */
  decoded(frames: number): Float32Array {
    return this.floats(this.wasm.samples(), frames * this.wasm.channels());
  }
}
