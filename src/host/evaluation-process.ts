import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { engineEnvironment } from '../engine/engine-process';
import type { EvaluationProgress } from '../evaluation/progress';

export type EvaluationEnding =
  { readonly kind: 'finished' | 'stopped' } | { readonly kind: 'failed'; readonly problem: string };

/** What was done is on the disk already: a process that does not end by itself is ended. */
const stopGraceMs = 10_000;

/**
 * Runs the command line as a process of its own: it outlives the views, and nothing that it does holds up the window.
 *
 * @param script dist/cli.js
 * @param signal stops it
 * @param onOutput takes each line that is no progress
 */
export async function runEvaluation(
  script: string,
  arguments_: readonly string[],
  signal: AbortSignal,
  onProgress: (progress: EvaluationProgress) => void,
  onOutput: (line: string) => void,
): Promise<EvaluationEnding> {
  const child = spawn(process.execPath, [script, ...arguments_], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: engineEnvironment(),
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    // After the last of what it wrote was read.
    child.once('close', resolve);
  });
  let problem = 'The evaluation ended without a word.';
  createInterface({ input: child.stderr }).on('line', (line) => {
    const progress = progressIn(line);
    if (progress) {
      onProgress(progress);
      return;
    }
    onOutput(line);
    if (line.startsWith('earmark: ')) {
      problem = line.slice('earmark: '.length);
    }
  });
  let grace: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGINT');
    grace = setTimeout(() => child.kill('SIGKILL'), stopGraceMs);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const code = await ended;
    return signal.aborted && code !== 0
      ? { kind: 'stopped' }
      : code === 0
        ? { kind: 'finished' }
        : { kind: 'failed', problem };
  } catch (thrown) {
    return { kind: 'failed', problem: `The evaluation can not be started: ${(thrown as Error).message}` };
  } finally {
    clearTimeout(grace);
    signal.removeEventListener('abort', stop);
  }
}

function progressIn(line: string): EvaluationProgress | undefined {
  if (!line.startsWith('{')) {
    return undefined;
  }
  try {
    const progress = JSON.parse(line) as Partial<EvaluationProgress>;
    return typeof progress.planned === 'number' ? (progress as EvaluationProgress) : undefined;
  } catch {
    return undefined;
  }
}
