import { openResults } from '../evaluation/open-results';
import { summarise } from '../evaluation/summarise';
import { EarmarkError } from '../protocol/errors';
import type { SummaryRow } from '../protocol/evaluation-summary';
import type { ResultsOverview, ResultsStage } from '../protocol/results';
import type { CallOptions } from './engine';

/** Results that are open in views: read and measured once, their rows handed out in pages. */
export class ResultStore {
  private readonly rows = new Map<string, readonly SummaryRow[]>();
  private opened = 0;

  /** @throws EarmarkError `results-invalid` */
  async open(path: string, { signal, onProgress }: CallOptions<ResultsStage>): Promise<ResultsOverview> {
    onProgress({ stage: 'reading' });
    const evaluation = await openResults(path);
    onProgress({ stage: 'summarising', rows: evaluation.rows.length });
    // The word goes out before the process is busy.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    const { rows, ...summary } = summarise(evaluation);
    const resultsId = `results-${String(this.opened++)}`;
    this.rows.set(resultsId, rows.map(withoutKept));
    return { ...summary, resultsId, rowCount: rows.length };
  }

  /** @throws EarmarkError `results-invalid` where they were closed, or this is another process */
  read(resultsId: string, start: number, count: number): readonly SummaryRow[] {
    const rows = this.rows.get(resultsId);
    if (!rows) {
      throw new EarmarkError('results-invalid', 'The results are no longer open in the engine.', 'Open them again.');
    }
    return rows.slice(start, start + count);
  }

  close(resultsId: string): void {
    this.rows.delete(resultsId);
  }
}

/** Which tokens were kept is most of a row's bytes, and no view of results shows it: the sound's own editor does. */
function withoutKept(row: SummaryRow): SummaryRow {
  return row.outcome.status === 'done' ? { ...row, outcome: { ...row.outcome, kept: [] } } : row;
}
