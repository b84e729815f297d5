import * as path from 'node:path';
import type { Command } from 'commander';
import { readImportedScores, type ImportedScores } from '../evaluation/imported-scores';
import { openResults } from '../evaluation/open-results';
import { summarise } from '../evaluation/summarise';
import { EarmarkError } from '../protocol/errors';
import type { EvaluationSummary, MetricInfo } from '../protocol/evaluation-summary';
import { toCsv } from '../report/csv';
import { renderEvaluationReport } from '../report/evaluation-report';
import { groupTables, headLines, longTable, metricTables, usualMetrics } from '../report/evaluation-tables';
import { writePredictions } from './predictions';
import { readInput } from './read-input';
import { formatMarkdown, formatTable } from './table';
import { readReportAssets, writeOutput } from './write-output';

interface ReportOptions {
  readonly json: boolean;
  readonly markdown: boolean;
  readonly html?: string;
  readonly csv?: string;
  readonly predictions?: string;
  readonly metrics?: readonly string[];
  readonly scores: readonly string[];
}

export function registerReport(program: Command): void {
  program
    .command('report')
    .description('Makes tables, figures and files of an evaluation, finished or not.')
    .argument('<results>', 'a file *.earmark.parquet, or the folder that "earmark evaluate" writes to')
    .option('--json', 'print JSON on standard output, with every row', false)
    .option('--markdown', 'print the tables as Markdown', false)
    .option('--html <file>', 'write a self-contained HTML report with figures')
    .option('--csv <file>', 'write every value as CSV, a row each')
    .option(
      '--predictions <folder>',
      "write what the model said under each setting as the benchmark's own scorer takes it (Clotho, MMAU, MMAR)",
    )
    .option(
      '--metrics <names>',
      'metrics of tables and CSV, separated by commas, or "all" (default: the usual ones; CSV: all)',
      parseNames,
    )
    .option(
      '--scores <file>',
      'scores of another program as CSV or JSON: id, strategy, keep (segments, where there are several), then a column a metric; may be given again',
      (file: string, before: readonly string[]) => [...before, file],
      [],
    )
    .action(report);
}

async function report(location: string, options: ReportOptions): Promise<void> {
  const evaluation = await openResults(location);
  const summary = summarise(evaluation, await Promise.all(options.scores.map(readScores)));
  if (summary.counts.done === 0) {
    process.stderr.write('earmark: No row is done yet: there are no values.\n');
  }
  if (options.csv !== undefined) {
    const { header, rows } = longTable(summary, chosenMetrics(summary, options.metrics ?? ['all']));
    await writeOutput('CSV', options.csv, toCsv(header, rows));
  }
  if (options.html !== undefined) {
    const html = renderEvaluationReport(summary, await readReportAssets('evaluation-report'));
    await writeOutput('Report', options.html, html);
  }
  if (options.predictions !== undefined) {
    await writePredictions(evaluation, options.predictions);
  }
  const metrics = chosenMetrics(summary, options.metrics);
  process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : tablesText(summary, metrics, options.markdown));
}

async function readScores(file: string): Promise<ImportedScores> {
  return readImportedScores(path.basename(file), await readInput(file));
}

/** @throws EarmarkError `settings-invalid` naming the metrics there are */
function chosenMetrics(summary: EvaluationSummary, names: readonly string[] | undefined): readonly MetricInfo[] {
  if (names === undefined) {
    return usualMetrics(summary.metrics);
  }
  if (names.includes('all')) {
    return summary.metrics;
  }
  return names.map((name) => {
    const metric = summary.metrics.find((each) => each.name === name);
    if (!metric) {
      throw new EarmarkError(
        'settings-invalid',
        `The evaluation has no values of "${name}".`,
        `Choose from ${summary.metrics.map((each) => each.name).join(', ')}.`,
      );
    }
    return metric;
  });
}

function tablesText(summary: EvaluationSummary, metrics: readonly MetricInfo[], markdown: boolean): string {
  const tables = [...metricTables(summary, metrics), ...groupTables(summary, metrics)];
  const parts = tables.map(({ title, note, header, rows }) =>
    markdown
      ? `### ${title}\n\n${note}\n\n${formatMarkdown(header, rows)}`
      : `${title}\n${note}\n${formatTable(header, rows)}`,
  );
  const head = markdown ? headLines(summary).map((line) => `- ${line}`) : headLines(summary);
  return `${[head.join('\n'), ...parts].join('\n\n')}\n`;
}

function parseNames(text: string): string[] {
  return [...new Set(text.split(',').map((name) => name.trim()))];
}
