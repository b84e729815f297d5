import type { EvaluationManifest, EvaluationRow, RowOutcome } from '../protocol/evaluation';
import type { EvaluationCounts, EvaluationSummary, SettingSummary, SummaryRow } from '../protocol/evaluation-summary';
import { differences, estimates, restrict, type Column } from './estimates';
import { joinImportedScores, type ImportedScores } from './imported-scores';
import { choiceMeasures, openAnswerMeasures } from './measures/answers';
import { captionMeasures } from './measures/captions';
import { costMeasures } from './measures/costs';
import { eventMeasures } from './measures/events';
import { isDone, meanMeasure, valuesOfRow, type DoneRow, type Measure } from './measures/measure';
import { transcriptMeasures } from './measures/transcripts';
import { settingLabels } from './setting-labels';

export interface Evaluation {
  readonly manifest: EvaluationManifest;
  readonly rows: readonly EvaluationRow[];
}

type Settings = EvaluationManifest['settings'];

/**
 * What an evaluation comes to. Values are of the rows that are done; intervals are of the bootstrap over items, and
 * differences are to the unpruned run on the items that both have. A metric without any row to say something about is
 * left out. Of several rows with the same item and setting the last counts.
 *
 * @throws EarmarkError `scores-invalid` where imported scores do not fit the evaluation
 */
export function summarise(
  { manifest, rows: given }: Evaluation,
  imported: readonly ImportedScores[] = [],
): EvaluationSummary {
  const rows = [...new Map(given.map((row) => [`${String(row.setting)} ${row.item}`, row])).values()];
  const done = rows.filter(isDone);
  const baseline = baselineOf(manifest.settings);
  const measures = measuresOf(manifest, rows, done, baseline, imported);
  const table = new Table(measures, rows, manifest.settings.length);
  const settings = settingSummaries(manifest.settings, table, done, baseline);
  const withValues = new Set(settings.flatMap(({ values }) => Object.keys(values)));
  return {
    manifest,
    counts: countsOf(manifest, rows),
    metrics: measures.flatMap(({ metrics }) => metrics).filter(({ name }) => withValues.has(name)),
    settings,
    groups: Object.fromEntries([...table.groups].map(([name, values]) => [name, [...values.keys()]])),
    ...(baseline >= 0 && { baseline }),
    rows: rows.map((row) => ({ ...row, scores: table.scoresOf(row) })),
  };
}

/** The unpruned settings: the strategy that keeps all, or another that was asked to; -1 where there are none. */
function baselineOf(settings: Settings): number {
  const unpruned = settings.findIndex(({ strategy }) => strategy === 'none');
  return unpruned >= 0 ? unpruned : settings.findIndex(({ keepRatio }) => keepRatio === 1);
}

function countsOf({ dataset, settings }: EvaluationManifest, rows: readonly EvaluationRow[]): EvaluationCounts {
  const count = (status: RowOutcome['status']): number =>
    rows.filter(({ outcome }) => outcome.status === status).length;
  return {
    items: dataset.items,
    planned: dataset.items * settings.length,
    done: count('done'),
    missing: count('missing'),
    invalid: count('invalid'),
    failed: count('failed'),
  };
}

function measuresOf(
  { settings, model }: EvaluationManifest,
  rows: readonly EvaluationRow[],
  done: readonly DoneRow[],
  baseline: number,
  imported: readonly ImportedScores[],
): readonly Measure[] {
  const unpruned = new Map(done.filter(({ setting }) => setting === baseline).map((row) => [row.item, row]));
  const quality = [
    ...captionMeasures(done),
    ...transcriptMeasures(),
    ...choiceMeasures(),
    ...openAnswerMeasures(),
    ...eventMeasures(model.secondsPerToken),
  ];
  const costs = costMeasures(({ item }) => unpruned.get(item));
  const items = new Set(rows.map(({ item }) => item));
  const taken = new Set([...quality, ...costs].flatMap(({ metrics }) => metrics.map(({ name }) => name)));
  const others = imported.flatMap((scores) => {
    const { metrics, scoreOf } = joinImportedScores(scores, { settings }, items, taken);
    metrics.forEach(({ name }) => taken.add(name));
    return metrics.map((metric) => meanMeasure(metric, ({ setting, item }) => scoreOf(metric.name, setting, item)));
  });
  return [...quality, ...others, ...costs];
}

/** The rows as numbers: a column of statistics for each measure and setting, and which items are in which group. */
class Table {
  /** group name -> group value -> numbers of its items */
  readonly groups = new Map<string, Map<string, Set<number>>>();
  private readonly columns: readonly (readonly Column[])[];
  private readonly scores = new Map<EvaluationRow, Record<string, number>>();

  constructor(
    readonly measures: readonly Measure[],
    rows: readonly EvaluationRow[],
    settings: number,
  ) {
    const numbers = new Map<string, number>();
    const bySetting = Array.from({ length: settings }, (): DoneRow[] => []);
    for (const row of rows) {
      numbers.set(row.item, numbers.get(row.item) ?? numbers.size);
      this.noteGroups(row, numbers.get(row.item)!);
      if (isDone(row)) {
        bySetting[row.setting]?.push(row);
      }
    }
    const numberOf = ({ item }: EvaluationRow): number => numbers.get(item)!;
    const sorted = bySetting.map((of) => of.toSorted((a, b) => numberOf(a) - numberOf(b)));
    this.columns = measures.map((measure) => sorted.map((of) => this.columnOf(measure, of, numberOf)));
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

  private columnOf(measure: Measure, rows: readonly DoneRow[], numberOf: (row: DoneRow) => number): Column {
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
    return { items: Uint32Array.from(found, ({ row }) => numberOf(row)), statistics };
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

function settingSummaries(
  settings: Settings,
  table: Table,
  done: readonly DoneRow[],
  baseline: number,
): SettingSummary[] {
  const labels = settingLabels(settings);
  return settings.map(({ strategy, keepRatio }, setting) => {
    const own = done.filter((row) => row.setting === setting);
    const kept = own.reduce((sum, { outcome: { tokens } }) => sum + tokens.kept / tokens.valid, 0);
    const hasBaseline = baseline >= 0 && setting !== baseline;
    return {
      strategy,
      label: labels[setting]!,
      keepRatio,
      keptShare: own.length === 0 ? 0 : kept / own.length,
      done: own.length,
      values: table.join(setting, estimates),
      differences: hasBaseline
        ? table.join(setting, (measure, column, place) => differences(measure, column, table.column(place, baseline)))
        : {},
      byGroup: groupEstimates(table, setting),
    };
  });
}

function groupEstimates(table: Table, setting: number): SettingSummary['byGroup'] {
  const valuesOf = (members: ReadonlySet<number>) =>
    table.join(setting, (measure, column) =>
      measure.onlyWhole
        ? {}
        : estimates(
            measure,
            restrict(column, (item) => members.has(item)),
          ),
    );
  return Object.fromEntries(
    [...table.groups].map(([name, values]) => [
      name,
      Object.fromEntries([...values].map(([value, members]) => [value, valuesOf(members)])),
    ]),
  );
}
