import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readClip } from '../../src/engine/audio/clip';
import { failure, fixtures, read, temporaryFolder } from './audio-signals';

const temporary = temporaryFolder();
const m4a = path.join(fixtures, 'sweep.m4a');
const temporaryFiles = () => readdirSync(tmpdir()).filter((name) => /^earmark-[^t]/.test(name));

/** What this process holds open, on Linux. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return [readlinkSync(path.join('/proc/self/fd', name))];
    } catch {
      return [];
    }
  });
}

/** A stand-in for ffmpeg: a script that Node runs. */
function script(name: string, body: string): string {
  const file = temporary.write(name, `#!${process.execPath}\n${body}`);
  chmodSync(file, 0o755);
  return file;
}

describe('without ffmpeg', () => {
  const before = process.env['PATH'];
  beforeEach(() => {
    process.env['PATH'] = temporary.folder;
  });
  afterEach(() => {
    process.env['PATH'] = before;
  });

  it.each(['sweep.m4a', 'sweep.webm'])('says of %s what to install', async (name) => {
    const error = await failure(readClip({ kind: 'path', path: path.join(fixtures, name) }, { ffmpeg: '' }));
    expect(error.code).toBe('needs-ffmpeg');
    expect(error.message).toBe(`“${name}” is in a format that Earmark reads through ffmpeg, which is not found.`);
    expect(error.action).toContain('earmark.ffmpegPath');
  });

  it('says where it looked in vain', async () => {
    const error = await failure(readClip({ kind: 'path', path: m4a }, { ffmpeg: '/no/ffmpeg' }));
    expect(error).toMatchObject({ code: 'needs-ffmpeg' });
    expect(error.message).toContain('“/no/ffmpeg”');
  });
});

describe('where a file stands in the way to ffmpeg', () => {
  it('says what to install', async () => {
    const ffmpeg = path.join(temporary.write('no-folder', ''), 'ffmpeg');
    const error = await failure(readClip({ kind: 'path', path: m4a }, { ffmpeg }));
    expect(error).toMatchObject({ name: 'EarmarkError', code: 'needs-ffmpeg' });
    expect(error.message).toContain(`“${ffmpeg}”`);
  });
});

describe('with ffmpeg', () => {
  it.each([
    ['sweep.m4a', 'MPEG-4/AAC', 44_100],
    ['sweep.webm', 'OPUS', 48_000],
  ])('decodes %s', async (name, codec, sampleRate) => {
    const clip = await readClip({ kind: 'path', path: path.join(fixtures, name) }, { ffmpeg: '' });
    expect(clip).toMatchObject({ name, codec, sampleRate, channels: 2, warnings: [] });
    expect(clip.durationSeconds).toBeCloseTo(1, 1);
    // The mean of the channels, the right one being half as loud, and not the louder sum that ffmpeg makes by itself.
    expect(Math.abs(Math.max(...clip.peaks.max) - 0.375)).toBeLessThan(0.05);
  });

  it('decodes what a library can not: MP3 in WAV, and AIFF of 8 bits', async () => {
    for (const [name, codec, wanted] of [
      ['mp3.wav', 'libmp3lame', 'WAV, MP3'],
      ['small.aiff', 'pcm_s8', 'AIFF, 8-bit'],
    ] as const) {
      const file = path.join(temporary.folder, name);
      execFileSync('ffmpeg', ['-loglevel', 'error', '-i', path.join(fixtures, 'sweep.flac'), '-c:a', codec, file]);
      const clip = await readClip({ kind: 'path', path: file }, { ffmpeg: '' });
      expect(clip).toMatchObject({ codec: wanted, channels: 2, sampleRate: 44_100, warnings: [] });
      expect(Math.abs(Math.max(...clip.peaks.max) - 0.375)).toBeLessThan(0.05);
      expect(clip.clipId).toBe(createHash('sha256').update(readFileSync(file)).digest('hex'));
    }
  });

  it.each([
    ['long.wav', ['-rf64', 'always'], 'WAV (RF64)'],
    ['sweep.caf', ['-c:a', 'pcm_s16be'], 'CAF'],
    ['sweep.au', [], 'AU'],
    ['sweep.w64', [], 'Wave64'],
    ['sweep.ac3', [], 'AC-3'],
    ['sweep.eac3', [], 'AC-3'],
    ['sweep.tta', [], 'TTA'],
    ['sweep.voc', [], 'Creative Voice'],
    ['sweep.avi', [], 'AVI'],
    ['sweep.flv', [], 'FLV'],
    ['sweep.mpg', [], 'MPEG'],
  ])('decodes what music-metadata does not know: %s', async (name, options, codec) => {
    const file = path.join(temporary.folder, name);
    execFileSync('ffmpeg', ['-loglevel', 'error', '-i', path.join(fixtures, 'sweep.flac'), ...options, file]);
    const clip = await readClip({ kind: 'path', path: file }, { ffmpeg: '' });
    expect(clip).toMatchObject({ codec, warnings: [] });
    expect(clip.durationSeconds).toBeCloseTo(1, 0);
    expect(Math.abs(Math.max(...clip.peaks.max) - 0.375)).toBeLessThan(0.05);
  });

  it('reads no other file that a text names, whatever it begins with', async () => {
    const other = path.join(temporary.folder, 'other.wav');
    execFileSync('ffmpeg', ['-loglevel', 'error', '-i', path.join(fixtures, 'sweep.flac'), other]);
    const playlist = '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.wav\n#EXT-X-ENDLIST\n';
    const manifest =
      '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S">' +
      '<Period><AdaptationSet mimeType="audio/wav"><Representation id="0" bandwidth="1"><BaseURL>other.wav</BaseURL>' +
      '</Representation></AdaptationSet></Period></MPD>';
    for (const text of [playlist, "ffconcat version 1.0\nfile 'other.wav'\n", manifest, `\x0b\x77${manifest}`]) {
      const file = temporary.write('list.wav', Buffer.from(text.padEnd(2000), 'latin1'));
      expect(await failure(readClip({ kind: 'path', path: file }, { ffmpeg: '' }))).toMatchObject({
        code: 'audio-unsupported',
      });
    }
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
    expect(error).toMatchObject({ code: 'audio-unsupported' });
    const cut = temporary.write('cut.m4a', readFileSync(m4a).subarray(0, 200));
    expect(await failure(readClip({ kind: 'path', path: cut }, { ffmpeg: '' }))).toMatchObject({
      code: 'audio-unsupported',
    });
  });
});

describe('with a stand-in for ffmpeg', () => {
  it('gives it a file: and nothing that it could take for an option', async () => {
    const log = path.join(temporary.folder, 'arguments.json');
    const ffmpeg = script(
      'logs',
      `require('fs').writeFileSync(${JSON.stringify(log)}, JSON.stringify(process.argv.slice(2))); process.stdout.write(Buffer.alloc(400))`,
    );
    const file = temporary.write('-i concat:x.m4a', readFileSync(m4a));
    const clip = await readClip({ kind: 'path', path: file }, { ffmpeg });
    expect(clip.samples.length).toBe(100);
    const given = JSON.parse(readFileSync(log, 'utf8')) as string[];
    expect(given[given.indexOf('-i') + 1]).toBe(`file:${file}`);
    expect(given).toContain('-nostdin');
    expect(given[given.indexOf('-protocol_whitelist') + 1]).toBe('file,pipe');
    const formats = given[given.indexOf('-format_whitelist') + 1]!.split(',');
    expect(formats).toContain('mov');
    expect(formats.filter((format) => /concat|dash|hls|imf|sdp/.test(format))).toEqual([]);
    expect(given.at(-1)).toBe('pipe:1');
  });

  it('passes on what it says when it fails, and warns when it stops early', async () => {
    const fails = script('fails', "process.stderr.write('it is broken\\n', () => process.exit(1))");
    expect(await failure(readClip({ kind: 'path', path: m4a }, { ffmpeg: fails }))).toMatchObject({
      code: 'audio-unsupported',
      message: 'ffmpeg finds no sound in “sweep.m4a”: it is broken',
    });
    const stops = script(
      'stops',
      `process.stdout.write(Buffer.alloc(400), () => { process.stderr.write('broken at 3\\n', () => process.exit(1)) })`,
    );
    const clip = await readClip({ kind: 'path', path: m4a }, { ffmpeg: stops });
    expect(clip.samples.length).toBe(100);
    expect(clip.warnings.at(-1)).toBe('The sound is silent.');
    expect(clip.warnings).toContain('Damaged parts of the file were passed over.');
  });

  it('is not asked where reading for the hash is cancelled, and the file is let go', async () => {
    const file = temporary.write('long.m4a', Buffer.concat([readFileSync(m4a), new Uint8Array(2 ** 21)]));
    const { signal } = new AbortController();
    let asked = 0;
    // A timer may come too early or too late: the signal is asked once before reading, then between pieces.
    Object.defineProperty(signal, 'aborted', { get: () => ++asked > 1 });
    const error = await failure(readClip({ kind: 'path', path: file }, { ffmpeg: '/no/ffmpeg', signal }));
    expect(error).toMatchObject({ code: 'cancelled' });
    if (process.platform === 'linux') {
      await vi.waitFor(() => expect(openFiles()).not.toContain(file));
    }
  });

  it('kills it on cancellation', async () => {
    const note = path.join(temporary.folder, 'process.txt');
    const ffmpeg = script(
      'endless',
      `require('fs').writeFileSync(${JSON.stringify(note)}, String(process.pid));
      const more = () => process.stdout.write(Buffer.alloc(1000), () => setTimeout(more, 5)); more()`,
    );
    const controller = new AbortController();
    const reading = failure(readClip({ kind: 'path', path: m4a }, { ffmpeg, signal: controller.signal }));
    await vi.waitFor(() => expect(existsSync(note) && readFileSync(note, 'utf8')).toBeTruthy(), { timeout: 30_000 });
    controller.abort();
    expect(await reading).toMatchObject({ code: 'cancelled' });
    expect(() => process.kill(Number(readFileSync(note, 'utf8')), 0)).toThrow();
  });
});
