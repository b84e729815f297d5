import { DelayedError, WaitingError, Worker, type Job, Queue } from 'bullmq';
import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import { findPack } from '../../engine/model/find-packs';
import { packFingerprint } from '../../engine/model/pack';
import { EarmarkError } from '../../protocol/errors';
import { localEngine } from '../../protocol/evaluation';
import { ClipRunner, type RunnerOptions } from '../clip-runner';
import { rowKey } from '../plan';
import { version } from '../../../package.json';
import { leaseMs, queueName, refusedMs, type ClipJob, type OutcomeLine } from './clip-job';
import { connect } from './connection';

export interface ServeOptions {
  readonly url: string;
  /** Clips at once, each in an engine of its own. */
  readonly jobs: number;
  /** Where the sounds are on this machine; absent: where the coordinator has them. */
  readonly audioFolder?: string;
  readonly runner: RunnerOptions;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/**
 * Runs clips of a queue until it is told to stop. What was being run then goes back to the queue; what of it was done
 * is kept.
 *
 * @throws EarmarkError `queue-unreachable`
 */
export async function serveQueue(options: ServeOptions): Promise<void> {
  const client = await connect(options.url);
  const taking = client.duplicate();
  const queue = new Queue<ClipJob>(queueName, { connection: client });
  const runners = Array.from(
    { length: options.jobs },
    (_, number) =>
      new ClipRunner({ ...options.runner, worker: `${options.runner.worker}, ${localEngine(number + 1)}` }),
  );
  const idle = [...runners];
  const told = new Set<string>();
  const tellOnce = (message: string): void => {
    if (!told.has(message)) {
      told.add(message);
      options.log(`${message} Its clips are left to others.`);
    }
  };
  const worker = new Worker<ClipJob>(
    queueName,
    async (job, token) => {
      const runner = idle.pop()!;
      try {
        await runJob(queue, job, runner, options);
      } catch (thrown) {
        if (options.signal.aborted) {
          await job.moveToWait(token);
          throw new WaitingError();
        }
        if (thrown instanceof Unfit && (await othersMay(queue, job, options.runner.worker))) {
          tellOnce(thrown.message);
          await job.moveToDelayed(Date.now() + refusedMs, token);
          throw new DelayedError();
        }
        throw thrown;
      } finally {
        idle.push(runner);
      }
    },
    {
      connection: taking,
      name: clientName(options.runner.worker),
      concurrency: options.jobs,
      lockDuration: leaseMs,
      stalledInterval: leaseMs / 2,
      // A clip that ends its engine is dealt with by the runner; that it ends the machine every time is unlikely.
      maxStalledCount: 10,
    },
  );
  const tell = (error: Error): void => {
    options.log(`queue: ${error.message}`);
  };
  worker.on('error', tell);
  queue.on('error', tell);
  worker.on('completed', (job) => {
    options.log(`${job.data.audioInFolder}: ${String(job.data.rows.length)} runs`);
  });
  worker.on('failed', (job, error) => {
    options.log(`${job?.data.audioInFolder ?? 'a clip'}: ${error.message}`);
  });
  try {
    await aborted(options.signal);
  } finally {
    await worker.close();
    await queue.close();
    runners.forEach((runner) => {
      runner.dispose();
    });
    taking.disconnect();
    client.disconnect();
  }
}

async function runJob(
  queue: Queue<ClipJob>,
  job: Job<ClipJob>,
  runner: ClipRunner,
  { runner: { engine, worker }, audioFolder, signal }: ServeOptions,
): Promise<void> {
  const { data } = job;
  const audio = audioFolder === undefined ? data.audio : path.join(audioFolder, data.audioInFolder);
  requireVersion(data.earmark, worker);
  await requireSound(audio, worker);
  await requireModel(engine.modelFolders, data.model, worker);
  const { logs } = await queue.getJobLogs(job.id!);
  const done = new Set(logs.map((line) => rowKey(JSON.parse(line) as OutcomeLine)));
  const rows = data.rows.filter((row) => !done.has(rowKey(row)));
  let told = logs.length;
  await runner.run(
    data,
    { audio, rows },
    async ({ item, setting }, outcome) => {
      await job.log(JSON.stringify({ item, setting, outcome } satisfies OutcomeLine));
      // Tells the coordinator that there is something to read.
      await job.updateProgress(++told);
    },
    signal,
  );
}

/** A worker that can not run a clip, whatever it tries: it has not what the clip needs. */
class Unfit extends EarmarkError {}

/**
 * Notes that this worker can not run a clip, and tells whether there is one that may: it is no try of the clip's then. A
 * worker that refuses is idle, and would use up the tries of every clip before one that runs them is free.
 */
async function othersMay(queue: Queue<ClipJob>, job: Job<ClipJob>, worker: string): Promise<boolean> {
  const refusedBy = [...new Set([...(job.data.refusedBy ?? []), worker])];
  await job.updateData({ ...job.data, refusedBy });
  // By name: one that refused may be gone.
  const refusing = refusedBy.map((name) => `:w:${clientName(name)}`);
  const workers = await queue.getWorkers();
  return workers.some(({ rawname = '' }) => !refusing.some((name) => rawname.endsWith(name)));
}

/** What a worker is called in Redis, where a name has no spaces. */
function clientName(worker: string): string {
  return Buffer.from(worker).toString('base64url');
}

/** Another version may prune or measure otherwise; its rows would be mixed in unnoticed. */
function requireVersion(earmark: string | undefined, worker: string): void {
  if (earmark !== version) {
    throw new Unfit(
      'settings-invalid',
      `The worker ${worker} is Earmark ${version}, and the evaluation is made with ${earmark ?? 'an older version'}. ` +
        'Use the same version of Earmark for both.',
    );
  }
}

async function requireSound(audio: string, worker: string): Promise<void> {
  if (!(await stat(audio).catch(() => undefined))) {
    throw new Unfit(
      'audio-not-found',
      `The worker ${worker} has no ${audio}. Start it with --audio and the folder of the sounds.`,
    );
  }
}

/** Rows of two versions of a model in one table would compare what can not be compared. */
async function requireModel(modelFolders: readonly string[], model: ClipJob['model'], worker: string): Promise<void> {
  const pack = await findPack(modelFolders, model.modelId).catch((cause: unknown) => {
    const { code, message, action } = EarmarkError.from(cause);
    throw new Unfit(code, `The worker ${worker}: ${message}`, action, { cause });
  });
  if ((await packFingerprint(pack.folder)) !== model.fingerprint) {
    throw new Unfit(
      'model-invalid',
      `The model "${model.modelId}" of the worker ${worker} is not the one that the evaluation was begun with.`,
    );
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}
