import type { Command } from 'commander';
import {
  compareEvaluations,
  type ComparedRow,
  type EvaluationComparison,
  type OnlyIn,
} from '../evaluation/compare-evaluations';
import { openResults } from '../evaluation/open-results';
import type { MetricInfo } from '../protocol/evaluation-summary';
import { formatValue, usualMetrics } from '../report/evaluation-tables';
import { parseCount } from './run-options';
import { formatTable } from './table';

interface DiffOptions {
  readonly json: boolean;
  readonly items: number;
}

export function registerDiff(program: Command): void {
  program
    .command('diff')
    .description(
      'Compares two evaluations clip by clip: how they were made, what their metrics differ by, which texts.',
    )
    .argument('<a>', 'a file *.earmark.parquet, or the folder of an evaluation')
    .argument('<b>', 'another; differences are b less a')
    .option('--items <count>', 'how many of the rows that changed most are shown', parseCount, 10)
    .option('--json', 'print JSON on standard output, with every row', false)
    .action(diff);
}

async function diff(a: string, b: string, { json, items }: DiffOptions): Promise<void> {
  const comparison = compareEvaluations(await openResults(a), await openResults(b));
  process.stdout.write(json ? `${JSON.stringify(comparison)}\n` : comparisonText(comparison, { a, b, items }));
}

function comparisonText(
  comparison: EvaluationComparison,
  { a, b, items }: { readonly a: string; readonly b: string; readonly items: number },
): string {
  const { made, settings, rows } = comparison;
  const changed = rows.filter(
    ({ texts, scores }) => texts.a !== texts.b || !sameScores(scores.a, scores.b, comparison),
  );
  const facts = made.map((fact) => [fact.what, fact.a, fact.b]);
  const parts = [
    `a: ${a}\nb: ${b}`,
    facts.length === 0 ? 'Both were made alike.' : `Made differently\n${formatTable(['what', 'a', 'b'], facts)}`,
    ...onlyText('Settings', comparison.settingsOnly),
    ...onlyText('Items', comparison.itemsOnly),
    settings.length === 0
      ? 'No setting is in both.'
      : `b less a, on the items that are done in both; in brackets the 95 % interval\n${differencesText(comparison)}`,
    ...(changed.length === 0
      ? ['No row that is in both changed.']
      : [
          `${String(changed.length)} of ${String(rows.length)} rows changed; those that changed most:`,
          ...changed.slice(0, items).map((row) => rowText(row, comparison.metrics)),
        ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Whether no metric of quality differs; times always do. */
function sameScores(
  a: ComparedRow['scores']['a'],
  b: ComparedRow['scores']['b'],
  { metrics }: EvaluationComparison,
): boolean {
  return metrics.filter(({ kind }) => kind === 'quality').every(({ name }) => a[name] === b[name]);
}

/** The first few by name: thousands of ids say no more than their number. */
function onlyText(what: string, only: OnlyIn): string[] {
  return (['a', 'b'] as const)
    .filter((side) => only[side].length > 0)
    .map((side) => {
      const all = only[side];
      const more = all.length > 10 ? ` and ${String(all.length - 10)} more` : '';
      return `${what} only in ${side}: ${all.slice(0, 10).join('; ')}${more}`;
    });
}

function differencesText({ settings, metrics }: EvaluationComparison): string {
  const shown = usualMetrics(metrics);
  const rows = settings.flatMap(({ label, keepRatio, items, changedTexts, differences }) =>
    shown.flatMap((metric) => {
      const difference = differences[metric.name];
      if (!difference) {
        return [];
      }
      const signed = (value: number): string => `${value > 0 ? '+' : ''}${formatValue(metric, value)}`;
      const interval = `[${signed(difference.low)}, ${signed(difference.high)}]`;
      const where = [label, `${String(Math.round(keepRatio * 1000) / 10)} %`, String(items), String(changedTexts)];
      return [[...where, unitLabel(metric), signed(difference.value), interval, difference.p.toFixed(4)]];
    }),
  );
  return formatTable(['strategy', 'keep', 'items', 'texts changed', 'metric', 'difference', 'interval', 'p'], rows);
}

function unitLabel({ label, unit }: MetricInfo): string {
  return unit === undefined ? label : `${label} (${unit})`;
}

function rowText({ item, label, keepRatio, texts, scores }: ComparedRow, metrics: readonly MetricInfo[]): string {
  const values = usualMetrics(metrics)
    .filter(({ kind, name }) => kind === 'quality' && scores.a[name] !== scores.b[name])
    .map((metric) => {
      const [a, b] = [scores.a[metric.name], scores.b[metric.name]].map((score) =>
        score === undefined ? '-' : formatValue(metric, score),
      );
      return `${metric.label} ${a!} -> ${b!}`;
    });
  const lines = texts.a === texts.b ? [`  =  ${texts.a}`] : [`  a  ${texts.a}`, `  b  ${texts.b}`];
  return [`${item}: ${label}, ${String(keepRatio)}; ${values.join(', ')}`, ...lines].join('\n');
}
