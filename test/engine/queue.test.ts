import { Queue, Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { version } from '../../package.json';
import type { ClipTask, OnOutcome } from '../../src/evaluation/clip-runner';
import { queueName, type ClipJob } from '../../src/evaluation/queue/clip-job';
import { connect } from '../../src/evaluation/queue/connection';
import { runQueued } from '../../src/evaluation/queue/run-queued';
import { serveQueue } from '../../src/evaluation/queue/serve-queue';
import type { EvaluationManifest, RowOutcome } from '../../src/protocol/evaluation';
import { manifestOf, resultOf, setting } from '../unit/evaluation/evaluations';
import { startRedis } from './redis';

/** The queue itself, with a real Redis and no model: where workers run clips, the tests play them. */
describe('the queue of an evaluation', () => {
  const audioFolder = '/sounds';
  const token = 'a worker';
  let folder: string;
  let server: ChildProcess;
  let url: string;
  let client: Redis;
  let queue: Queue<ClipJob>;
  /** Only where a test plays it: one that has connected counts as one that may run clips. */
  let worker: Worker<ClipJob> | undefined;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'earmark-queue-'));
    ({ url, server } = await startRedis(folder));
    client = await connect(url);
    queue = new Queue(queueName, { connection: client });
    worker = undefined;
  });

  afterEach(async () => {
    await worker?.close();
    await queue.close();
    client.disconnect();
    server.kill('SIGKILL');
    await once(server, 'exit');
    rmSync(folder, { recursive: true });
  });

  function evaluation(more: Partial<EvaluationManifest> = {}): EvaluationManifest {
    return manifestOf([setting('none', 1)], 1, { earmark: version, ...more });
  }

  function taskOf(item: string): ClipTask {
    const expected = { kind: 'captions', references: ['rain'] } as const;
    const row = { item, setting: 0, audio: `${item}.wav`, question: '', expected, groups: {} };
    return { audio: path.join(audioFolder, row.audio), rows: [row] };
  }

  async function nextJob(): Promise<Job<ClipJob>> {
    worker ??= new Worker(queueName, null, { connection: { url } });
    let job: Job<ClipJob> | undefined;
    while (!job) {
      await pause(20);
      job = await worker.getNextJob(token, { block: false });
    }
    return job;
  }

  async function tell(job: Job<ClipJob>): Promise<void> {
    const [{ item, setting: place }] = job.data.rows as [ClipJob['rows'][number]];
    const outcome: RowOutcome = { status: 'done', ...resultOf(item) };
    await job.log(JSON.stringify({ item, setting: place, outcome }));
    await job.updateProgress(1);
  }

  it('loses no outcome where it is cancelled while one is taken', async () => {
    const cancel = new AbortController();
    const taken: string[] = [];
    let begun!: () => void;
    let goOn!: () => void;
    const taking = new Promise<void>((resolve) => (begun = resolve));
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const slow: OnOutcome = async ({ item }) => {
      taken.push(item);
      begun();
      await held;
    };
    const items = ['first', 'finished', 'given back', 'running', 'not begun'];
    const done = runQueued(evaluation(), items.map(taskOf), slow, { url, audioFolder, signal: cancel.signal });
    const first = await nextJob();
    await tell(first);
    await taking;
    await first.moveToCompleted(null, token, false);
    const finished = await nextJob();
    await tell(finished);
    await finished.moveToCompleted(null, token, false);
    const [givenBack, running] = [await nextJob(), await nextJob()];
    await tell(givenBack);
    await givenBack.moveToWait(token);
    await tell(running);
    cancel.abort();
    goOn();
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
    expect(taken).toEqual(['first', 'finished', 'given back', 'running']);
    // A worker holds it, and can not be told; going on later collects it.
    expect(await queue.getJobCounts()).toMatchObject({ active: 1, waiting: 0, delayed: 0, completed: 0, failed: 0 });
  });

  it('names sounds from the folder where they are now, whatever the evaluation was begun with', async () => {
    const cancel = new AbortController();
    const done = runQueued(evaluation(), [taskOf('a')], () => Promise.resolve(), {
      url,
      audioFolder,
      signal: cancel.signal,
    });
    const job = await nextJob();
    expect(job.data.audioInFolder).toBe('a.wav');
    cancel.abort();
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
  });

  it.each([
    ['0.0.1', '0.0.1'],
    [undefined, 'an older version'],
  ])('is not served by another version of Earmark: %s', async (earmark, said) => {
    const stop = new AbortController();
    const serving = serve('south', stop.signal);
    const outcomes: RowOutcome[] = [];
    const manifest = { ...evaluation(), earmark } as EvaluationManifest;
    const take: OnOutcome = (_, outcome) => Promise.resolve(void outcomes.push(outcome));
    await runQueued(manifest, [taskOf('a')], take, { url, audioFolder, signal: stop.signal });
    expect(outcomes).toEqual([
      {
        status: 'failed',
        problem:
          `The worker south is Earmark ${version}, and the evaluation is made with ${said}. ` +
          'Use the same version of Earmark for both.',
      },
    ]);
    stop.abort();
    await serving;
  });

  it('keeps a clip for a worker that has it, also where one that has not came and went', async () => {
    const end = new AbortController();
    // It is busy: connected, and takes nothing yet.
    worker = new Worker(queueName, null, { connection: { url } });
    await worker.waitUntilReady();
    const outcomes: RowOutcome[] = [];
    const take: OnOutcome = (_, outcome) => Promise.resolve(void outcomes.push(outcome));
    const manifest = { ...evaluation(), earmark: '0.0.1' };
    const done = runQueued(manifest, [taskOf('a')], take, { url, audioFolder, signal: end.signal });
    for (const name of ['south 1', 'south 2']) {
      const stop = new AbortController();
      await new Promise<void>((resolve, reject) => {
        serve(name, stop.signal, (line) => {
          if (line.includes('left to others')) stop.abort();
        }).then(resolve, reject);
      });
    }
    const job = await nextJob();
    expect(job.data.refusedBy).toEqual(['south 1', 'south 2']);
    await tell(job);
    await job.moveToCompleted(null, token, false);
    await done;
    expect(outcomes.map(({ status }) => status)).toEqual(['done']);
  });

  function serve(name: string, signal: AbortSignal, log: (line: string) => void = () => undefined): Promise<void> {
    return serveQueue({
      url,
      jobs: 1,
      runner: {
        script: '',
        engine: { modelFolders: [], threads: 1, ffmpeg: '' },
        worker: name,
        onOutput: () => undefined,
      },
      signal,
      log,
    });
  }
});
