import { EarmarkError } from '../protocol/errors';
import { localEngine } from '../protocol/evaluation';
import { ClipRunner, type ClipTask, type OnOutcome, type RunnerManifest, type RunnerOptions } from './clip-runner';

/**
 * Runs clips in several engine processes of this machine at once, in their order.
 *
 * @throws EarmarkError the first that ends all: `cancelled`, a model that can not be used, an outcome that can not be written
 */
export async function runLocally(
  manifest: RunnerManifest,
  tasks: readonly ClipTask[],
  onOutcome: OnOutcome,
  options: Omit<RunnerOptions, 'worker'> & { readonly jobs: number; readonly signal: AbortSignal },
): Promise<void> {
  const queue = [...tasks];
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  let failure: EarmarkError | undefined;
  const work = async (number: number): Promise<void> => {
    const runner = new ClipRunner({ ...options, worker: localEngine(number + 1) });
    try {
      for (let task = queue.shift(); task && !signal.aborted; task = queue.shift()) {
        await runner.run(manifest, task, onOutcome, signal);
      }
    } catch (thrown) {
      // The others are told to stop; what they then throw is of no interest.
      failure ??= EarmarkError.from(thrown);
      stop.abort();
    } finally {
      runner.dispose();
    }
  };
  const workers = Math.min(options.jobs, tasks.length);
  await Promise.all(Array.from({ length: workers }, (_, number) => work(number)));
  if (options.signal.aborted) {
    throw new EarmarkError('cancelled', 'Cancelled.');
  }
  if (failure) {
    throw failure;
  }
}
