import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { AudioSource } from '../../protocol/clip';
import { EarmarkError } from '../../protocol/errors';
import type { Decoder } from './decoder';
import { pcmToFloat } from './pcm';

type Process = ChildProcessByStdio<null, Readable, Readable>;

const install = 'Install ffmpeg, or set “earmark.ffmpegPath” to where it is, and open the sound again.';
const float32 = { kind: 'float', bytes: 4, littleEndian: false } as const;
const mostReportCharacters = 20_000;

/**
 * Decodes with the user's ffmpeg, which writes Sun AU at the sound's own rate: a header, then big-endian floats.
 * Throws `needs-ffmpeg`, `audio-unsupported` (no sound in the file) or `audio-damaged`.
 */
export class FfmpegDecoder implements Decoder {
  private left: Buffer = Buffer.alloc(0);
  private decodedBytes = 0;

  private constructor(
    private readonly name: string,
    private readonly process: Process,
    private readonly chunks: AsyncIterator<Buffer>,
    private readonly report: () => string,
    private readonly cleanUp: () => Promise<void>,
    readonly sampleRate: number,
    readonly channels: number,
    first: Buffer,
  ) {
    this.left = first;
  }

  /**
   * @param words what the sound is, for messages
   * @param ffmpeg path of the program, or empty to look on PATH
   */
  static async open(source: AudioSource, name: string, words: string, ffmpeg: string): Promise<FfmpegDecoder> {
    const { file, cleanUp } = await asFile(source);
    try {
      const process = await start(file, name, words, ffmpeg);
      let reported = '';
      process.stderr.setEncoding('utf8').on('data', (text: string) => {
        reported = (reported + text).slice(-mostReportCharacters);
      });
      const chunks = process.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      const report = () => reported;
      let bytes: Buffer = Buffer.alloc(0);
      // AU: magic, offset of the samples, length, encoding, rate, channels; 32 bits each, big-endian.
      while (bytes.length < 24 || bytes.length < bytes.readUInt32BE(4)) {
        const chunk = await chunks.next();
        if (chunk.done) {
          await ended(process);
          throw failure(name, reported);
        }
        bytes = Buffer.concat([bytes, chunk.value]);
      }
      const first = bytes.subarray(bytes.readUInt32BE(4));
      const [rate, channels] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
      return new FfmpegDecoder(name, process, chunks, report, cleanUp, rate, channels, first);
    } catch (thrown) {
      await cleanUp();
      throw thrown;
    }
  }

  get codec(): string {
    const codec = /Audio: (\w+)/.exec(this.report())?.[1];
    return codec === undefined ? 'read with ffmpeg' : `${codec.toUpperCase()}, read with ffmpeg`;
  }

  get totalFrames(): number | undefined {
    const [, hours, minutes, seconds] = /Duration: (\d+):(\d+):([\d.]+)/.exec(this.report()) ?? [];
    return seconds === undefined
      ? undefined
      : Math.round((Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * this.sampleRate);
  }

  async read(): Promise<Float32Array | undefined> {
    const frameBytes = this.channels * float32.bytes;
    const chunk = this.left.length >= frameBytes ? undefined : await this.chunks.next();
    const bytes = chunk?.done === false ? Buffer.concat([this.left, chunk.value]) : this.left;
    const whole = bytes.length - (bytes.length % frameBytes);
    this.left = bytes.subarray(whole);
    this.decodedBytes += whole;
    if (whole === 0 && chunk?.done === true) {
      const { exitCode } = await ended(this.process);
      if (exitCode !== 0 && this.decodedBytes === 0) {
        throw failure(this.name, this.report());
      }
      return undefined;
    }
    return pcmToFloat(bytes.subarray(0, whole), float32);
  }

  warnings(): string[] {
    return this.process.exitCode === 0 ? [] : [`ffmpeg stopped before the end: ${lastLine(this.report())}`];
  }

  async close(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill('SIGKILL');
      await ended(this.process);
    }
    await this.cleanUp();
  }
}

async function start(file: string, name: string, words: string, ffmpeg: string): Promise<Process> {
  const process = spawn(
    ffmpeg || 'ffmpeg',
    // "file:" keeps a path with a colon from being taken for a protocol; nothing but files is opened.
    [
      ...['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'info', '-protocol_whitelist', 'file,pipe'],
      ...['-i', `file:${file}`, '-map', '0:a:0', '-vn', '-sn', '-dn'],
      ...['-c:a', 'pcm_f32be', '-f', 'au', 'pipe:1'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true },
  );
  try {
    await once(process, 'spawn');
    return process;
  } catch (cause) {
    const where = ffmpeg ? `there is none at “${ffmpeg}”` : 'it was not found on this computer';
    const message = `“${name}” is ${words}. Earmark reads that with ffmpeg, but ${where}.`;
    throw new EarmarkError('needs-ffmpeg', message, install, { cause });
  }
}

async function ended(process: Process): Promise<Process> {
  if (process.exitCode === null && process.signalCode === null) {
    await once(process, 'exit');
  }
  return process;
}

function failure(name: string, report: string): EarmarkError {
  if (/matches no streams|does not contain any stream/.test(report)) {
    return new EarmarkError('audio-unsupported', `There is no sound in “${name}”.`, 'Choose another file.');
  }
  return new EarmarkError('audio-damaged', `ffmpeg could not read “${name}”: ${lastLine(report)}`);
}

function lastLine(report: string): string {
  const line = report.trim().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? 'it said nothing more.' : line;
}

/** ffmpeg has to go back and forth in some formats, so that bytes become a file for the time being. */
async function asFile(source: AudioSource): Promise<{ file: string; cleanUp: () => Promise<void> }> {
  if (source.kind === 'path') {
    return { file: path.resolve(source.path), cleanUp: () => Promise.resolve() };
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'earmark-'));
  const cleanUp = () => rm(folder, { recursive: true, force: true });
  try {
    const file = path.join(folder, 'sound');
    await writeFile(file, source.bytes);
    return { file, cleanUp };
  } catch (thrown) {
    await cleanUp();
    throw thrown;
  }
}
