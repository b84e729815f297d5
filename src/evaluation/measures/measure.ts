import type { EvaluationRow, RowOutcome } from '../../protocol/evaluation';
import type { MetricInfo } from '../../protocol/evaluation-summary';

/** A row that has a result. */
export type DoneRow = EvaluationRow & { readonly outcome: Extract<RowOutcome, { readonly status: 'done' }> };

export function isDone(row: EvaluationRow): row is DoneRow {
  return row.outcome.status === 'done';
}

/**
 * How metrics come from rows. Each row is reduced to a few numbers once; a value of any set of rows, and so of every set
 * that the bootstrap draws, is made of these numbers alone.
 */
export interface Measure {
  /** Metrics that are made of the same numbers. */
  readonly metrics: readonly MetricInfo[];
  /** How many numbers a row has. */
  readonly width: number;
  /** Set where groups of items are not reported by it: the times of steps hardly depend on what a sound is about. */
  readonly onlyWhole?: boolean;
  /** The row's numbers, or undefined where the measure says nothing about it. */
  statisticsOf(row: DoneRow): readonly number[] | undefined;
  /**
   * How a set's values come from its rows' numbers. `median` and `mean` are of the only number; `ratio` is the sum of the
   * first number over the sum of the second; a function makes one value a metric of the sums.
   */
  readonly total: 'median' | 'mean' | 'ratio' | ((sums: ArrayLike<number>) => readonly number[]);
}

/** A metric of a set that is the mean of its rows' values. */
export function meanMeasure(metric: MetricInfo, valueOf: (row: DoneRow) => number | undefined): Measure {
  return { ...single(metric, valueOf), total: 'mean' };
}

/** A metric of a set that is the median of its rows' values: for times, which a busy machine makes long now and then. */
export function medianMeasure(metric: MetricInfo, valueOf: (row: DoneRow) => number | undefined): Measure {
  return { ...single(metric, valueOf), total: 'median' };
}

function single(metric: MetricInfo, valueOf: (row: DoneRow) => number | undefined): Omit<Measure, 'total'> {
  return {
    metrics: [metric],
    width: 1,
    statisticsOf: (row) => {
      const value = valueOf(row);
      return value === undefined || !Number.isFinite(value) ? undefined : [value];
    },
  };
}

/** A metric of a set that is one sum over another, as errors over words. */
export function ratioMeasure(
  metric: MetricInfo,
  partsOf: (row: DoneRow) => readonly [number, number] | undefined,
): Measure {
  return { metrics: [metric], width: 2, statisticsOf: partsOf, total: 'ratio' };
}

/** One value a metric, from the sums of the numbers of so many rows. */
export function totalOf(
  total: Exclude<Measure['total'], 'median'>,
  sums: readonly number[],
  rows: number,
): readonly number[] {
  switch (total) {
    case 'mean':
      return [sums[0]! / rows];
    case 'ratio':
      return [sums[0]! / sums[1]!];
    default:
      return total(sums);
  }
}

/** What a row's metrics are by themselves, one a metric. */
export function valuesOfRow({ total }: Measure, statistics: readonly number[]): readonly number[] {
  return total === 'median' ? statistics : totalOf(total, statistics, 1);
}

/** A function that is called once for each text: most strategies leave most captions as they are. */
export function oncePerText<T>(make: (text: string) => T): (text: string) => T {
  const made = new Map<string, T>();
  return (text) => {
    if (!made.has(text)) {
      made.set(text, make(text));
    }
    return made.get(text)!;
  };
}
