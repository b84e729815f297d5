import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { type Clip, readClip, type ReadClipOptions } from '../../src/engine/audio/clip';
import type { EarmarkError } from '../../src/protocol/errors';

export const fixtures = path.join(import.meta.dirname, '..', 'fixtures', 'audio');

/** The tone of the fixtures at 44.1 kHz; left channel, 16 bits. test/fixtures/audio/make.mjs */
export function sweep(): Int16Array {
  const rate = 44_100;
  return Int16Array.from({ length: rate }, (_, i) => {
    const phase = ((2 * Math.PI * 200) / Math.log(25)) * (25 ** (i / rate) - 1);
    return Math.round(0.5 * Math.sin(phase) * Math.min(1, i / 441, (rate - i) / 441) * 32_768);
  });
}

export function sine(frequency: number, rate: number, count: number, amplitude = 0.5): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * i) / rate));
}

export interface WavOptions {
  readonly rate?: number;
  readonly channels?: number;
  /** 1 integer, 3 float, 6 A-law, 7 mu-law */
  readonly tag?: number;
  readonly bits?: number;
  readonly extensible?: boolean;
  /** What the data chunk says of its size; what is there by default. */
  readonly dataSize?: number;
  /** What the file says of its own size. */
  readonly riffSize?: number;
  readonly before?: Uint8Array;
}

export function chunk(id: string, body: Uint8Array, size = body.length): Buffer {
  const header = Buffer.alloc(8);
  header.write(id, 0, 'latin1');
  header.writeUInt32LE(size, 4);
  return Buffer.concat([header, body, Buffer.alloc(body.length % 2)]);
}

/** A RIFF WAVE file around the bytes of interleaved samples. */
export function wav(data: Uint8Array, options: WavOptions = {}): Buffer {
  const { rate = 16_000, channels = 1, tag = 1, bits = 16, extensible = false } = options;
  const format = Buffer.alloc(extensible ? 40 : 16);
  format.writeUInt16LE(extensible ? 0xfffe : tag, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt32LE(Math.min(0xffffffff, (rate * channels * bits) / 8), 8);
  format.writeUInt16LE((channels * bits) / 8, 12);
  format.writeUInt16LE(bits, 14);
  if (extensible) {
    format.writeUInt16LE(22, 16);
    format.writeUInt16LE(bits, 18);
    format.writeUInt16LE(tag, 24);
    Buffer.from('000000001000800000aa00389b71', 'hex').copy(format, 26);
  }
  const body = Buffer.concat([
    Buffer.from('WAVE'),
    options.before ?? new Uint8Array(),
    chunk('fmt ', format),
    chunk('data', data, options.dataSize),
  ]);
  return chunk('RIFF', body, options.riffSize);
}

export function bytesOf(array: Int16Array | Int32Array | Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Interleaves copies of one channel. */
export function repeated(mono: Int16Array, channels: number): Int16Array {
  return Int16Array.from({ length: mono.length * channels }, (_, i) => mono[Math.floor(i / channels)]!);
}

export function read(bytes: Uint8Array, options: Partial<ReadClipOptions> = {}, name = 'clip.wav'): Promise<Clip> {
  return readClip({ kind: 'bytes', name, bytes }, { ffmpeg: '', ...options });
}

export function joined(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** What `promise` is rejected with. */
export function failure(promise: Promise<unknown>): Promise<EarmarkError> {
  return promise.then(
    () => {
      throw new Error('Nothing was thrown.');
    },
    (error: unknown) => error as EarmarkError,
  );
}

/** Signal-to-noise ratio in dB of `found` against `expected`, over what both have. */
export function signalToNoise(expected: ArrayLike<number>, found: ArrayLike<number>): number {
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < Math.min(expected.length, found.length); i++) {
    signal += expected[i]! ** 2;
    noise += (expected[i]! - found[i]!) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

/** Whether both hold the same samples, bit for bit; much faster than `toEqual` on long arrays. */
export function identical(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(bytesOf(a)).equals(bytesOf(b));
}

/** A folder that is gone after the file's tests, and a function that writes into it. */
export function temporaryFolder(): { folder: string; write: (name: string, bytes: Uint8Array | string) => string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'earmark-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    write: (name, bytes) => {
      const file = path.join(folder, name);
      writeFileSync(file, bytes);
      return file;
    },
  };
}
