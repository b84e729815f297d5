import type { EvaluationRow } from '../protocol/evaluation';
import type { SummaryRow } from '../protocol/evaluation-summary';
import type { Column } from './estimates';
import { isDone, valuesOfRow, type DoneRow, type Measure } from './measures/measure';
import { numbering } from './numbering';

/** The rows as numbers: a column of statistics for each measure and setting, and which items are in which group. */
export class StatisticsTable {
  /** group name -> group value -> numbers of its items */
  readonly groups = new Map<string, Map<string, Set<number>>>();
  private readonly columns: readonly (readonly Column[])[];
  private readonly scores = new Map<EvaluationRow, Record<string, number>>();

  constructor(
    readonly measures: readonly Measure[],
    rows: readonly EvaluationRow[],
    settings: number,
  ) {
    const [item, clip] = [numbering(), numbering()];
    const numberOf = (row: EvaluationRow): number => item(row.item);
    const clipOf = (row: EvaluationRow): number => clip(row.audio);
    const bySetting = Array.from({ length: settings }, (): DoneRow[] => []);
    for (const row of rows) {
      this.noteGroups(row, numberOf(row));
      if (isDone(row)) {
        bySetting[row.setting]?.push(row);
      }
    }
    const sorted = bySetting.map((of) => of.toSorted((a, b) => numberOf(a) - numberOf(b)));
    this.columns = measures.map((measure) => sorted.map((of) => this.columnOf(measure, of, numberOf, clipOf)));
  }

  private noteGroups({ groups }: EvaluationRow, item: number): void {
    for (const [name, values] of Object.entries(groups)) {
      const members = this.groups.get(name) ?? new Map<string, Set<number>>();
      this.groups.set(name, members);
      for (const value of values) {
        members.set(value, (members.get(value) ?? new Set()).add(item));
      }
    }
  }

  private columnOf(
    measure: Measure,
    rows: readonly DoneRow[],
    numberOf: (row: DoneRow) => number,
    clipOf: (row: DoneRow) => number,
  ): Column {
    const found = rows.flatMap((row) => {
      const statistics = measure.statisticsOf(row);
      return statistics ? [{ row, statistics }] : [];
    });
    for (const { row, statistics } of found) {
      this.noteScores(row, measure, valuesOfRow(measure, statistics));
    }
    const statistics = new Float64Array(measure.width * found.length);
    found.forEach((each, i) => {
      each.statistics.forEach((value, k) => (statistics[k * found.length + i] = value));
    });
    const numbers = (of: (row: DoneRow) => number): Uint32Array => Uint32Array.from(found, ({ row }) => of(row));
    return { items: numbers(numberOf), clips: numbers(clipOf), statistics };
  }

  private noteScores(row: DoneRow, { metrics }: Measure, values: readonly number[]): void {
    const scores = this.scores.get(row) ?? {};
    this.scores.set(row, scores);
    metrics.forEach(({ name }, metric) => {
      // An error rate without a word to be wrong about is none.
      if (Number.isFinite(values[metric])) {
        scores[name] = values[metric]!;
      }
    });
  }

  scoresOf(row: EvaluationRow): SummaryRow['scores'] {
    return this.scores.get(row) ?? {};
  }

  column(measure: number, setting: number): Column {
    return this.columns[measure]![setting]!;
  }

  /** What each measure makes of one setting, joined to one record. */
  join<T>(
    setting: number,
    of: (measure: Measure, column: Column, place: number) => Record<string, T>,
  ): Record<string, T> {
    const parts = this.measures.map((measure, place) => of(measure, this.column(place, setting), place));
    return Object.assign({}, ...parts) as Record<string, T>;
  }
}
