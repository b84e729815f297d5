import { fork } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import * as protocol from '../../src/protocol/engine';
import { ask } from '../../src/protocol/rpc';
import type { RunSettings } from '../../src/protocol/run';
import { markdownTable, median } from './measure';

const settings: RunSettings = {
  strategy: 'none',
  keepRatio: 1,
  budgetMode: 'exact',
  headReduce: 'mean',
  parameters: {},
  question: 'Describe the audio.',
  maxNewTokens: 32,
};
const pruned: RunSettings = { ...settings, strategy: 'segmentwise', keepRatio: 0.25, parameters: { segments: 10 } };

/** What a person waits for, measured through the engine process as the extension drives it. */
export async function benchEngine(repository: string, folder: string): Promise<string> {
  const child = fork(path.join(repository, 'dist', 'engine.js'), [], { execArgv: [], serialization: 'advanced' });
  const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
  connection.listen();
  const modelFolders = [path.join(repository, 'media', 'models')];
  await ask(connection, protocol.initialize, { modelFolders, threads: 0, ffmpeg: '' });

  const open = (file: string, progress = '') =>
    ask(connection, protocol.openClip, { source: { kind: 'path', path: file }, progress });
  /** From Prune & Caption to the first piece of text, on a clip that was never encoded. */
  const firstWords = async (file: string): Promise<number> => {
    const { clipId } = await open(file);
    const started = performance.now();
    let first = NaN;
    const listener = connection.onProgress(protocol.runProgress, clipId, (event) => {
      if (event.kind === 'text' && Number.isNaN(first)) {
        first = performance.now() - started;
      }
    });
    const params = { clipId, modelId: 'earmark-mini', settings: [settings, pruned], progress: clipId };
    await ask(connection, protocol.run, params);
    listener.dispose();
    await connection.sendNotification(protocol.closeClip, { clipId });
    return first;
  };

  const clips = await tenSecondClips(path.join(repository, 'media', 'samples'), folder);
  const coldMs = await firstWords(clips[0]!);
  const warm: number[] = [];
  for (const clip of clips.slice(1)) {
    warm.push(await firstWords(clip));
  }

  const long = path.join(folder, 'ten-minutes.wav');
  await writeFile(long, wav(noise(600 * 44100), 44100));
  const openStarted = performance.now();
  let waveform = NaN;
  connection.onProgress(protocol.clipProgress, 'long', () => {
    waveform = Number.isNaN(waveform) ? performance.now() - openStarted : waveform;
  });
  await open(long, 'long');
  const opened = performance.now() - openStarted;
  const peak = await peakMemory(child.pid!);
  child.kill('SIGKILL');
  return markdownTable(
    ['through the engine process', ''],
    [
      ['Prune & Caption to first words, 10 s clip, model not loaded', `${coldMs.toFixed(0)} ms`],
      ['Prune & Caption to first words, 10 s clip, warm (median)', `${median(warm).toFixed(0)} ms`],
      ['10 min of 44.1 kHz WAV: first waveform', `${waveform.toFixed(0)} ms`],
      ['10 min of 44.1 kHz WAV: decoded and resampled', `${opened.toFixed(0)} ms`],
      ['most memory of the engine', peak],
    ],
  );
}

/** Clips of 10 s that differ in one sample, so that no cache knows them. */
async function tenSecondClips(samples: string, folder: string): Promise<string[]> {
  const bytes = await readFile(path.join(samples, 'half-minute.wav'));
  const sound = new Int16Array(bytes.buffer, bytes.byteOffset + 44, 160_000);
  return Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const copy = sound.slice();
      copy[0] = i;
      const file = path.join(folder, `ten-seconds-${String(i)}.wav`);
      await writeFile(file, wav(copy, 16000));
      return file;
    }),
  );
}

function noise(length: number): Int16Array {
  return Int16Array.from({ length }, (_, i) => Math.round(8000 * Math.sin(i * i * 1e-6)));
}

/** A mono 16-bit WAV file. */
function wav(samples: Int16Array, rate: number): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([header, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)]);
}

/** The most physical memory that a process held so far; Linux alone tells it. */
async function peakMemory(pid: number): Promise<string> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '');
  const kilobytes = /VmHWM:\s+(\d+)/.exec(status)?.[1];
  return kilobytes === undefined ? 'not told by this system' : `${(Number(kilobytes) / 1024).toFixed(0)} MiB`;
}
