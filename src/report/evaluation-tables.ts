import { areLocal, runtimeWords } from '../protocol/evaluation';
import type { Estimate, EvaluationSummary, MetricInfo, SettingSummary } from '../protocol/evaluation-summary';

/** A table for people, of one metric. */
export interface EvaluationTable {
  readonly title: string;
  /** One sentence on what is in it. */
  readonly note: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Fewer than this tell the bootstrap too little. */
const enough = 20;

/** A warning where intervals and p are of so few that they mislead. */
export function tooFewWords(count: number, what: 'items' | 'sounds'): string | undefined {
  return count < enough ? `So few ${what} prove nothing: intervals are too narrow and p too small.` : undefined;
}

/** Costs that tables show where none are named. */
const usualCosts = ['kept-share', 'prefill-ms', 'speed-up'];
/** Papers give the longest of the four. */
const unusualQuality = ['bleu-1', 'bleu-2', 'bleu-3'];

/** The metrics that are shown where none are named; the others are in CSV and JSON. */
export function usualMetrics(metrics: readonly MetricInfo[]): readonly MetricInfo[] {
  return metrics.filter(({ kind, name }) =>
    kind === 'quality' ? !unusualQuality.includes(name) : usualCosts.includes(name),
  );
}

/** A value with the digits that it is worth. */
export function formatValue({ unit }: Pick<MetricInfo, 'unit'>, value: number): string {
  switch (unit) {
    case undefined:
      return value.toFixed(3);
    case 'ms':
      return value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0);
    case '%':
      return value.toFixed(1);
    default:
      return value.toFixed(2);
  }
}

/** `0.412 [0.391, 0.433]`, with a star where it surely differs from the unpruned run. */
function cellText(metric: MetricInfo, estimate: Estimate | undefined, p: number | undefined): string {
  if (!estimate) {
    return '-';
  }
  const [value, low, high] = [estimate.value, estimate.low, estimate.high].map((each) => formatValue(metric, each));
  return `${value!}${p !== undefined && p < 0.05 ? '*' : ''} [${low!}, ${high!}]`;
}

function titleOf({ label, unit }: MetricInfo): string {
  return unit === undefined ? label : `${label} (${unit})`;
}

/** The paper's shape: a row a strategy, a column a keep ratio, falling. */
interface Grid {
  readonly labels: readonly string[];
  readonly ratios: readonly number[];
  at(label: string, ratio: number): SettingSummary | undefined;
}

function gridOf(settings: readonly SettingSummary[]): Grid {
  return {
    labels: [...new Set(settings.map(({ label }) => label))],
    ratios: [...new Set(settings.map(({ keepRatio }) => keepRatio))].sort((a, b) => b - a),
    at: (label, ratio) => settings.find((setting) => setting.label === label && setting.keepRatio === ratio),
  };
}

function percent(ratio: number): string {
  return `${String(Math.round(ratio * 1000) / 10)} %`;
}

/** One table for each metric. */
export function metricTables({ settings }: EvaluationSummary, metrics: readonly MetricInfo[]): EvaluationTable[] {
  const grid = gridOf(settings);
  return metrics.map((metric) => ({
    title: titleOf(metric),
    note: `${metric.description} ${metric.better === 'higher' ? 'Higher' : 'Lower'} is better.`,
    header: ['strategy', ...grid.ratios.map(percent)],
    rows: grid.labels.map((label) => [
      label,
      ...grid.ratios.map((ratio) => {
        const setting = grid.at(label, ratio);
        return cellText(metric, setting?.values[metric.name], setting?.differences[metric.name]?.p);
      }),
    ]),
  }));
}

/** One table for each metric of quality and each kind of group, with a row for each of its values and each strategy. */
export function groupTables(summary: EvaluationSummary, metrics: readonly MetricInfo[]): EvaluationTable[] {
  const grid = gridOf(summary.settings);
  return metrics
    .filter(({ kind }) => kind === 'quality')
    .flatMap((metric) =>
      Object.entries(summary.groups).map(([group, values]) => ({
        title: `${titleOf(metric)} by ${group}`,
        note: 'An item with several of them counts in each.',
        header: [group, 'items', 'strategy', ...grid.ratios.map(percent)],
        rows: values.flatMap((value) => groupRows(grid, metric, group, value)),
      })),
    )
    .filter(({ rows }) => rows.length > 0);
}

function groupRows(grid: Grid, metric: MetricInfo, group: string, value: string): string[][] {
  return grid.labels.flatMap((label) => {
    const estimates = grid.ratios.map((ratio) => grid.at(label, ratio)?.byGroup[group]?.[value]?.[metric.name]);
    const items = Math.max(0, ...estimates.map((estimate) => estimate?.items ?? 0));
    return items === 0
      ? []
      : [[value, String(items), label, ...estimates.map((estimate) => cellText(metric, estimate, undefined))]];
  });
}

/** What was evaluated, how much of it there is, and how to read the tables, a line each. */
export function headLines(summary: EvaluationSummary): string[] {
  const { manifest, counts, engines, providers, settings, baseline } = summary;
  const { dataset, model, machine } = manifest;
  const { done, missing, invalid, failed, planned } = counts;
  const open = planned - done - missing - invalid - failed;
  const rows = [
    `${String(done)} done`,
    `${String(missing)} without a sound`,
    `${String(invalid)} invalid`,
    `${String(failed)} failed`,
    ...(open > 0 ? [`${String(open)} still to do`] : []),
  ];
  const tooFew = tooFewWords(dataset.clips, 'sounds');
  const against = baseline === undefined ? undefined : settings[baseline]!.label;
  return [
    `${dataset.name}: ${String(counts.items)} items x ${String(settings.length)} settings = ${String(planned)} rows: ${rows.join(', ')}.`,
    `Model ${model.title} (${model.modelId}), Earmark ${manifest.earmark}, ${runtimeWords(machine, providers)}.`,
    ...(providers.length > 1 ? ['Times of several providers are no measure of one.'] : []),
    `${enginesWords(engines, `${machine.processor}, ${String(machine.cores)} cores, ${machine.platform}`)}.`,
    `In brackets the 95 % interval by bootstrap over clips.${against === undefined ? '' : ` * differs from "${against}" on the same items with p < 0.05.`}`,
    ...(tooFew === undefined ? [] : [tooFew]),
  ];
}

/** Where runs were made, and whether several at once. */
function enginesWords(engines: readonly string[], machine: string): string {
  const atOnce =
    engines.length > 1
      ? `up to ${String(engines.length)} runs at once, which disturb one another's times`
      : 'one run at a time';
  return areLocal(engines)
    ? `Measured on ${machine}; ${atOnce}`
    : `Begun on ${machine}; run by ${engines.join('; ')}: ${atOnce}`;
}

/** Every value as a row of its own, for spreadsheets: of all items first, then of groups. */
export function longTable(
  { settings }: EvaluationSummary,
  metrics: readonly MetricInfo[],
): { readonly header: readonly string[]; readonly rows: readonly (readonly (string | number)[])[] } {
  const header = [
    ...['strategy', 'label', 'keep_ratio', 'kept_share', 'group', 'group_value', 'metric', 'unit'],
    ...['value', 'low', 'high', 'items', 'difference', 'difference_low', 'difference_high', 'p'],
  ];
  const rows = settings.flatMap((setting) => {
    const of = (group: string, value: string, estimates: Readonly<Record<string, Estimate>>) =>
      metrics.flatMap((metric) => {
        const estimate = estimates[metric.name];
        return estimate ? [longRow(setting, group, value, metric, estimate)] : [];
      });
    const groups = Object.entries(setting.byGroup).flatMap(([group, values]) =>
      Object.entries(values).flatMap(([value, estimates]) => of(group, value, estimates)),
    );
    return [...of('', '', setting.values), ...groups];
  });
  return { header, rows };
}

function longRow(
  setting: SettingSummary,
  group: string,
  groupValue: string,
  { name, unit = '' }: MetricInfo,
  { value, low, high, items }: Estimate,
): (string | number)[] {
  const difference = group === '' ? setting.differences[name] : undefined;
  return [
    ...[setting.strategy, setting.label, setting.keepRatio, setting.keptShare, group, groupValue, name, unit],
    ...[value, low, high, items],
    ...(difference ? [difference.value, difference.low, difference.high, difference.p] : ['', '', '', '']),
  ];
}
