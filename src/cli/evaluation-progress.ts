import type { EvaluationProgress } from '../evaluation/progress';
import { durationWords } from '../report/numbers';

export const progressKinds = ['line', 'json'] as const;
export type ProgressKind = (typeof progressKinds)[number];

/** Without a terminal a line stays, so there are few of them. */
const quietMs = 30_000;

/** How far an evaluation is, on standard error: for people, or as one JSON object a line for programs. */
export class EvaluationProgressLine {
  private shown = -Infinity;
  private last: EvaluationProgress | undefined;

  constructor(private readonly kind: ProgressKind) {}

  show(progress: EvaluationProgress): void {
    this.last = progress;
    if (this.kind === 'json') {
      process.stderr.write(`${JSON.stringify(progress)}\n`);
    } else if (process.stderr.isTTY) {
      process.stderr.write(`\r\u001b[K${progressText(progress)}`);
    } else if (performance.now() - this.shown > quietMs) {
      this.shown = performance.now();
      process.stderr.write(`${progressText(progress)}\n`);
    }
  }

  /** Leaves the last state on a line of its own. */
  end(): void {
    if (this.kind === 'line' && this.last) {
      process.stderr.write(`${process.stderr.isTTY ? '\r\u001b[K' : ''}${progressText(this.last)}\n`);
    }
  }
}

/** `312 of 5520 runs, 2 missing, 1 h 12 min left` */
export function progressText({ planned, finished, missing, invalid, failed, secondsLeft }: EvaluationProgress): string {
  const parts = [
    `${String(finished)} of ${String(planned)} runs`,
    missing > 0 && `${String(missing)} without a sound`,
    invalid > 0 && `${String(invalid)} that make no sense`,
    failed > 0 && `${String(failed)} failed`,
    secondsLeft !== undefined && finished < planned && `${durationWords(secondsLeft)} left`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}
