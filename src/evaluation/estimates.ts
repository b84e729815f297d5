import { LRUCache } from 'lru-cache';
import { drawCounts, middleOf, twoSidedP } from '../metrics/bootstrap';
import type { Difference, Estimate } from '../protocol/evaluation-summary';
import { totalOf, type Measure } from './measures/measure';
import { numbering } from './numbering';

/** What a measure makes of the rows of one setting. */
export interface Column {
  /** Numbers of the items that have a row here, rising: [n]. */
  readonly items: Uint32Array;
  /** Numbers of their clips: [n]. */
  readonly clips: Uint32Array;
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

/** A multiple of four. */
const resamples = 2000;

/** How often each of so many clips is in each set; the same for all metrics, settings and groups of this many clips. */
const countsOf = new LRUCache<number, Uint16Array>({
  max: 8,
  memoMethod: (clips) => drawCounts(clips, resamples),
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
  const at = (numbers: Uint32Array): Uint32Array => Uint32Array.from(places, (place) => numbers[place]!);
  return { items: at(column.items), clips: at(column.clips), statistics };
}

/**
 * The sum of a clip's values in each set drawn, clips [n]: [resamples]. Four sets at a time, since each sum waits for its
 * last addition.
 */
function drawnSums(values: Float64Array, counts: Uint16Array): Float64Array {
  const n = values.length;
  const sums = new Float64Array(resamples);
  for (let set = 0; set < resamples; set += 4) {
    const row = set * n;
    let [one, two, three, four] = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const value = values[i]!;
      one += counts[row + i]! * value;
      two += counts[row + n + i]! * value;
      three += counts[row + 2 * n + i]! * value;
      four += counts[row + 3 * n + i]! * value;
    }
    sums[set] = one;
    sums[set + 1] = two;
    sums[set + 2] = three;
    sums[set + 3] = four;
  }
  return sums;
}

/** The median of each set drawn, of all rows [n] of its clips: the middle one in order, or the mean of the middle two. */
function drawnMedians(
  values: Float64Array,
  clipOf: Uint32Array,
  rowsDrawn: Float64Array,
  counts: Uint16Array,
): Float64Array {
  const clipCount = counts.length / resamples;
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const medians = new Float64Array(resamples);
  for (let set = 0; set < resamples; set++) {
    const first = set * clipCount;
    const n = rowsDrawn[set]!;
    let below = 0;
    let place = -1;
    while (below <= (n - 1) >> 1) {
      below += counts[first + clipOf[order[++place]!]!]!;
    }
    const lower = values[order[place]!]!;
    while (below <= n >> 1) {
      below += counts[first + clipOf[order[++place]!]!]!;
    }
    medians[set] = (lower + values[order[place]!]!) / 2;
  }
  return medians;
}

function medianOf(values: Float64Array): number {
  const sorted = values.toSorted();
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

/** Columns that were drawn from: the baseline's serve the differences of all other settings. */
const known = new WeakMap<Column, Drawn>();

function draw(measure: Measure, column: Column): Drawn {
  const drawn = known.get(column) ?? drawAnew(measure, column);
  known.set(column, drawn);
  return drawn;
}

/**
 * Clips are drawn, each with all of its rows: questions about one sound have its tokens and times in common, so that a set
 * of rows drawn one by one would tell less apart than it seems to.
 */
function drawAnew({ metrics, width, total }: Measure, { items, clips, statistics }: Column): Drawn {
  const n = items.length;
  const number = numbering();
  const clipOf = clips.map((clip) => number(clip));
  const clipCount = new Set(clips).size;
  const counts = countsOf.memo(clipCount);
  const sumsOf = (values: Float64Array): Float64Array => {
    const ofClips = new Float64Array(clipCount);
    values.forEach((value, row) => (ofClips[clipOf[row]!]! += value));
    return drawnSums(ofClips, counts);
  };
  const rowsDrawn = sumsOf(new Float64Array(n).fill(1));
  if (total === 'median') {
    return { values: [medianOf(statistics)], draws: [drawnMedians(statistics, clipOf, rowsDrawn, counts)] };
  }
  const columns = Array.from({ length: width }, (_, k) => statistics.subarray(k * n, (k + 1) * n));
  const whole = columns.map((column) => column.reduce((sum, value) => sum + value, 0));
  return {
    values: totalOf(total, whole, n),
    draws: drawnTotals(total, columns.map(sumsOf), rowsDrawn, metrics.length),
  };
}

function drawnTotals(
  total: Exclude<Measure['total'], 'median'>,
  sums: readonly Float64Array[],
  rowsDrawn: Float64Array,
  metrics: number,
): Float64Array[] {
  if (total === 'mean') {
    return [sums[0]!.map((sum, set) => sum / rowsDrawn[set]!)];
  }
  if (total === 'ratio') {
    return [sums[0]!.map((sum, set) => sum / sums[1]![set]!)];
  }
  const draws = Array.from({ length: metrics }, () => new Float64Array(resamples));
  const ofSet = new Float64Array(sums.length);
  for (let set = 0; set < resamples; set++) {
    sums.forEach((sum, k) => (ofSet[k] = sum[set]!));
    total(ofSet).forEach((value, metric) => (draws[metric]![set] = value));
  }
  return draws;
}

/** The sets that have a value: one that holds no word at all has no error rate. */
function finite(draws: Float64Array): Float64Array {
  // A sum is finite where all of its terms are: one pass without a call for each.
  const isFinite = Number.isFinite(draws.reduce((sum, value) => sum + value, 0));
  return isFinite ? draws : draws.filter(Number.isFinite);
}

/** A measure's metrics as estimates by name; one that has no value on these rows is absent. */
export function estimates(measure: Measure, column: Column): Record<string, Estimate> {
  if (column.items.length === 0) {
    return {};
  }
  const { values, draws } = draw(measure, column);
  const named = measure.metrics.flatMap(({ name }, metric) => {
    const value = values[metric]!;
    const drawn = finite(draws[metric]!);
    return Number.isFinite(value) && drawn.length > 0
      ? [[name, { value, ...middleOf(drawn), items: column.items.length }] as const]
      : [];
  });
  return Object.fromEntries(named);
}

/** How a measure's metrics differ from the baseline's on the items that both have: in each set drawn the same items. */
export function differences(measure: Measure, column: Column, baseline: Column): Record<string, Difference> {
  const [own, others] = inBoth(column, baseline);
  if (own.items.length === 0) {
    return {};
  }
  const clips = new Set(own.clips).size;
  const one = draw(measure, own);
  const other = draw(measure, others);
  const named = measure.metrics.flatMap(({ name }, metric) => {
    const value = one.values[metric]! - other.values[metric]!;
    const drawn = finite(one.draws[metric]!.map((drawnValue, set) => drawnValue - other.draws[metric]![set]!));
    return Number.isFinite(value) && drawn.length > 0
      ? [[name, { value, ...middleOf(drawn), p: twoSidedP(drawn, clips) }] as const]
      : [];
  });
  return Object.fromEntries(named);
}

/** Both columns with the rows of the items that are in both. */
function inBoth(one: Column, other: Column): readonly [Column, Column] {
  if (one.items.length === other.items.length && one.items.every((item, i) => item === other.items[i])) {
    return [one, other];
  }
  const inOne = new Set(one.items);
  const inOther = new Set(other.items);
  return [restrict(one, (item) => inOther.has(item)), restrict(other, (item) => inOne.has(item))];
}
