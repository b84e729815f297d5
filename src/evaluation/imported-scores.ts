import Papa from 'papaparse';
import { EarmarkError } from '../protocol/errors';
import type { EvaluationManifest } from '../protocol/evaluation';
import type { MetricInfo } from '../protocol/evaluation-summary';
import { rowKey } from './plan';

/** Scores of single rows that another program made: METEOR, SPICE, SPIDEr, FENSE … */
export interface ImportedScores {
  /** The file's name, for people. */
  readonly name: string;
  readonly metrics: readonly string[];
  readonly rows: readonly ImportedRow[];
}

export interface ImportedRow {
  /** For people: `line 7`, `entry 7`. */
  readonly place: string;
  readonly id: string;
  readonly strategy: string;
  readonly keep: number;
  readonly segments?: number;
  readonly scores: Readonly<Record<string, number>>;
}

const keyColumns = ['id', 'strategy', 'keep', 'segments'] as const;
const shape =
  'It needs the columns id, strategy and keep (and segments where an evaluation has several), then one column a metric; JSON is a list of objects of these names.';

type Cells = Readonly<Record<string, unknown>>;

/**
 * Reads a CSV file with a header, or a JSON list of objects. An empty cell is no score.
 *
 * @param name the file's name, for people
 * @throws EarmarkError `results-invalid` naming the row that is wrong
 */
export function readImportedScores(name: string, bytes: Uint8Array): ImportedScores {
  const text = decoded(name, bytes);
  const entries = /^\s*\[/.test(text) ? jsonEntries(name, text) : csvEntries(name, text);
  const columns = [...new Set(entries.flatMap(({ cells }) => Object.keys(cells)))];
  const lacking = keyColumns.slice(0, 3).find((column) => !columns.includes(column));
  if (lacking !== undefined) {
    throw invalid(name, `has no column "${lacking}"`);
  }
  const metrics = columns.filter((column) => !(keyColumns as readonly string[]).includes(column));
  if (metrics.length === 0) {
    throw invalid(name, 'has no column with a metric');
  }
  return { name, metrics, rows: entries.map(({ place, cells }) => rowOf(name, place, cells, metrics)) };
}

function decoded(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid(name, 'is not UTF-8', cause);
  }
}

function jsonEntries(name: string, text: string): { place: string; cells: Cells }[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw invalid(name, `is not JSON: ${(cause as Error).message}`, cause);
  }
  return (list as unknown[]).map((cells, i) => {
    const place = `entry ${String(i + 1)}`;
    if (typeof cells !== 'object' || cells === null || Array.isArray(cells)) {
      throw invalid(name, `holds no object as ${place}`);
    }
    return { place, cells: cells as Cells };
  });
}

function csvEntries(name: string, text: string): { place: string; cells: Cells }[] {
  // Papa guesses one line end for the whole file, and reads one with two kinds wrongly.
  const { data, errors } = Papa.parse<Record<string, string>>(text.replace(/\r\n?/g, '\n'), {
    header: true,
    newline: '\n',
    skipEmptyLines: 'greedy',
    transformHeader: (header) => header.trim(),
  });
  // A file with one column has no delimiter to be found, which the columns will tell.
  const wrong = errors.find(({ type }) => type !== 'Delimiter');
  if (wrong) {
    throw invalid(name, `is not CSV: row ${String((wrong.row ?? 0) + 1)}: ${wrong.message}`);
  }
  return data.map((cells, i) => ({ place: `row ${String(i + 1)}`, cells }));
}

function rowOf(name: string, place: string, cells: Cells, metrics: readonly string[]): ImportedRow {
  const number = (column: string): number | undefined => {
    const cell = cells[column];
    if (cell === undefined || cell === null || (typeof cell === 'string' && cell.trim() === '')) {
      return undefined;
    }
    const value = typeof cell === 'string' ? Number(cell) : cell;
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw invalid(name, `holds ${JSON.stringify(cell)} as ${column} in ${place}, which is no number`);
    }
    return value;
  };
  const { id, strategy } = cells;
  const keep = number('keep');
  const segments = number('segments');
  if (!isName(id) || !isName(strategy) || keep === undefined) {
    throw invalid(name, `says no ${!isName(id) ? 'id' : !isName(strategy) ? 'strategy' : 'keep'} in ${place}`);
  }
  const scores = metrics.flatMap((metric) => {
    const value = number(metric);
    return value === undefined ? [] : [[metric, value] as const];
  });
  return {
    place,
    id: String(id),
    strategy: String(strategy),
    keep,
    ...(segments !== undefined && { segments }),
    scores: Object.fromEntries(scores),
  };
}

function isName(cell: unknown): cell is string | number {
  return typeof cell === 'number' || (typeof cell === 'string' && cell !== '');
}

/** Imported scores found a place in an evaluation. */
export interface JoinedScores {
  readonly metrics: readonly MetricInfo[];
  /** The score of an item under one of the manifest's settings; undefined where none was imported. */
  readonly scoreOf: (metric: string, setting: number, item: string) => number | undefined;
}

/**
 * Finds the item and the setting that each imported row is about.
 *
 * @param items ids of the evaluation's items
 * @param taken names of metrics that there are already: an imported one of such a name is called `<name>-imported`, and
 *   the next `<name>-imported-2`
 * @throws EarmarkError `results-invalid` naming the row that fits nothing, fits several settings, or says a score again
 */
export function joinImportedScores(
  imported: ImportedScores,
  { settings }: Pick<EvaluationManifest, 'settings'>,
  items: ReadonlySet<string>,
  taken: ReadonlySet<string>,
): JoinedScores {
  const byRow = new Map<string, ImportedRow['scores']>();
  for (const row of imported.rows) {
    if (!items.has(row.id)) {
      throw invalid(imported.name, `names "${row.id}" in ${row.place}, which is no item of the evaluation`);
    }
    const key = rowKey({ setting: settingOf(imported.name, row, settings), item: row.id });
    if (byRow.has(key)) {
      throw invalid(imported.name, `scores "${row.id}" under the same setting again in ${row.place}`);
    }
    byRow.set(key, row.scores);
  }
  const known = new Set(taken);
  const named = imported.metrics.map((metric) => {
    const info = infoOf(imported.name, metric, known);
    known.add(info.name);
    return { metric, info };
  });
  const columnOf = new Map(named.map(({ metric, info }) => [info.name, metric]));
  return {
    metrics: named.map(({ info }) => info),
    scoreOf: (metric, setting, item) => byRow.get(rowKey({ setting, item }))?.[columnOf.get(metric) ?? metric],
  };
}

function settingOf(name: string, row: ImportedRow, settings: EvaluationManifest['settings']): number {
  const fitting = settings.flatMap(({ strategy, keepRatio, parameters }, setting) =>
    strategy === row.strategy &&
    Math.abs(keepRatio - row.keep) < 1e-9 &&
    (row.segments === undefined || parameters.segments === undefined || parameters.segments === row.segments)
      ? [setting]
      : [],
  );
  if (fitting.length !== 1) {
    const segments = row.segments === undefined ? '' : `, ${String(row.segments)} segments`;
    const which = `${row.strategy} at a keep ratio of ${String(row.keep)}${segments}`;
    const why = fitting.length === 0 ? 'was not evaluated' : 'is several settings of the evaluation';
    throw invalid(name, `names in ${row.place} ${which}, which ${why}`);
  }
  return fitting[0]!;
}

/** Error rates are better when they are low; what else captions are scored by is better when it is high. */
function infoOf(file: string, metric: string, taken: ReadonlySet<string>): MetricInfo {
  const plain = metric.toLowerCase().replaceAll(/[\s_]+/g, '-');
  return {
    name: freeName(plain, taken),
    label: metric,
    kind: 'quality',
    better: /(^|-)(wer|cer|ter|fer|err|error|errors|loss)($|-)/.test(plain) ? 'lower' : 'higher',
    description: `imported from ${file}`,
  };
}

function freeName(plain: string, taken: ReadonlySet<string>): string {
  const names = [plain, `${plain}-imported`];
  for (let number = 2; taken.has(names.at(-1)!); number++) {
    names.push(`${plain}-imported-${String(number)}`);
  }
  return names.find((name) => !taken.has(name))!;
}

function invalid(name: string, what: string, cause?: unknown): EarmarkError {
  return new EarmarkError('results-invalid', `The file of scores "${name}" ${what}.`, shape, { cause });
}
