import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { readClip } from '../../src/engine/audio/clip';
import { openDecoder, type LibraryName } from '../../src/engine/audio/decoders';
import { peaksOf } from '../../src/engine/audio/peaks';
import { Resampler } from '../../src/engine/audio/resample';
import { SourceReader } from '../../src/engine/audio/source';
import type { ClipProgress } from '../../src/protocol/clip';
import * as signals from './audio-signals';

const { bytesOf, failure, fixtures, read, repeated, sine, sweep, wav } = signals;
const temporary = signals.temporaryFolder();

const fixture = (name: string) => path.join(fixtures, name);
const readFixture = (name: string) => readClip({ kind: 'path', path: fixture(name) }, { ffmpeg: '' });

/** What the fixtures' sound is at 16 kHz once both channels are mixed: the right one is half as loud. */
async function expectedSweep(scale: number): Promise<Float32Array> {
  const resampler = await Resampler.create(44_100);
  const source = Float32Array.from(sweep(), (value) => (scale * value) / 32_768);
  return signals.joined([...resampler.push(source), ...resampler.finish()]);
}

describe('readClip, formats', () => {
  const lossy = [
    ['sweep.mp3', 'MP3', 44_100, 2, 25],
    ['sweep.ogg', 'Ogg Vorbis', 44_100, 2, 20],
    ['sweep.opus', 'Ogg Opus', 48_000, 2, 20],
  ] as const;
  it.each(lossy)('decodes %s in time and length', async (name, codec, sampleRate, channels, decibels) => {
    const clip = await readFixture(name);
    expect(clip).toMatchObject({ name, codec, sampleRate, channels, warnings: [] });
    expect(clip.durationSeconds).toBeCloseTo(1, 3);
    expect(clip.samples.length).toBe(16_000);
    expect(signals.signalToNoise(await expectedSweep(0.75), clip.samples)).toBeGreaterThan(decibels);
  });

  it.each([
    ['sweep.flac', 'FLAC, 16-bit'],
    ['sweep-flac.oga', 'Ogg FLAC'],
  ])('decodes %s without a loss', async (name, codec) => {
    const clip = await readFixture(name);
    expect(clip).toMatchObject({ codec, sampleRate: 44_100, channels: 2, warnings: [] });
    const expected = await expectedSweep(0.75);
    expect(clip.samples.length).toBe(expected.length);
    // Half of an odd number was rounded when the right channel was made.
    expect(signals.signalToNoise(expected, clip.samples)).toBeGreaterThan(80);
  });

  it('decodes MPEG 2 of one channel and Opus of eight', async () => {
    const mono = await readFixture('sweep-mono-22050.mp3');
    expect(mono).toMatchObject({ codec: 'MP3', sampleRate: 22_050, channels: 1 });
    expect(mono.durationSeconds).toBeCloseTo(1, 1);
    const eight = await readFixture('sweep-8-channels.opus');
    expect(eight).toMatchObject({ codec: 'Ogg Opus', channels: 8, warnings: [] });
    expect(signals.signalToNoise(await expectedSweep(1), eight.samples)).toBeGreaterThan(15);
  });

  const ints = [
    [8, (value: number) => Uint8Array.of(value * 128 + 128)],
    [16, (value: number) => bytesOf(Int16Array.of(value * 2 ** 15))],
    [24, (value: number) => bytesOf(Int32Array.of(value * 2 ** 23)).subarray(0, 3)],
    [32, (value: number) => bytesOf(Int32Array.of(value * 2 ** 31))],
  ] as const;
  const values = [0, 0.5, -0.5, -1, 0.25];
  it.each(ints)('decodes WAV of %i bits, plain and extensible', async (bits, write) => {
    const data = Buffer.concat(values.map(write));
    for (const extensible of [false, true]) {
      const clip = await read(wav(data, { bits, extensible }));
      // The library divides what is above 0 by 2^(bits - 1) - 1, so that the highest number becomes 1.
      const tolerance = 2 ** (1 - bits) + 2 ** -24;
      clip.samples.forEach((sample, i) => {
        expect(Math.abs(sample - values[i]!)).toBeLessThanOrEqual(tolerance);
      });
      expect(clip.samples.length).toBe(values.length);
      expect(clip.codec).toBe(`WAV, ${bits}-bit`);
      expect(clip.warnings).toEqual([]);
    }
  });

  it('decodes WAV of floats, A-law and mu-law', async () => {
    const single = await read(wav(bytesOf(Float32Array.from(values)), { tag: 3, bits: 32 }));
    const double = await read(wav(bytesOf(Float64Array.from(values)), { tag: 3, bits: 64, extensible: true }));
    expect([...single.samples]).toEqual(values);
    expect([...double.samples]).toEqual(values);
    expect([single.codec, double.codec]).toEqual(['WAV, 32-bit float', 'WAV, 64-bit float']);
    // ITU-T G.711: the codes of silence, and of the largest values.
    expect([...(await read(wav(Uint8Array.of(0xd5, 0xaa, 0x2a), { tag: 6, bits: 8 }))).samples]).toEqual([
      8 / 32_768,
      32_256 / 32_768,
      -32_256 / 32_768,
    ]);
    expect([...(await read(wav(Uint8Array.of(0xff, 0x80, 0x00), { tag: 7, bits: 8 }))).samples]).toEqual([
      0,
      32_124 / 32_768,
      -32_124 / 32_768,
    ]);
  });

  it('decodes ADPCM in WAV', async () => {
    const clip = await readFixture('sweep-adpcm.wav');
    expect(clip).toMatchObject({ codec: 'WAV, ADPCM', sampleRate: 44_100, channels: 2, warnings: [] });
    expect(signals.signalToNoise(await expectedSweep(0.75), clip.samples)).toBeGreaterThan(20);
  });

  it('leaves RF64 to ffmpeg', async () => {
    const file = wav(bytesOf(Int16Array.of(1, 2, 3, 4)), { before: signals.chunk('ds64', new Uint8Array(28)) });
    file.write('RF64', 0, 'latin1');
    expect(await failure(read(file, { ffmpeg: '/no/ffmpeg' }))).toMatchObject({ code: 'needs-ffmpeg' });
  });

  it.each([1, 2, 3, 6, 8])('mixes %i channels down', async (channels) => {
    const mono = sweep().subarray(0, 3000);
    const clip = await read(wav(bytesOf(repeated(mono, channels)), { channels }));
    expect(clip.channels).toBe(channels);
    expect(clip.samples.length).toBe(mono.length);
    clip.samples.forEach((sample, i) => {
      expect(Math.abs(sample - mono[i]! / 32_768)).toBeLessThan(2 ** -15);
    });
  });

  const aiffs = [
    ['NONE', 16, 'AIFF, 16-bit', [0x40, 0x00, 0xc0, 0x00]],
    ['sowt', 16, 'AIFF, 16-bit', [0x00, 0x40, 0x00, 0xc0]],
    ['in24', 24, 'AIFF, 24-bit', [0x40, 0, 0, 0xc0, 0, 0]],
    ['fl32', 32, 'AIFF, 32-bit float', [0x3f, 0, 0, 0, 0xbf, 0, 0, 0]],
  ] as const;
  const big = (id: string, body: Uint8Array) => {
    const chunk = signals.chunk(id, body);
    chunk.writeUInt32BE(body.length, 4);
    return chunk;
  };

  it.each(aiffs)('decodes AIFF-C %s of %i bits', async (type, bits, codec, data) => {
    const common = Buffer.concat([Buffer.from([0, 1, 0, 0, 0, 2, 0, bits]), rate16k, Buffer.from(`${type}\0\0`)]);
    const sound = Buffer.concat([Buffer.alloc(8), Buffer.from(data)]);
    const clip = await read(big('FORM', Buffer.concat([Buffer.from('AIFC'), big('COMM', common), big('SSND', sound)])));
    expect(clip).toMatchObject({ codec, sampleRate: 16_000, channels: 1, warnings: [] });
    expect([...clip.samples]).toEqual([0.5, -0.5]);
  });

  it('takes nothing for sound that stands behind the samples of an AIFF', async () => {
    const samples = sweep().subarray(0, 16_000);
    const data = Buffer.from(bytesOf(samples)).swap16();
    const common = Buffer.concat([Buffer.from([0, 1, 0, 0, 0x3e, 0x80, 0, 16]), rate16k]);
    const sound = Buffer.concat([Buffer.alloc(8), data]);
    const cover = big('APPL', new Uint8Array(640_001).fill(0x55));
    const file = big('FORM', Buffer.concat([Buffer.from('AIFF'), big('COMM', common), big('SSND', sound), cover]));
    const clip = await read(file);
    expect(clip).toMatchObject({ durationSeconds: 1, warnings: [] });
    expect(clip.samples[9000]).toBeCloseTo(samples[9000]! / 32_768, 4);
  });

  it.each([0, 11, 70_001])('passes over a chunk of %i bytes before the samples of a WAV', async (size) => {
    const samples = sweep().subarray(0, 1000);
    const before = signals.chunk('iXML', new Uint8Array(size).fill(0x20));
    const clip = await read(wav(bytesOf(samples), { before }), { ffmpeg: '/no/ffmpeg' });
    expect(clip).toMatchObject({ codec: 'WAV, 16-bit', warnings: [] });
    expect(clip.samples.length).toBe(1000);
  });

  it('goes by content, not by name', async () => {
    const clip = await read(readFileSync(fixture('sweep.flac')), {}, 'song.mp3');
    expect(clip.codec).toBe('FLAC, 16-bit');
  });

  it('reads one sample, and a file whose name has everything in it', async () => {
    const name = `a b'c"d#e%20f ü 音.wav`;
    const file = temporary.write(process.platform === 'win32' ? 'ü 音.wav' : name, wav(bytesOf(Int16Array.of(16_384))));
    const clip = await readClip({ kind: 'path', path: file }, { ffmpeg: '' });
    expect(clip.name).toBe(path.basename(file));
    expect(clip.samples[0]).toBeCloseTo(0.5, 4);
    expect(clip.samples.length).toBe(1);
    expect((await read(wav(bytesOf(Int16Array.of(16_384)), { rate: 44_100 }))).samples.length).toBe(1);
  });

  it('names a clip by the SHA-256 of its file, from a path and from bytes', async () => {
    for (const name of ['sweep.mp3', 'sweep.flac', 'sweep.opus']) {
      const bytes = readFileSync(fixture(name));
      const expected = createHash('sha256').update(bytes).digest('hex');
      expect((await readFixture(name)).clipId).toBe(expected);
      expect((await read(bytes)).clipId).toBe(expected);
    }
  });
});

const rate16k = Buffer.from('400cfa00000000000000', 'hex');

describe('readClip, streaming', () => {
  it('gives the same samples from a path as from bytes, and twice at a time', async () => {
    for (const name of ['sweep.mp3', 'sweep.flac', 'sweep.ogg', 'sweep.opus']) {
      const clips = await Promise.all([readFixture(name), readFixture(name), read(readFileSync(fixture(name)))]);
      expect(clips.map((clip) => signals.identical(clip.samples, clips[0].samples))).toEqual([true, true, true]);
    }
  });

  it('does not mind where the bytes of a decoder are cut', async () => {
    const decoded = async (name: LibraryName, bytes: Uint8Array, sizes: readonly number[]) => {
      const decoder = await openDecoder(name);
      const parts: Float32Array[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        parts.push((await decoder.decode(bytes.subarray(at, at + size))).channelData[0] ?? new Float32Array());
        at += size;
      }
      parts.push((await decoder.flush()).channelData[0] ?? new Float32Array());
      decoder.free();
      return signals.joined(parts);
    };
    const cuts = fc.array(fc.integer({ min: 200, max: 20_000 }), { minLength: 1, maxLength: 4 });
    for (const [name, file] of [
      ['wav', 'sweep-adpcm.wav'],
      ['mp3', 'sweep.mp3'],
      ['flac', 'sweep.flac'],
      ['vorbis', 'sweep.ogg'],
      ['opus', 'sweep.opus'],
    ] as const) {
      const bytes = new Uint8Array(readFileSync(fixture(file)));
      const whole = await decoded(name, bytes, [bytes.length]);
      await fc.assert(
        fc.asyncProperty(cuts, async (sizes) => {
          expect(signals.identical(await decoded(name, bytes, sizes), whole)).toBe(true);
        }),
        { numRuns: 4 },
      );
    }
  });

  it('reports the waveform so far, and ends with the whole', async () => {
    const samples = sine(440, 44_100, 60 * 44_100);
    const file = wav(bytesOf(samples), { tag: 3, bits: 32, rate: 44_100 });
    const progress: ClipProgress[] = [];
    const clip = await read(file, { onProgress: (step) => progress.push(step) });
    expect(clip.samples.length).toBe(60 * 16_000);
    expect(clip.peaks).toEqual(peaksOf(clip.samples, 0, 60, 2000));
    expect(clip.peaks.min.length).toBe(2000);
    for (const { decodedSeconds, durationSeconds, peaks } of progress) {
      expect(durationSeconds).toBe(60);
      expect([peaks.startSeconds, peaks.endSeconds]).toEqual([0, decodedSeconds]);
      expect(peaks.max.length).toBe(2000);
      expect(Math.max(...peaks.max)).toBeCloseTo(0.5, 2);
    }
  });

  it('stops when it is cancelled, before and in the middle', async () => {
    const before = new AbortController();
    before.abort();
    const file = wav(new Uint8Array(44_100 * 4 * 120), { channels: 2, rate: 44_100 });
    expect(await failure(read(file, { signal: before.signal }))).toMatchObject({ code: 'cancelled' });
    const during = new AbortController();
    setTimeout(() => during.abort(), 30);
    const begun = performance.now();
    expect(await failure(read(file, { signal: during.signal }))).toMatchObject({ code: 'cancelled' });
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  it('is cancelled also where the last bytes have been read', async () => {
    const during = new AbortController();
    vi.spyOn(SourceReader.prototype, 'pieces').mockImplementationOnce(async function* (this: SourceReader) {
      yield* this.pieces();
      during.abort();
    });
    const whole = readFileSync(fixture('sweep.opus'));
    // Behind what is cut off, nothing more is decoded.
    const cut = whole.subarray(0, whole.length - 100);
    expect(await failure(read(cut, { signal: during.signal }, 'cut.opus'))).toMatchObject({ code: 'cancelled' });
  });
});
