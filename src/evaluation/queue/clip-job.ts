import type { EvaluationManifest, RowOutcome } from '../../protocol/evaluation';
import type { RunnableRow } from '../clip-runner';

/** The one queue that coordinators fill and workers empty; each job says which evaluation it belongs to. */
export const queueName = 'earmark';

/** One clip with all that is asked of it, as it waits in Redis. Small: what an answer is compared with stays behind. */
export interface ClipJob {
  /** The version of Earmark that the evaluation is made with; one before it was said left it out. */
  readonly earmark?: string;
  readonly settings: EvaluationManifest['settings'];
  readonly model: Pick<EvaluationManifest['model'], 'modelId' | 'fingerprint'>;
  /** Where the coordinator has the sound. */
  readonly audio: string;
  /** The same, from the folder of the dataset's sounds. */
  readonly audioInFolder: string;
  readonly rows: readonly RunnableRow[];
  /** Workers that have not what it needs. */
  readonly refusedBy?: readonly string[];
}

/**
 * An outcome as a line of the job's log. A log is only ever appended to and outlives the worker: it is both how outcomes
 * come back and where the next worker sees what a dead one had done.
 */
export type OutcomeLine = Pick<RunnableRow, 'item' | 'setting'> & { readonly outcome: RowOutcome };

/** How often a clip is tried that workers can not run. */
export const attempts = 3;
/** When a clip that a worker has refused is offered again. */
export const refusedMs = 1_000;
/** A worker that has not been heard of for so long is dead, and its clip goes to another. */
export const leaseMs = 10_000;
