import { setTimeout as sleep } from 'node:timers/promises';
import { EarmarkError } from '../protocol/errors';
import { PassingFailure } from './hub-errors';

/** How often and after what time something is tried again. */
export interface Patience {
  /** Seconds before each further try; as many tries as there are numbers. */
  readonly delays: readonly number[];
  /** The longest that a server may make us wait. */
  readonly longestWait: number;
}

/** A server that says nothing for so long is gone. */
export const silenceMs = 60_000;

export const patience: Patience = { delays: [1, 2, 4, 8, 15], longestWait: 300 };

export interface PersistOptions {
  readonly signal: AbortSignal;
  readonly patience: Patience;
  /** Told before each wait. */
  readonly onWait: (seconds: number, error: EarmarkError) => void;
  /** A host that was not reached even once is more likely misspelt or offline than busy: it is not tried again. */
  readonly firstContact?: boolean;
  /** A count that grows while it goes well; after progress the tries are counted anew. */
  readonly progress?: () => number;
}

/**
 * Does something that may fail in passing, until it succeeds or fails for good.
 *
 * @throws EarmarkError the last failure, or `cancelled`; what else the attempt throws
 */
export async function persist<Result>(attempt: () => Promise<Result>, options: PersistOptions): Promise<Result> {
  const { signal, patience: limits, onWait, firstContact = false, progress = () => 0 } = options;
  let tries = 0;
  for (;;) {
    const before = progress();
    try {
      signal.throwIfAborted();
      return await attempt();
    } catch (thrown) {
      if (signal.aborted) {
        throw new EarmarkError('cancelled', 'Cancelled.', undefined, { cause: thrown });
      }
      if (!(thrown instanceof PassingFailure)) {
        throw thrown;
      }
      tries = progress() > before ? 0 : tries;
      const { waitSeconds, reached } = thrown.options;
      const delay = limits.delays[tries++];
      if (delay === undefined || (firstContact && !reached) || (waitSeconds ?? 0) > limits.longestWait) {
        throw thrown.error;
      }
      const seconds = Math.max(delay, waitSeconds ?? 0);
      onWait(seconds, thrown.error);
      await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
    }
  }
}
