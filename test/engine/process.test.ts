import { fork, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessageConnection } from 'vscode-jsonrpc';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import * as protocol from '../../src/protocol/engine';
import type { FileProgress } from '../../src/protocol/file-progress';
import { ask } from '../../src/protocol/rpc';
import type { RunEvent, RunSettings } from '../../src/protocol/run';
import { allTokens, repository, sampleFiles } from './default-model';

const settings: RunSettings = { ...allTokens, strategy: 'segmentwise', keepRatio: 0.25, parameters: { segments: 10 } };

/** The built engine, forked as the extension host forks it. */
describe('the engine process', () => {
  let child: ChildProcess;
  let connection: MessageConnection;
  let info: protocol.EngineInfo;

  beforeEach(async () => {
    await start(path.join(repository, 'dist', 'engine.js'));
  });

  async function start(script: string): Promise<void> {
    child = fork(script, [], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const own = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
    child.on('exit', () => {
      own.dispose();
    });
    own.listen();
    connection = own;
    info = await ask(connection, protocol.initialize, {
      modelFolders: [path.join(repository, 'media', 'models')],
      threads: 0,
      ffmpeg: '',
    });
  }

  afterEach(() => {
    child.kill('SIGKILL');
  });

  const open = (file: string) => ask(connection, protocol.openClip, { source: { kind: 'path', path: file } });

  it('says what runs models', () => {
    expect(info.problem).toBeUndefined();
    expect(info.runtime).toMatchObject({ name: 'onnxruntime', provider: 'cpu' });
  });

  it('lists the model that ships', async () => {
    const models = await ask(connection, protocol.listModels, undefined);
    expect(models).toHaveLength(1);
    expect(models[0]).toMatchObject({ modelId: 'earmark-mini', family: 'prefix', heads: 8, secondsPerToken: 0.04 });
  });

  it('opens a clip by path or by bytes, with the same identity, and gives peaks and samples as typed arrays', async () => {
    const file = sampleFiles[0]!;
    const clip = await open(file);
    const bytes = new Uint8Array(readFileSync(file));
    const same = await ask(connection, protocol.openClip, { source: { kind: 'bytes', name: 'a b.wav', bytes } });
    expect(same.clipId).toBe(clip.clipId);
    expect(clip.peaks.min).toBeInstanceOf(Float32Array);
    const { clipId } = clip;
    const peaks = await ask(connection, protocol.readPeaks, { clipId, startSeconds: 1, endSeconds: 2, columns: 50 });
    expect(peaks.max).toHaveLength(50);
    const samples = await ask(connection, protocol.readSamples, { clipId, startSeconds: 1, endSeconds: 2 });
    expect(samples).toBeInstanceOf(Float32Array);
    expect(samples).toHaveLength(16000);
    // Two files opened it; the clip stays until both have closed it.
    const again = () => ask(connection, protocol.readSamples, { clipId, startSeconds: 0, endSeconds: 1 });
    await connection.sendNotification(protocol.closeClip, { clipId });
    expect(await again()).toHaveLength(16000);
    await connection.sendNotification(protocol.closeClip, { clipId });
    await expect(again()).rejects.toMatchObject({ code: 'clip-closed' });
  });

  it('runs with progress, and a clip that was closed is asked for again in words', async () => {
    const { clipId } = await open(sampleFiles[0]!);
    const events: RunEvent[] = [];
    connection.onProgress(protocol.runProgress, 'p', (event) => {
      events.push(event);
    });
    const params = { clipId, modelId: 'earmark-mini', settings: [settings], progress: 'p' };
    const runs = await ask(connection, protocol.run, params);
    expect(runs[0]!.caption).toMatch(/Please enter your conference number/);
    expect(events.some(({ kind }) => kind === 'text')).toBe(true);
    await connection.sendNotification(protocol.closeClip, { clipId });
    await expect(ask(connection, protocol.run, params)).rejects.toMatchObject({ code: 'clip-closed' });
  });

  it('measures the machine once', async () => {
    const speed = await ask(connection, protocol.measureSpeed, undefined);
    expect(speed).toMatchObject({ bytesPerSecond: expect.any(Number) as number });
    // Another measurement would give other numbers.
    expect(await ask(connection, protocol.measureSpeed, undefined)).toEqual(speed);
  });

  it('imports a folder, and looks for models in other folders while a run goes on', async () => {
    const parent = mkdtempSync(path.join(tmpdir(), 'earmark-process-'));
    // Called like the model that ships: what is encoded by one must not be taken for the other's.
    const folder = path.join(parent, 'earmark-mini');
    cpSync(path.join(repository, 'test', 'reference', 'transformers-js', 'ultravox'), folder, { recursive: true });
    try {
      const told: FileProgress[] = [];
      connection.onProgress(protocol.importProgress, 'i', (progress) => {
        told.push(progress);
      });
      const imported = await ask(connection, protocol.importModel, { folder, progress: 'i' });
      expect(imported).toMatchObject({
        modelId: 'earmark-mini',
        found: [expect.stringContaining('Ultravox in fp32'), expect.any(String), expect.any(String)],
      });
      expect(told.at(-1)!.done).toBe(told[0]!.total);

      const { clipId } = await open(sampleFiles[0]!);
      const run = async (progress: string) => {
        const [one] = await ask(connection, protocol.run, {
          clipId,
          modelId: 'earmark-mini',
          settings: [settings],
          progress,
        });
        return one!.tokens.valid;
      };
      const change = (modelFolders: readonly string[]) =>
        connection.sendNotification(protocol.changeModelFolders, { modelFolders });
      const begun = new Promise((resolve) => connection.onProgress(protocol.runProgress, 'p', resolve));
      const going = run('p');
      await begun;
      await change([parent]);
      expect(await going).toBe(104);
      expect(await run('q')).toBe(26);
      await change([path.join(repository, 'media', 'models')]);
      expect(await run('r')).toBe(104);
    } finally {
      rmSync(parent, { recursive: true });
    }
  });

  it('ends a run at a request to cancel, and returns what is done', async () => {
    const { clipId } = await open(sampleFiles[1]!);
    const controller = new AbortController();
    connection.onProgress(protocol.runProgress, 'p', (event) => {
      if (event.kind === 'text') {
        controller.abort();
      }
    });
    const asked = [settings, { ...settings, strategy: 'top-k' }];
    const runs = await ask(
      connection,
      protocol.run,
      { clipId, modelId: 'earmark-mini', settings: asked, progress: 'p' },
      controller.signal,
    );
    expect(runs).toHaveLength(1);
    expect(runs[0]!.finish).toBe('cancelled');
    // It goes on working.
    expect(await ask(connection, protocol.listModels, undefined)).toHaveLength(1);
  });

  it('answers while it works, and runs what is asked at once one after the other', async () => {
    const { clipId } = await open(sampleFiles[0]!);
    const params = { clipId, modelId: 'earmark-mini', settings: [settings] };
    const [first, second, models] = await Promise.all([
      ask(connection, protocol.run, params),
      ask(connection, protocol.run, params),
      ask(connection, protocol.listModels, undefined),
    ]);
    expect(second[0]!.caption).toBe(first[0]!.caption);
    expect(models).toHaveLength(1);
  });

  it('lets a request that waits be cancelled without harm to the one that runs', async () => {
    const { clipId } = await open(sampleFiles[0]!);
    const params = { clipId, modelId: 'earmark-mini', settings: [settings] };
    const running = ask(connection, protocol.run, params);
    const controller = new AbortController();
    const waiting = ask(connection, protocol.run, params, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect((await running)[0]!.finish).toBe('stop');
  });

  it('fails in the user’s words', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'earmark-'));
    const text = path.join(folder, 'letter.wav');
    writeFileSync(text, 'Dear model, this is no sound.');
    await expect(open(text)).rejects.toMatchObject({ name: 'EarmarkError', code: 'audio-unsupported' });
    await expect(open(path.join(folder, 'gone.wav'))).rejects.toMatchObject({ code: 'audio-not-found' });
    rmSync(folder, { recursive: true });
    const { clipId } = await open(sampleFiles[0]!);
    const run = (modelId: string, chosen: RunSettings) =>
      ask(connection, protocol.run, { clipId, modelId, settings: [chosen] });
    await expect(run('no-such', settings)).rejects.toThrow(/no model named "no-such"/);
    await expect(run('earmark-mini', { ...settings, strategy: 'best' })).rejects.toThrow(/no strategy named "best"/);
    await expect(run('earmark-mini', { ...settings, keepRatio: 0 })).rejects.toThrow(/keep ratio of 0/);
    // Nothing of that broke it.
    expect((await run('earmark-mini', settings))[0]!.tokens.kept).toBe(26);
  });

  it('that is killed fails what was asked of it', async () => {
    const { clipId } = await open(sampleFiles[1]!);
    const pending = ask(connection, protocol.run, { clipId, modelId: 'earmark-mini', settings: [settings] });
    setTimeout(() => child.kill('SIGKILL'), 50);
    await expect(pending).rejects.toMatchObject({ code: 'engine-stopped' });
  });

  it('works on hours of sound window by window, and stops at a request to cancel', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'earmark-'));
    const file = path.join(folder, 'three hours.wav');
    writeThreeHours(file);
    try {
      const { clipId, durationSeconds } = await open(file);
      expect(durationSeconds).toBe(3 * 3600);
      const controller = new AbortController();
      const windows: number[] = [];
      connection.onProgress(protocol.runProgress, 'p', (event) => {
        if (event.kind === 'analysed') {
          windows.push(event.analysis.index);
          if (windows.length === 3) {
            controller.abort();
          }
        }
      });
      const params = { clipId, modelId: 'earmark-mini', settings: [{ ...settings, maxNewTokens: 2 }], progress: 'p' };
      const runs = await ask(connection, protocol.run, params, controller.signal);
      expect(windows.length).toBeLessThan(6);
      expect(runs[0]!.finish).toBe('cancelled');
      expect(runs[0]!.windows.length).toBeGreaterThanOrEqual(2);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('opens sounds where onnxruntime has no binary, and says why models do not run', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'earmark-'));
    copyFileSync(path.join(repository, 'dist', 'engine.js'), path.join(folder, 'engine.js'));
    // The package is there, what it loads is not: as on a platform without a binary.
    const packageFolder = path.join(folder, 'node_modules', 'onnxruntime-node');
    mkdirSync(packageFolder, { recursive: true });
    writeFileSync(path.join(packageFolder, 'package.json'), '{"name": "onnxruntime-node", "main": "missing.js"}');
    child.kill('SIGKILL');
    try {
      await start(path.join(folder, 'engine.js'));
      expect(info.runtime).toBeUndefined();
      expect(info.problem).toMatchObject({ code: 'runtime-missing' });
      const { clipId, peaks } = await open(sampleFiles[0]!);
      expect(peaks.max.some((value) => value > 0)).toBe(true);
      const run = ask(connection, protocol.run, { clipId, modelId: 'earmark-mini', settings: [settings] });
      await expect(run).rejects.toMatchObject({ code: 'runtime-missing' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ends with its host', async () => {
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.disconnect();
    await ended;
  });
});

/** Three hours of 16-bit mono at 16 kHz: a minute of the longest sample and silence, over and over. */
function writeThreeHours(file: string): void {
  const sample = readFileSync(sampleFiles[1]!);
  const header = Buffer.from(sample.subarray(0, 44));
  const minute = Buffer.alloc(60 * 16000 * 2);
  sample.copy(minute, 0, 44);
  header.writeUInt32LE(36 + 180 * minute.length, 4);
  header.writeUInt32LE(180 * minute.length, 40);
  const descriptor = openSync(file, 'w');
  writeSync(descriptor, header);
  for (let i = 0; i < 180; i++) {
    writeSync(descriptor, minute);
  }
  closeSync(descriptor);
}
