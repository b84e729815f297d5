import { runtimeWords, type EvaluationRow } from '../protocol/evaluation';
import type { Difference, MetricInfo } from '../protocol/evaluation-summary';
import type { RunSettings } from '../protocol/run';
import { differences } from './estimates';
import { costMeasures } from './measures/costs';
import { isDone, type DoneRow, type Measure } from './measures/measure';
import { qualityMeasures } from './measures/quality';
import { rowKey } from './plan';
import { settingLabels } from './setting-labels';
import { StatisticsTable } from './statistics-table';
import { baselineOf, providersOf, type Evaluation } from './summarise';

/** What one evaluation has and the other has otherwise, or not. */
export interface EvaluationComparison {
  /** What differs in how they were made, in words: first what makes numbers incomparable. */
  readonly made: readonly { readonly what: string; readonly a: string; readonly b: string }[];
  readonly metrics: readonly MetricInfo[];
  readonly settings: readonly ComparedSetting[];
  /** Settings that only one has, in words. */
  readonly settingsOnly: OnlyIn;
  /** Ids of items that only one has rows of. */
  readonly itemsOnly: OnlyIn;
  /** Every item under every setting that is done in both, those first that changed most. */
  readonly rows: readonly ComparedRow[];
}

export interface OnlyIn {
  readonly a: readonly string[];
  readonly b: readonly string[];
}

export interface ComparedSetting {
  readonly label: string;
  readonly keepRatio: number;
  /** Items that are done in both. */
  readonly items: number;
  /** Of these, how many have another text. */
  readonly changedTexts: number;
  /** b less a on the items of both, by metric. */
  readonly differences: Readonly<Record<string, Difference>>;
}

export interface ComparedRow {
  readonly item: string;
  readonly label: string;
  readonly keepRatio: number;
  readonly texts: { readonly a: string; readonly b: string };
  readonly scores: { readonly a: Readonly<Record<string, number>>; readonly b: Readonly<Record<string, number>> };
}

/** Both evaluations as one: the shared settings as a has them, then the same as b has them. */
interface Joined {
  readonly settings: readonly RunSettings[];
  readonly rows: readonly DoneRow[];
  readonly ofA: (row: DoneRow) => boolean;
}

/**
 * Compares two evaluations clip by clip. Items are the same by id, settings by everything that they say but the question.
 * Metrics are made of the rows that both have, with one table of document frequencies for both.
 */
export function compareEvaluations(a: Evaluation, b: Evaluation): EvaluationComparison {
  const shared = sharedSettings(a.manifest.settings, b.manifest.settings);
  const joined = join(a, b, shared);
  const measures = measuresOf(a, b, shared, joined);
  const table = new StatisticsTable(measures, joined.rows, 2 * shared.length);
  const labels = settingLabels(joined.settings);
  const byKey = new Map(joined.rows.map((row) => [rowKey(row), row]));
  const pairs = joined.rows.filter(joined.ofA).map((row) => ({
    one: row,
    other: byKey.get(rowKey({ item: row.item, setting: row.setting + shared.length }))!,
  }));
  const settings = shared.map((_, place): ComparedSetting => {
    const own = pairs.filter(({ one }) => one.setting === place);
    return {
      label: labels[place]!,
      keepRatio: joined.settings[place]!.keepRatio,
      items: own.length,
      changedTexts: own.filter(({ one, other }) => one.outcome.text !== other.outcome.text).length,
      differences: table.join(place, (measure, column, measurePlace) =>
        differences(measure, table.column(measurePlace, place + shared.length), column),
      ),
    };
  });
  const named = new Set(settings.flatMap((setting) => Object.keys(setting.differences)));
  const metrics = measures.flatMap((measure) => measure.metrics).filter(({ name }) => named.has(name));
  const rows = pairs.map(({ one, other }) => ({
    item: one.item,
    label: labels[one.setting]!,
    keepRatio: joined.settings[one.setting]!.keepRatio,
    texts: { a: one.outcome.text, b: other.outcome.text },
    scores: { a: table.scoresOf(one), b: table.scoresOf(other) },
  }));
  return {
    made: madeDifferently(a, b),
    metrics,
    settings,
    settingsOnly: settingsOnly(a, b, shared),
    itemsOnly: { a: itemsWithout(a.rows, b.rows), b: itemsWithout(b.rows, a.rows) },
    rows: mostChangedFirst(rows, metrics),
  };
}

/** All that makes a run another run. The scope of budgets that is not said is the window. */
function settingKey({
  strategy,
  keepRatio,
  budgetMode,
  budgetScope,
  headReduce,
  parameters,
  maxNewTokens,
}: RunSettings) {
  const sorted = Object.entries(parameters).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([strategy, keepRatio, budgetMode, budgetScope ?? 'window', headReduce, sorted, maxNewTokens]);
}

/** Places of the settings that both have: in a's list, and in b's. */
type Shared = readonly { readonly inA: number; readonly inB: number }[];

function sharedSettings(a: readonly RunSettings[], b: readonly RunSettings[]): Shared {
  const keysOfB = b.map(settingKey);
  return a.map((settings, inA) => ({ inA, inB: keysOfB.indexOf(settingKey(settings)) })).filter(({ inB }) => inB >= 0);
}

function join(a: Evaluation, b: Evaluation, shared: Shared): Joined {
  const moved = (rows: readonly EvaluationRow[], places: readonly number[], offset: number): Map<string, DoneRow> => {
    const placeOf = new Map(places.map((setting, place) => [setting, place]));
    const found = rows.filter(isDone).flatMap((row) => {
      const place = placeOf.get(row.setting);
      return place === undefined
        ? []
        : [[rowKey({ item: row.item, setting: place }), { ...row, setting: place + offset }] as const];
    });
    return new Map(found);
  };
  const ofA = moved(
    a.rows,
    shared.map(({ inA }) => inA),
    0,
  );
  const ofB = moved(
    b.rows,
    shared.map(({ inB }) => inB),
    shared.length,
  );
  const inBoth = [...ofA.keys()].filter((key) => ofB.has(key));
  const settings = shared.map(({ inA }) => a.manifest.settings[inA]!);
  return {
    settings: [...settings, ...settings],
    rows: [...inBoth.map((key) => ofA.get(key)!), ...inBoth.map((key) => ofB.get(key)!)],
    ofA: ({ setting }) => setting < shared.length,
  };
}

function measuresOf(a: Evaluation, b: Evaluation, shared: Shared, { settings, rows, ofA }: Joined): readonly Measure[] {
  const baseline = baselineOf(settings.slice(0, shared.length));
  const byKey = new Map(rows.map((row) => [rowKey(row), row]));
  // The speed-up of each is against its own unpruned run.
  const baselineOfRow = (row: DoneRow): DoneRow | undefined =>
    baseline < 0
      ? undefined
      : byKey.get(rowKey({ item: row.item, setting: ofA(row) ? baseline : baseline + shared.length }));
  return [...qualityMeasures(rows, (row) => (ofA(row) ? a : b).manifest.model), ...costMeasures(baselineOfRow)];
}

function madeDifferently(a: Evaluation, b: Evaluation): EvaluationComparison['made'] {
  const facts = ({ manifest, rows }: Evaluation): Readonly<Record<string, string>> => {
    const { dataset, model, machine } = manifest;
    return {
      'model': model.modelId,
      'fingerprint of the model': model.fingerprint,
      'dataset': dataset.name,
      'fingerprint of the dataset': dataset.fingerprint,
      'question': model.question,
      'version of Earmark': manifest.earmark,
      'processor': machine.processor,
      'cores': String(machine.cores),
      'platform': machine.platform,
      'runtime': runtimeWords(machine, providersOf(rows.filter(isDone))),
      'Node': machine.node,
      'jobs': String(manifest.jobs),
      'threads': String(manifest.threads),
      'created': manifest.created,
    };
  };
  const ofB = facts(b);
  return Object.entries(facts(a))
    .map(([what, value]) => ({ what, a: value, b: ofB[what]! }))
    .filter((fact) => fact.a !== fact.b);
}

function settingsOnly(a: Evaluation, b: Evaluation, shared: Shared): OnlyIn {
  const words = ({ manifest }: Evaluation, places: readonly number[]): string[] => {
    const labels = settingLabels(manifest.settings);
    return manifest.settings
      .map(({ keepRatio }, place) => `${labels[place]!} at ${String(keepRatio)}`)
      .filter((_, place) => !places.includes(place));
  };
  return {
    a: words(
      a,
      shared.map(({ inA }) => inA),
    ),
    b: words(
      b,
      shared.map(({ inB }) => inB),
    ),
  };
}

function itemsWithout(rows: readonly EvaluationRow[], others: readonly EvaluationRow[]): string[] {
  const elsewhere = new Set(others.map(({ item }) => item));
  return [...new Set(rows.map(({ item }) => item))].filter((item) => !elsewhere.has(item));
}

/** By the largest change in the first metric of quality that the row has; then those whose text changed. */
function mostChangedFirst(rows: readonly ComparedRow[], metrics: readonly MetricInfo[]): readonly ComparedRow[] {
  const quality = metrics.filter(({ kind }) => kind === 'quality');
  const changeOf = ({ scores }: ComparedRow): number => {
    const metric = quality.find(({ name }) => name in scores.a && name in scores.b);
    return metric ? Math.abs(scores.b[metric.name]! - scores.a[metric.name]!) : 0;
  };
  const isChanged = ({ texts }: ComparedRow): number => (texts.a === texts.b ? 0 : 1);
  return rows
    .map((row) => ({ row, change: changeOf(row) }))
    .sort((one, other) => other.change - one.change || isChanged(other.row) - isChanged(one.row))
    .map(({ row }) => row);
}
