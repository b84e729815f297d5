import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readClip } from '../../src/engine/audio/clip';
import { failure, fixtures, read, temporaryFolder } from './audio-signals';

const temporary = temporaryFolder();
const m4a = path.join(fixtures, 'sweep.m4a');
const temporaryFiles = () => readdirSync(tmpdir()).filter((name) => /^earmark-[^t]/.test(name));

function real(): boolean {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A stand-in for ffmpeg: a script that Node runs. */
function script(name: string, body: string): string {
  const file = temporary.write(name, `#!${process.execPath}\n${body}`);
  chmodSync(file, 0o755);
  return file;
}

const header = `const header = Buffer.alloc(24); header.write('.snd'); header.writeUInt32BE(24, 4); header.writeUInt32BE(16000, 16);
header.writeUInt32BE(1, 20); process.stdout.write(header);`;

describe('without ffmpeg', () => {
  const before = process.env['PATH'];
  beforeEach(() => {
    process.env['PATH'] = temporary.folder;
  });
  afterEach(() => {
    process.env['PATH'] = before;
  });

  it.each([
    ['sweep.m4a', 'M4A (AAC)'],
    ['sweep.webm', 'WebM'],
    ['sweep-adpcm.wav', 'compressed WAV'],
  ])('says of %s what to install', async (name, words) => {
    const error = await failure(readClip({ kind: 'path', path: path.join(fixtures, name) }, { ffmpeg: '' }));
    expect(error.code).toBe('needs-ffmpeg');
    expect(error.message).toBe(
      `“${name}” is ${words}. Earmark reads that with ffmpeg, but it was not found on this computer.`,
    );
    expect(error.action).toContain('earmark.ffmpegPath');
  });

  it('says where it looked in vain', async () => {
    const error = await failure(readClip({ kind: 'path', path: m4a }, { ffmpeg: '/no/ffmpeg' }));
    expect(error).toMatchObject({ code: 'needs-ffmpeg' });
    expect(error.message).toContain('“/no/ffmpeg”');
  });
});

describe.skipIf(!real())('with ffmpeg', () => {
  it.each([
    ['sweep.m4a', 'AAC, read with ffmpeg', 44_100],
    ['sweep.webm', 'OPUS, read with ffmpeg', 48_000],
    ['sweep-adpcm.wav', 'ADPCM_MS, read with ffmpeg', 44_100],
  ])('decodes %s', async (name, codec, sampleRate) => {
    const clip = await readClip({ kind: 'path', path: path.join(fixtures, name) }, { ffmpeg: '' });
    expect(clip).toMatchObject({ name, codec, sampleRate, channels: 2, warnings: [] });
    expect(clip.durationSeconds).toBeCloseTo(1, 1);
    expect(Math.max(...clip.peaks.max)).toBeCloseTo(0.375, 1);
  });

  it('decodes bytes through a file that is gone afterwards', async () => {
    const files = temporaryFiles();
    const clip = await read(readFileSync(m4a), {}, 'sweep.m4a');
    expect(clip.samples).toEqual((await readClip({ kind: 'path', path: m4a }, { ffmpeg: '' })).samples);
    expect(temporaryFiles()).toEqual(files);
  });

  it('says when there is no sound, and when the file is damaged', async () => {
    const silent = path.join(temporary.folder, 'video.mp4');
    const options = ['-loglevel', 'error', '-f', 'lavfi', '-i', 'color=size=16x16:duration=0.2', silent];
    execFileSync('ffmpeg', options);
    const error = await failure(readClip({ kind: 'path', path: silent }, { ffmpeg: '' }));
    expect(error).toMatchObject({ code: 'audio-unsupported', message: 'There is no sound in “video.mp4”.' });
    const cut = temporary.write('cut.m4a', readFileSync(m4a).subarray(0, 200));
    expect(await failure(readClip({ kind: 'path', path: cut }, { ffmpeg: '' }))).toMatchObject({
      code: 'audio-damaged',
    });
  });
});

describe.skipIf(process.platform === 'win32')('with a stand-in for ffmpeg', () => {
  it('gives it a file: and nothing that it could take for an option', async () => {
    const log = path.join(temporary.folder, 'arguments.json');
    const ffmpeg = script(
      'logs',
      `require('fs').writeFileSync(${JSON.stringify(log)}, JSON.stringify(process.argv.slice(2))); ${header} process.stdout.write(Buffer.alloc(400))`,
    );
    const file = temporary.write('-i concat:x.m4a', readFileSync(m4a));
    const clip = await readClip({ kind: 'path', path: file }, { ffmpeg });
    expect(clip.samples.length).toBe(100);
    const given = JSON.parse(readFileSync(log, 'utf8')) as string[];
    expect(given[given.indexOf('-i') + 1]).toBe(`file:${file}`);
    expect(given).toContain('-nostdin');
    expect(given.at(-1)).toBe('pipe:1');
  });

  it('passes on what it says when it fails, and warns when it stops early', async () => {
    const fails = script('fails', "process.stderr.write('it is broken\\n', () => process.exit(1))");
    expect(await failure(readClip({ kind: 'path', path: m4a }, { ffmpeg: fails }))).toMatchObject({
      code: 'audio-damaged',
      message: 'ffmpeg could not read “sweep.m4a”: it is broken',
    });
    const stops = script(
      'stops',
      `${header} process.stdout.write(Buffer.alloc(400), () => { process.stderr.write('broken at 3\\n', () => process.exit(1)) })`,
    );
    const clip = await readClip({ kind: 'path', path: m4a }, { ffmpeg: stops });
    expect(clip.warnings[0]).toBe('ffmpeg stopped before the end: broken at 3');
  });

  it('kills it on cancellation', async () => {
    const note = path.join(temporary.folder, 'process.txt');
    const ffmpeg = script(
      'endless',
      `require('fs').writeFileSync(${JSON.stringify(note)}, String(process.pid)); ${header}
      const more = () => process.stdout.write(Buffer.alloc(1000), () => setTimeout(more, 5)); more()`,
    );
    const controller = new AbortController();
    const reading = failure(readClip({ kind: 'path', path: m4a }, { ffmpeg, signal: controller.signal }));
    setTimeout(() => controller.abort(), 300);
    expect(await reading).toMatchObject({ code: 'cancelled' });
    expect(existsSync(note)).toBe(true);
    expect(() => process.kill(Number(readFileSync(note, 'utf8')), 0)).toThrow();
  });
});
