import { EarmarkError } from './errors';

/** @throws EarmarkError `cancelled` */
export function requireGoingOn(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new EarmarkError('cancelled', 'Cancelled.');
  }
}

/**
 * Waits for a promise until the signal is aborted; what the promise stands for goes on.
 *
 * @throws EarmarkError `cancelled`
 */
export async function untilAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new EarmarkError('cancelled', 'Cancelled.'));
    };
  });
  if (signal.aborted) {
    stop();
  } else {
    signal.addEventListener('abort', stop);
  }
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
