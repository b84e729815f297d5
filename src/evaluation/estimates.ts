import { LRUCache } from 'lru-cache';
import { drawCounts, middleOf, twoSidedP } from '../metrics/bootstrap';
import type { Difference, Estimate } from '../protocol/evaluation-summary';
import type { Measure } from './measures/measure';

/** What a measure makes of the rows of one setting. */
export interface Column {
  /** Numbers of the items that have a row here, rising: [n]. */
  readonly items: Uint32Array;
  /** Their statistics, one after another: [width, n]. */
  readonly statistics: Float64Array;
}

/** A measure's metrics on a set of rows: as they are, and in each of the sets drawn. */
interface Drawn {
  /** [metrics] */
  readonly values: readonly number[];
  /** [metrics][resamples] */
  readonly draws: readonly Float64Array[];
}

export const resamples = 2000;

/** How often each of so many items is in each set; the same for all metrics, settings and groups of this many items. */
const countsOf = new LRUCache<number, Uint16Array>({
  max: 8,
  memoMethod: (items) => drawCounts(items, { resamples }),
});

/** The rows of a column whose items are in `wanted`. */
export function restrict(column: Column, wanted: (item: number) => boolean): Column {
  const places: number[] = [];
  column.items.forEach((item, place) => {
    if (wanted(item)) {
      places.push(place);
    }
  });
  const all = column.items.length;
  if (places.length === all) {
    return column;
  }
  const width = column.statistics.length / all;
  const statistics = new Float64Array(width * places.length);
  for (let k = 0; k < width; k++) {
    places.forEach((place, i) => (statistics[k * places.length + i] = column.statistics[k * all + place]!));
  }
  return { items: Uint32Array.from(places, (place) => column.items[place]!), statistics };
}

/** The sum of a statistic in each set drawn: [resamples]. */
function drawnSums(values: Float64Array, counts: Uint16Array): Float64Array {
  const sums = new Float64Array(resamples);
  for (let set = 0, row = 0; set < resamples; set++, row += values.length) {
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      sum += counts[row + i]! * values[i]!;
    }
    sums[set] = sum;
  }
  return sums;
}

/** The median of each set drawn, from the values in order: the middle one of `n`, or the mean of the middle two. */
function drawnMedians(values: Float64Array, counts: Uint16Array): { value: number; draws: Float64Array } {
  const n = values.length;
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const middleOfSet = (countOf: (item: number) => number): number => {
    let below = 0;
    let place = -1;
    while (below <= (n - 1) >> 1) {
      below += countOf(order[++place]!);
    }
    const lower = values[order[place]!]!;
    while (below <= n >> 1) {
      below += countOf(order[++place]!);
    }
    return (lower + values[order[place]!]!) / 2;
  };
  const draws = Float64Array.from({ length: resamples }, (_, set) => middleOfSet((item) => counts[set * n + item]!));
  return { value: middleOfSet(() => 1), draws };
}

/** Columns that were drawn from: the baseline's serve the differences of all other settings. */
const known = new WeakMap<Column, Drawn>();

function draw(measure: Measure, column: Column): Drawn {
  const drawn = known.get(column) ?? drawAnew(measure, column);
  known.set(column, drawn);
  return drawn;
}

function drawAnew({ metrics, width, total }: Measure, { items, statistics }: Column): Drawn {
  const n = items.length;
  const counts = countsOf.memo(n);
  if (total === 'median') {
    const { value, draws } = drawnMedians(statistics, counts);
    return { values: [value], draws: [draws] };
  }
  const columns = Array.from({ length: width }, (_, k) => statistics.subarray(k * n, (k + 1) * n));
  const sums = columns.map((column) => drawnSums(column, counts));
  const draws = metrics.map(() => new Float64Array(resamples));
  const ofSet = new Float64Array(width);
  for (let set = 0; set < resamples; set++) {
    sums.forEach((sum, k) => (ofSet[k] = sum[set]!));
    total(ofSet, n).forEach((value, metric) => (draws[metric]![set] = value));
  }
  const whole = columns.map((column) => column.reduce((sum, value) => sum + value, 0));
  return { values: total(whole, n), draws };
}

/** A measure's metrics as estimates by name; one that has no value on these rows is absent. */
export function estimates(measure: Measure, column: Column): Record<string, Estimate> {
  if (column.items.length === 0) {
    return {};
  }
  const { values, draws } = draw(measure, column);
  const named = measure.metrics.flatMap(({ name }, metric) => {
    const value = values[metric]!;
    // A set drawn may hold no word at all, and then has no rate.
    const finite = draws[metric]!.filter(Number.isFinite);
    return Number.isFinite(value) && finite.length > 0
      ? [[name, { value, ...middleOf(finite), items: column.items.length }] as const]
      : [];
  });
  return Object.fromEntries(named);
}

/** How a measure's metrics differ from the baseline's on the items that both have: in each set drawn the same items. */
export function differences(measure: Measure, column: Column, baseline: Column): Record<string, Difference> {
  const inBaseline = new Set(baseline.items);
  const own = restrict(column, (item) => inBaseline.has(item));
  if (own.items.length === 0) {
    return {};
  }
  const inOwn = new Set(own.items);
  const one = draw(measure, own);
  const other = draw(
    measure,
    restrict(baseline, (item) => inOwn.has(item)),
  );
  const named = measure.metrics.flatMap(({ name }, metric) => {
    const value = one.values[metric]! - other.values[metric]!;
    const drawn = one.draws[metric]!.map((drawnValue, set) => drawnValue - other.draws[metric]![set]!);
    const finite = drawn.filter(Number.isFinite);
    return Number.isFinite(value) && finite.length > 0
      ? [[name, { value, ...middleOf(finite), p: twoSidedP(finite) }] as const]
      : [];
  });
  return Object.fromEntries(named);
}
