import { Queue, QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EarmarkError } from '../../protocol/errors';
import type { EvaluationManifest } from '../../protocol/evaluation';
import type { ClipTask, OnOutcome } from '../clip-runner';
import { rowKey, type PlannedRow } from '../plan';
import { attempts, queueName, type ClipJob, type OutcomeLine } from './clip-job';
import { connect } from './connection';

/** Events tell what to look at; a look at everything finds what an event that was lost would have told. */
const sweepMs = 5_000;

/** A clip in the queue, as far as its log was read. */
interface Waiting {
  readonly rows: Map<string, PlannedRow>;
  read: number;
}

export interface QueuedOptions {
  readonly url: string;
  /** Where the sounds are now: an evaluation that is gone on with may have been begun with another folder. */
  readonly audioFolder: string;
  readonly signal: AbortSignal;
}

/**
 * Hands clips to the workers of a queue and collects what comes of them. A clip's job has the same id whenever it is
 * handed over, so an evaluation that goes on finds the jobs it left behind, and an outcome counts once, however often it
 * was told.
 *
 * When cancelled, what was told is collected and clips that no worker holds are taken back; what is being run can be
 * collected by going on later.
 *
 * @throws EarmarkError `queue-unreachable`, `cancelled`, what `onOutcome` throws
 */
export async function runQueued(
  manifest: EvaluationManifest,
  tasks: readonly ClipTask[],
  onOutcome: OnOutcome,
  { url, audioFolder, signal }: QueuedOptions,
): Promise<void> {
  const client = await connect(url);
  const queue = new Queue<ClipJob>(queueName, { connection: client });
  const listening = client.duplicate();
  const events = new QueueEvents(queueName, { connection: listening });
  // A server that goes away is waited for; what is lost meanwhile is found by the next sweep.
  queue.on('error', () => undefined);
  events.on('error', () => undefined);
  try {
    const waiting = await enqueue(queue, manifest, tasks, audioFolder);
    const collector = new Collector(client, queue, onOutcome, waiting);
    await collector.follow(events, signal);
  } finally {
    await events.close();
    await queue.close();
    listening.disconnect();
    client.disconnect();
  }
}

async function enqueue(
  queue: Queue<ClipJob>,
  { evaluationId, earmark, settings, model }: EvaluationManifest,
  tasks: readonly ClipTask[],
  audioFolder: string,
): Promise<Map<string, Waiting>> {
  const waiting = new Map<string, Waiting>();
  const jobs = tasks.map(({ audio, rows }) => {
    const audioInFolder = path.relative(audioFolder, audio);
    const jobId = `${evaluationId}-${createHash('sha256').update(audioInFolder).digest('hex').slice(0, 16)}`;
    waiting.set(jobId, { rows: new Map(rows.map((row) => [rowKey(row), row])), read: 0 });
    const data: ClipJob = {
      earmark,
      settings,
      model: { modelId: model.modelId, fingerprint: model.fingerprint },
      audio,
      audioInFolder,
      rows: rows.map(({ item, setting, question }) => ({ item, setting, question })),
    };
    return { name: 'clip', data, opts: { jobId, attempts, backoff: { type: 'fixed', delay: 1000 } } };
  });
  await queue.addBulk(jobs);
  return waiting;
}

class Collector {
  /** Ids of jobs that something was told of. */
  private readonly told = new Set<string>();

  constructor(
    private readonly client: Redis,
    private readonly queue: Queue<ClipJob>,
    private readonly onOutcome: OnOutcome,
    private readonly waiting: Map<string, Waiting>,
  ) {}

  /** Until every clip is collected. */
  async follow(events: QueueEvents, signal: AbortSignal): Promise<void> {
    const tell = ({ jobId }: { readonly jobId: string }): void => {
      this.told.add(jobId);
    };
    for (const event of ['progress', 'completed', 'failed'] as const) {
      events.on(event, tell);
    }
    let swept = -Infinity;
    while (this.waiting.size > 0) {
      if (signal.aborted) {
        await this.takeBack();
        throw new EarmarkError('cancelled', 'Cancelled.');
      }
      const sweeps = performance.now() - swept > sweepMs;
      const look = sweeps ? [...this.waiting.keys()] : [...this.told];
      swept = sweeps ? performance.now() : swept;
      this.told.clear();
      for (const jobId of look) {
        await this.collect(jobId);
      }
      await pause(100, undefined, { signal }).catch(() => undefined);
    }
  }

  private async collect(jobId: string): Promise<void> {
    const clip = this.waiting.get(jobId);
    if (!clip) {
      return;
    }
    // The state before the log: a job that is at its end writes nothing more.
    const state = await this.queue.getJobState(jobId);
    await this.readLog(jobId, clip);
    if (state === 'completed' || state === 'failed' || state === 'unknown') {
      await this.end(jobId, clip, state);
    }
  }

  private async readLog(jobId: string, clip: Waiting): Promise<void> {
    const { logs } = await this.queue.getJobLogs(jobId, clip.read);
    clip.read += logs.length;
    for (const line of logs) {
      await this.take(clip, JSON.parse(line) as OutcomeLine);
    }
  }

  /** What has no outcome at the end has failed, for the reason that the last worker gave. */
  private async end(jobId: string, clip: Waiting, state: string): Promise<void> {
    const job = await this.queue.getJob(jobId);
    const problem =
      state === 'unknown'
        ? 'The clip is no longer in the queue.'
        : (job?.failedReason ?? 'The worker told no outcome.');
    for (const row of clip.rows.values()) {
      await this.onOutcome(row, { status: 'failed', problem });
    }
    this.waiting.delete(jobId);
    await job?.remove();
  }

  private async take(clip: Waiting, { outcome, ...name }: OutcomeLine): Promise<void> {
    const row = clip.rows.get(rowKey(name));
    if (row) {
      clip.rows.delete(rowKey(name));
      await this.onOutcome(row, outcome);
    }
  }

  private async takeBack(): Promise<void> {
    for (const [jobId, clip] of [...this.waiting]) {
      if (await this.claim(jobId)) {
        await this.readLog(jobId, clip);
        await this.queue.remove(jobId);
      } else {
        await this.collect(jobId);
      }
    }
  }

  /**
   * Takes a job that no worker holds out of every worker's reach: looking first and removing then would lose what is told
   * in between, since a job goes with its log.
   *
   * @returns whether it was to be had; what a worker holds or has finished is not
   */
  private async claim(jobId: string): Promise<boolean> {
    const waits = await this.client.lrem(this.queue.toKey('wait'), 1, jobId);
    return waits > 0 || (await this.client.zrem(this.queue.toKey('delayed'), jobId)) > 0;
  }
}
