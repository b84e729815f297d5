import { Argument, type Command } from 'commander';
import { experiments } from '../experiments/registry';
import { EarmarkError } from '../protocol/errors';
import type { ExperimentResult } from '../protocol/experiment';
import { toCsv } from '../report/csv';
import { signalOfInterrupt } from './interrupt';
import { openEngine } from './open-engine';
import { addRunOptions, type RunOptions } from './run-options';
import { formatTable } from './table';

export function registerExperiment(program: Command): void {
  const command = program
    .command('experiment')
    .description('Asks one question of one sound, pruned by one strategy to one keep ratio, and prints a table.')
    .addArgument(new Argument('<name>', 'the experiment').choices(experiments.map(({ name }) => name)))
    .argument('<file>', 'audio file')
    .addHelpText(
      'after',
      `\nExperiments:\n${experiments.map(({ name, description }) => `  ${name}: ${description}`).join('\n')}`,
    );
  addRunOptions(command, { strategy: 'segmentwise', keep: '0.25' })
    .option('--csv', 'print CSV on standard output', false)
    .action(async (name: string, file: string, options: RunOptions & { csv: boolean }) => {
      const result = await conduct(name, file, options);
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : tableText(result, options.csv));
    });
}

async function conduct(name: string, file: string, options: RunOptions): Promise<ExperimentResult> {
  const { engine, settings } = await openEngine(options);
  if (settings.length !== 1) {
    throw new EarmarkError(
      'settings-invalid',
      'An experiment is about one strategy and one keep ratio.',
      'Give one --strategy and one --keep; "earmark compare" runs several.',
    );
  }
  const call = { signal: signalOfInterrupt(), onProgress: () => undefined };
  const { clipId } = await engine.openClip({ kind: 'path', path: file }, call);
  return engine.experiment(clipId, options.model, name, settings[0]!, call);
}

function tableText({ title, summary, columns, rows }: ExperimentResult, csv: boolean): string {
  const header = columns.map(({ name, unit }) => (unit === undefined ? name : `${name} (${unit})`));
  if (csv) {
    return toCsv(header, rows);
  }
  const cells = rows.map((row) => row.map(cellText));
  return `${title}\n${formatTable(header, cells)}\n${summary}\n`;
}

function cellText(value: number | string): string {
  return typeof value === 'number' ? String(Math.round(value * 1000) / 1000) : value;
}
