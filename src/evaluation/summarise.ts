import type { EvaluationManifest, EvaluationRow, RowOutcome } from '../protocol/evaluation';
import type { EvaluationCounts, EvaluationSummary, SettingSummary } from '../protocol/evaluation-summary';
import { differences, estimates, restrict } from './estimates';
import { joinImportedScores, type ImportedScores } from './imported-scores';
import { costMeasures } from './measures/costs';
import { isDone, meanMeasure, type DoneRow, type Measure } from './measures/measure';
import { qualityMeasures } from './measures/quality';
import { rowKey } from './plan';
import { settingLabels } from './setting-labels';
import { StatisticsTable } from './statistics-table';

export interface Evaluation {
  readonly manifest: EvaluationManifest;
  readonly rows: readonly EvaluationRow[];
}

type Settings = EvaluationManifest['settings'];

/**
 * What an evaluation comes to. Values are of the rows that are done; intervals are of the bootstrap over clips, and
 * differences are to the baseline, the unpruned run, on the items that both have. A metric without any row to say
 * something about is left out. Of several rows with the same item and setting the last counts.
 *
 * @throws EarmarkError `results-invalid` where imported scores do not fit the evaluation
 */
export function summarise(
  { manifest, rows: given }: Evaluation,
  imported: readonly ImportedScores[] = [],
  baseline = baselineOf(manifest.settings),
): EvaluationSummary {
  const rows = [...new Map(given.map((row) => [rowKey(row), row])).values()];
  const done = rows.filter(isDone);
  const measures = measuresOf(manifest, rows, done, imported);
  const table = new StatisticsTable(measures, rows, manifest.settings.length);
  const settings = settingSummaries(manifest.settings, table, done, baseline);
  const withValues = new Set(settings.flatMap(({ values }) => Object.keys(values)));
  return {
    manifest,
    counts: countsOf(manifest, rows),
    engines: [...new Set(done.map(({ outcome }) => outcome.worker))].sort(),
    providers: providersOf(done),
    metrics: measures.flatMap(({ metrics }) => metrics).filter(({ name }) => withValues.has(name)),
    settings,
    groups: Object.fromEntries([...table.groups].map(([name, values]) => [name, [...values.keys()]])),
    ...(baseline >= 0 && { baseline }),
    rows: rows.map((row) => ({ ...row, scores: table.scoresOf(row) })),
  };
}

export function providersOf(done: readonly DoneRow[]): string[] {
  return [...new Set(done.map(({ outcome }) => outcome.provider))].sort();
}

/** The unpruned settings: the strategy that keeps all, or another that was asked to; -1 where there are none. */
export function baselineOf(settings: Settings): number {
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
  imported: readonly ImportedScores[],
): readonly Measure[] {
  const quality = qualityMeasures(done, () => model);
  const whole = baselineOf(settings);
  const unpruned = new Map(done.filter(({ setting }) => setting === whole).map((row) => [row.item, row]));
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

function settingSummaries(
  settings: Settings,
  table: StatisticsTable,
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

function groupEstimates(table: StatisticsTable, setting: number): SettingSummary['byGroup'] {
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
