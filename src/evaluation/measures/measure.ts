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
  /** The row's numbers, or undefined where the measure says nothing about it. */
  statisticsOf(row: DoneRow): readonly number[] | undefined;
  /** `median`: of the rows' only number. Else one value a metric from the sums of the rows' numbers over `rows` rows. */
  readonly total: 'median' | ((sums: ArrayLike<number>, rows: number) => readonly number[]);
}

/** A metric of a set that is the mean of its rows' values. */
export function meanMeasure(metric: MetricInfo, valueOf: (row: DoneRow) => number | undefined): Measure {
  return { ...single(metric, valueOf), total: (sums, rows) => [sums[0]! / rows] };
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
  return { metrics: [metric], width: 2, statisticsOf: partsOf, total: (sums) => [sums[0]! / sums[1]!] };
}

/** What a row's metrics are by themselves, one a metric. */
export function valuesOfRow({ total }: Measure, statistics: readonly number[]): readonly number[] {
  return total === 'median' ? statistics : total(statistics, 1);
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
