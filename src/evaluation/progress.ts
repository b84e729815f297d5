import type { EvaluationRow } from '../protocol/evaluation';

/** How far an evaluation is. */
export interface EvaluationProgress {
  readonly planned: number;
  /** Rows that have an outcome, whatever it is. */
  readonly finished: number;
  readonly missing: number;
  readonly invalid: number;
  readonly failed: number;
  /** Absent until enough was run to tell. */
  readonly secondsLeft?: number;
}

/** Rows before a time is told: the first ones load the model. */
const leastRows = 5;

/** Counts rows and tells the time that is left from the pace of this session. */
export class ProgressCounter {
  private readonly started = performance.now();
  private readonly counts = { done: 0, missing: 0, invalid: 0, failed: 0 };
  private ran = 0;

  /** @param before rows that needed no run when the session began */
  constructor(
    private readonly planned: number,
    before: readonly EvaluationRow[],
  ) {
    before.forEach(({ outcome }) => this.counts[outcome.status]++);
  }

  add({ outcome: { status } }: EvaluationRow): void {
    this.counts[status]++;
    if (status === 'done' || status === 'failed') {
      this.ran++;
    }
  }

  get progress(): EvaluationProgress {
    const { done, missing, invalid, failed } = this.counts;
    const finished = done + missing + invalid + failed;
    const secondsARow = (performance.now() - this.started) / 1000 / this.ran;
    return {
      planned: this.planned,
      finished,
      missing,
      invalid,
      failed,
      ...(this.ran >= leastRows && { secondsLeft: secondsARow * (this.planned - finished) }),
    };
  }
}
