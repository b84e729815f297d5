import type { Run, RunSettings, RunTimes } from '../src/protocol/run';

/** One cell of the grid of strategies and keep ratios: a run that is waiting, going on or done. */
export interface Cell {
  readonly settings: RunSettings;
  readonly state: 'waiting' | 'running' | 'repeating' | 'done';
  /** What has been written so far. */
  readonly text: string;
  /** The first complete run, with the medians of the times that count. */
  readonly run?: Run;
  readonly counted: readonly RunTimes[];
}

export function waitingCell(settings: RunSettings): Cell {
  return { settings, state: 'waiting', text: '', counted: [] };
}

export function cellOf(run: Run): Cell {
  return { settings: run.settings, state: 'done', text: run.caption, run, counted: [] };
}

/** Whether a run went to its end: one cut short has no caption to compare. */
export function isWhole({ finish }: Run): boolean {
  return finish !== 'cancelled';
}

/** A cell with one more run of it. Times count unless the run warmed up or was cut short. */
export function withRun(cell: Cell, run: Run, counts: boolean): Cell {
  const whole = isWhole(run);
  const known = cell.run && isWhole(cell.run) ? cell.run : undefined;
  const base = known ?? run;
  const counted = counts && whole ? [...cell.counted, run.times] : cell.counted;
  return {
    settings: cell.settings,
    state: 'done',
    text: base.caption,
    counted,
    run: { ...base, times: medianTimes(counted) ?? base.times, repeats: counted.length },
  };
}

/** The median of each time by itself; undefined without any. Of an even number, the lower of the middle two. */
export function medianTimes(times: readonly RunTimes[]): RunTimes | undefined {
  const [first] = times;
  if (!first) return undefined;
  const median = (name: keyof RunTimes) =>
    times.map((one) => one[name]).sort((a, b) => a - b)[(times.length - 1) >> 1]!;
  return {
    decodeMs: median('decodeMs'),
    featuresMs: median('featuresMs'),
    encodeMs: median('encodeMs'),
    selectMs: median('selectMs'),
    adaptMs: median('adaptMs'),
    prefillMs: median('prefillMs'),
    decodeMsPerToken: median('decodeMsPerToken'),
    totalMs: median('totalMs'),
  };
}

export interface Step {
  /** Index of the cell. */
  readonly cell: number;
  /** False while the caches and the processor warm up. */
  readonly counts: boolean;
}

/**
 * In which order cells are run. With repeats, a first round warms up and does not count; the rounds after it go through
 * the cells forwards and backwards in turn, so that a machine that slows down does not slow the same cells each time.
 * Without, only the first cell is run once more ahead of all: the first run of a process is slow, and the unpruned run
 * that all others are measured against must not be.
 */
export function stepsOf(cells: readonly number[], repeats: number): Step[] {
  const round = (order: readonly number[], counts: boolean) => order.map((cell) => ({ cell, counts }));
  if (repeats === 1) return [...round(cells.slice(0, 1), false), ...round(cells, true)];
  const rounds = Array.from({ length: repeats }, (_, i) => round(i % 2 === 0 ? cells : cells.toReversed(), true));
  return [...round(cells, false), ...rounds.flat()];
}

/** A quarter first: it is what the paper recommends, so the first picture already says what matters. */
export function ratiosInOrder(ratios: readonly number[]): number[] {
  return ratios.includes(0.25) ? [0.25, ...ratios.filter((ratio) => ratio !== 0.25)] : [...ratios];
}
