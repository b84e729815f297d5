import { readFileSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { readClip } from '../../src/engine/audio/clip';
import { bytesOf, chunk, failure, fixtures, identical, read, sine, sweep, temporaryFolder, wav } from './audio-signals';

const temporary = temporaryFolder();
const fixture = (name: string) => readFileSync(path.join(fixtures, name));
const second = bytesOf(sweep().subarray(0, 16_000));

describe('readClip, what is no sound', () => {
  const others: [string, Uint8Array][] = [
    ['text', Buffer.from('These are words, and words are no sound.\n'.repeat(500))],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
    ['an archive', Buffer.from('504b030414000000080000', 'hex')],
    ['zeros', new Uint8Array(100_000)],
  ];
  it.each(others)('says so of %s', async (_, bytes) => {
    const error = await failure(read(bytes, {}, 'thing.wav'));
    expect(error).toMatchObject({ name: 'EarmarkError', code: 'audio-unsupported' });
    expect(error.message).toContain('“thing.wav”');
    expect(error.action).toContain('FLAC');
  });

  it('says so of an empty file, and of one that is all header', async () => {
    expect(await failure(read(new Uint8Array()))).toMatchObject({ code: 'audio-empty' });
    expect(await failure(read(wav(new Uint8Array())))).toMatchObject({ code: 'audio-empty' });
    for (const header of ['RIFF\x04\0\0\0WAVE', `ID3\x03\0\0\0\0\0\x0a${'\0'.repeat(10)}`]) {
      expect(await failure(read(Buffer.from(header)))).toMatchObject({ code: 'audio-unsupported' });
    }
  });

  it.each(['sweep.flac', 'sweep.ogg', 'sweep.opus'])('says so of the beginning of %s', async (name) => {
    const { code } = await failure(read(fixture(name).subarray(0, 60)));
    expect(['audio-damaged', 'audio-empty', 'audio-unsupported']).toContain(code);
  });

  it('says so of a folder, of nothing, and of a path through a file', async () => {
    const open = (file: string) => failure(readClip({ kind: 'path', path: file }, { ffmpeg: '' }));
    expect(await open(temporary.folder)).toMatchObject({ code: 'audio-unreadable' });
    expect(await open(path.join(temporary.folder, 'none.wav'))).toMatchObject({
      code: 'audio-not-found',
      message: '“none.wav” does not exist.',
    });
    const file = temporary.write('file', 'x');
    expect(await open(path.join(file, 'inside.wav'))).toMatchObject({ code: 'audio-not-found' });
  });

  it('does not wait for a device', async () => {
    if (process.platform === 'linux') {
      const error = await failure(readClip({ kind: 'path', path: '/dev/zero' }, { ffmpeg: '' }));
      expect(error).toMatchObject({ code: 'audio-unreadable' });
    }
  });
});

describe('readClip, damage in WAV', () => {
  it('decodes what is there of a file that is cut off', async () => {
    const clip = await read(wav(second).subarray(0, -24_000));
    expect(clip.samples.length).toBe(4000);
    expect(clip.warnings).toEqual(['The file is cut off: it ends before the sound that its header promises.']);
  });

  it.each([0, 0xffffffff])('takes a length of %i for unknown', async (dataSize) => {
    const clip = await read(wav(second, { dataSize, riffSize: dataSize }));
    expect(clip.samples.length).toBe(16_000);
    expect(clip.warnings).toEqual([]);
  });

  it('leaves out half a frame at the end', async () => {
    expect((await read(wav(second.subarray(0, 1001)))).samples.length).toBe(500);
  });

  it.each([0, 99, 192_001, 0xffffffff])('refuses a rate of %i', async (rate) => {
    const error = await failure(read(wav(second, { rate })));
    expect(error.code).toBe('audio-unsupported');
    expect(error.message).toContain(`${rate} samples a second`);
  });

  it('refuses no channels, and samples before their format', async () => {
    expect(await failure(read(wav(second, { channels: 0 })))).toMatchObject({ code: 'audio-empty' });
    const file = chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), chunk('data', second)]));
    expect(await failure(read(file))).toMatchObject({ code: 'audio-unsupported' });
  });

  it('gives up where megabytes hold no sound', async () => {
    const before = chunk('JUNK', Buffer.alloc(40_000_000));
    expect(await failure(read(wav(second, { before })))).toMatchObject({ code: 'audio-damaged' });
  }, 30_000);

  it('refuses what is longer than four hours', async () => {
    const error = await failure(read(wav(new Uint8Array(1_500_000), { rate: 100, bits: 8 })));
    expect(error.code).toBe('audio-too-long');
    expect(error.message).toBe('“clip.wav” is longer than 4 hours.');
    expect(error.action).toContain('shorter');
  });

  it('warns of silence', async () => {
    expect((await read(wav(new Uint8Array(2000)))).warnings).toEqual(['The sound is silent.']);
  });

  it('makes silence of what is not a number, and counts it', async () => {
    const samples = Float32Array.of(0.5, Number.NaN, Infinity, -Infinity, -0.5);
    const clip = await read(wav(bytesOf(samples), { tag: 3, bits: 32 }));
    expect([...clip.samples]).toEqual([0.5, 0, 0, 0, -0.5]);
    expect(clip.warnings).toEqual(['3 samples are not numbers; they were taken as silence.']);
  });

  it('keeps values above 1', async () => {
    const loud = await read(wav(bytesOf(Float32Array.of(1.5, -2)), { tag: 3, bits: 32 }));
    expect([...loud.samples]).toEqual([1.5, -2]);
    expect(loud.warnings).toEqual([]);
  });

  it('decodes what is left of a file that shrinks while it is read', async () => {
    const samples = sine(440, 44_100, 40 * 44_100);
    const file = temporary.write('shrinks.wav', wav(bytesOf(samples), { tag: 3, bits: 32, rate: 44_100 }));
    const cuts: number[] = [];
    const clip = await readClip(
      { kind: 'path', path: file },
      {
        ffmpeg: '',
        onProgress: () => {
          if (cuts.length === 0) {
            truncateSync(file, 1000);
            cuts.push(1000);
          }
        },
      },
    );
    if (cuts.length > 0) {
      expect(clip.durationSeconds).toBeLessThan(40);
      expect(clip.warnings[0]).toMatch(/^The file is cut off or damaged: .* of 40\.0 s are missing\.$/);
    }
  });
});

describe('readClip, damage in compressed files', () => {
  it('decodes half of an MP3, and says how much is missing', async () => {
    const file = fixture('sweep.mp3');
    const clip = await read(file.subarray(0, file.length / 2));
    expect(clip.durationSeconds).toBeGreaterThan(0.3);
    expect(clip.durationSeconds).toBeLessThan(0.6);
    expect(clip.warnings).toEqual([expect.stringMatching(/of 1\.0 s are missing/)]);
  });

  it('does not guess the length of an MP3 from its first frames, which may be the smallest', async () => {
    // Frames of silence: MPEG 1, layer 3, 44100 Hz, mono, first of 32 and then of 320 kbit/s.
    const frames = (second: number, bytes: number, count: number): Buffer[] =>
      Array.from({ length: count }, () =>
        Buffer.concat([Buffer.from([0xff, 0xfb, second, 0xc4]), Buffer.alloc(bytes - 4)]),
      );
    const clip = await read(Buffer.concat([...frames(0x10, 104, 40), ...frames(0xe0, 1044, 200)]));
    expect(clip.durationSeconds).toBeCloseTo((240 * 1152) / 44_100, 0);
    expect(clip.warnings).toEqual(['The sound is silent.']);
  });

  it('goes on after damage in the middle of an MP3', async () => {
    const file = Buffer.from(fixture('sweep.mp3'));
    file.fill(0x55, 6000, 8000);
    const clip = await read(file);
    expect(clip.durationSeconds).toBeGreaterThan(0.7);
    expect(clip.warnings[0]).toBe('Damaged parts of the file were passed over.');
  });

  it('passes over tags with pictures in an MP3', async () => {
    const picture = Buffer.alloc(300_000, 0xff);
    const size = picture.length;
    const header = Buffer.from([
      0x49,
      0x44,
      0x33,
      3,
      0,
      0,
      size >> 21,
      (size >> 14) & 127,
      (size >> 7) & 127,
      size & 127,
    ]);
    const file = Buffer.concat([header, picture, fixture('sweep.mp3'), Buffer.from('TAG'), Buffer.alloc(125)]);
    const clip = await read(file);
    expect(identical(clip.samples, (await read(fixture('sweep.mp3'))).samples)).toBe(true);
    expect(clip.warnings).toEqual([]);
  });

  it('decodes half of a FLAC, and says how much is missing', async () => {
    const file = fixture('sweep.flac');
    const clip = await read(file.subarray(0, file.length / 2));
    expect(clip.durationSeconds).toBeGreaterThan(0.2);
    expect(clip.durationSeconds).toBeLessThan(0.8);
    expect(clip.warnings).toEqual([expect.stringMatching(/of 1\.0 s are missing/)]);
  });

  it('goes on after damage in the middle of a FLAC', async () => {
    const file = Buffer.from(fixture('sweep.flac'));
    file.fill(0x55, 30_000, 30_100);
    const clip = await read(file);
    expect(clip.durationSeconds).toBeGreaterThan(0.5);
    expect(clip.warnings).not.toEqual([]);
  });

  it.each(['sweep.ogg', 'sweep.opus'])('decodes half of %s, and says that it is cut off', async (name) => {
    const file = fixture(name);
    const clip = await read(file.subarray(0, Math.floor(file.length * 0.7)));
    expect(clip.durationSeconds).toBeGreaterThan(0);
    expect(clip.durationSeconds).toBeLessThan(1);
    expect(clip.warnings[0]).toMatch(/cut off/);
  });

  it('survives noise in every format, and writes nothing to the console', async () => {
    const outputs = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error')];
    let state = 1;
    const random = () => (state = (state * 48_271) % 2_147_483_647);
    for (const name of ['sweep.mp3', 'sweep.flac', 'sweep-flac.oga', 'sweep.ogg', 'sweep.opus']) {
      for (let turn = 0; turn < 12; turn++) {
        const file = Buffer.from(fixture(name));
        for (let i = 0; i < 20; i++) {
          file[random() % file.length] = random() % 256;
        }
        const outcome = await read(file).then(
          (clip) => clip.samples.every(Number.isFinite),
          (error: unknown) => (error as Error).name === 'EarmarkError',
        );
        expect([name, turn, outcome]).toEqual([name, turn, true]);
      }
    }
    for (const output of outputs) {
      expect(output).not.toHaveBeenCalled();
      output.mockRestore();
    }
  });
});
