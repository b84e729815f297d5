import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { AudioSource } from '../../protocol/clip';
import { EarmarkError } from '../../protocol/errors';
import type { DecodedPiece } from './decoders';
import { engineRate } from './windows';

/** What ffmpeg may take a file for: formats of sound and video, none of which names other files to read. */
const demuxers = [
  ...['aac', 'ac3', 'aiff', 'ape', 'asf', 'au', 'avi', 'caf', 'dsf', 'eac3', 'flac', 'flv', 'iff', 'matroska', 'mov'],
  ...['mp3', 'mpc', 'mpc8', 'mpeg', 'ogg', 'tta', 'voc', 'w64', 'wav', 'wv'],
];

/**
 * Decodes whatever the person's ffmpeg can, M4A and AAC above all: their decoders on npm are GPL. ffmpeg mixes down and
 * resamples too, so what comes is mono at 16 kHz.
 *
 * @param program path of ffmpeg, or empty to look on PATH
 * @throws EarmarkError `needs-ffmpeg` where there is none, `audio-unsupported` where it finds no sound
 */
export async function* decodeWithFfmpeg(
  source: AudioSource,
  name: string,
  program: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<DecodedPiece> {
  // M4A files are read back and forth, so bytes go to a file first.
  const folder = source.kind === 'bytes' ? await mkdtemp(path.join(tmpdir(), 'earmark-')) : undefined;
  try {
    const file = source.kind === 'path' ? source.path : path.join(folder!, 'sound');
    if (source.kind === 'bytes') {
      await writeFile(file, source.bytes);
    }
    yield* decodeFile(file, name, program, signal);
  } finally {
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function* decodeFile(
  file: string,
  name: string,
  program: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<DecodedPiece> {
  const allowed = ['-protocol_whitelist', 'file,pipe', '-format_whitelist', demuxers.join(',')];
  const input = ['-nostdin', '-v', 'error', ...allowed, '-i', `file:${path.resolve(file)}`];
  // By itself, ffmpeg adds channels up at 0.7 each; this makes it their mean, as of what is decoded here.
  const mono = ['-map', '0:a:0', '-ac', '1', '-rematrix_maxval', '1', '-ar', String(engineRate)];
  const child = start(name, program, [...input, ...mono, '-f', 'f32le', 'pipe:1'], signal);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  ended.catch(() => undefined);
  // An error comes before the process has ended; `close` comes after it, also where it did not start.
  const gone = new Promise<void>((resolve) => {
    child.on('close', () => {
      resolve();
    });
  });
  try {
    let heard = false;
    let rest = Buffer.alloc(0);
    for await (const chunk of child.stdout) {
      const bytes = Buffer.concat([rest, chunk as Buffer]);
      const whole = bytes.length - (bytes.length % Float32Array.BYTES_PER_ELEMENT);
      rest = bytes.subarray(whole);
      heard ||= whole > 0;
      yield { channelData: [toFloats(bytes.subarray(0, whole))], sampleRate: engineRate };
    }
    const code = await ended;
    if (code !== 0 && !heard) {
      const reason = complaint.trim().split('\n').at(-1) ?? '';
      throw new EarmarkError(
        'audio-unsupported',
        `ffmpeg finds no sound in “${name}”${reason === '' ? '.' : `: ${reason}`}`,
        'Check that it plays elsewhere, or choose another file.',
      );
    }
    if (code !== 0) {
      yield { channelData: [], sampleRate: engineRate, errors: [complaint] };
    }
  } catch (error) {
    throw error instanceof EarmarkError ? error : startError(name, program, error);
  } finally {
    // Whoever stops asking for pieces, because of an error of its own, ends ffmpeg too.
    child.kill('SIGKILL');
    await gone;
  }
}

/** @throws EarmarkError `needs-ffmpeg` where the system refuses at once; other refusals come later, as an event */
function start(name: string, program: string, words: readonly string[], signal: AbortSignal | undefined) {
  try {
    return spawn(program === '' ? 'ffmpeg' : program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      killSignal: 'SIGKILL',
      ...(signal && { signal }),
    });
  } catch (error) {
    throw startError(name, program, error);
  }
}

/** A copy, since a Float32Array must begin at a multiple of 4 bytes. */
function toFloats(bytes: Buffer): Float32Array {
  const floats = new Float32Array(bytes.length / Float32Array.BYTES_PER_ELEMENT);
  new Uint8Array(floats.buffer).set(bytes);
  return floats;
}

function startError(name: string, program: string, error: unknown): EarmarkError {
  if (error instanceof Error && error.name === 'AbortError') {
    return new EarmarkError('cancelled', 'Cancelled.', undefined, { cause: error });
  }
  const where = program === '' ? '' : ` at “${program}”`;
  return new EarmarkError(
    'needs-ffmpeg',
    `“${name}” is in a format that Earmark reads through ffmpeg, which is not found${where}.`,
    'Install ffmpeg, or set earmark.ffmpegPath (--ffmpeg on the command line) to where it is.',
    { cause: error },
  );
}
