import type { Command } from 'commander';
import type { Run } from '../protocol/run';
import { speedUpBound } from '../pruning/budget';
import { fileJson } from './json';
import { runFiles, throwFailures, type FileResult } from './run-files';
import { addShownRunOptions, parseStrategies, type ShownRunOptions, type StrategyOption } from './run-options';
import { formatTable } from './table';

export function registerCompare(program: Command): void {
  const command = program
    .command('compare')
    .description('Runs strategies at several keep ratios on one sound, beside the unpruned run.')
    .argument('<file>', 'audio file');
  addShownRunOptions(command, { strategy: 'all', keep: '0.5,0.25,0.1' })
    .option('--strategies <names>', 'the same as --strategy', parseStrategies)
    .action(async (file: string, { strategies, ...options }: ShownRunOptions & { strategies?: StrategyOption }) => {
      const { failures } = await runFiles(
        [file],
        withBaseline(strategies ? { ...options, strategy: strategies } : options),
        (result) => {
          process.stdout.write(
            options.json ? `${JSON.stringify(fileJson(result, options.scores), null, 2)}\n` : comparisonText(result),
          );
        },
        { warmUp: true },
      );
      throwFailures(failures);
    });
}

/** The unpruned run comes first: everything is measured against it. */
function withBaseline({ strategy, ...options }: ShownRunOptions): ShownRunOptions {
  // All begin with it already.
  return { ...options, strategy: strategy === 'all' ? 'all' : ['none', ...strategy.filter((name) => name !== 'none')] };
}

function comparisonText({ file, clip, runs }: FileResult): string {
  const baseline = runs[0];
  const header = ['strategy', 'keep', 'tokens', 'select ms', 'prefill ms', 'speed-up', 'bound', 'ms/token', 'caption'];
  const rows = baseline ? runs.map((run) => comparisonRow(run, baseline)) : [];
  return `${file} (${clip.durationSeconds.toFixed(1)} s)\n${formatTable(header, rows)}\n`;
}

function comparisonRow(run: Run, baseline: Run): string[] {
  const { settings, tokens, times, prompt } = run;
  const text = prompt.textBefore + prompt.textAfter;
  return [
    settings.strategy,
    `${String(Math.round(settings.keepRatio * 1000) / 10)} %`,
    `${String(tokens.kept)}/${String(tokens.valid)}`,
    times.selectMs.toFixed(2),
    times.prefillMs.toFixed(0),
    `${(baseline.times.prefillMs / times.prefillMs).toFixed(2)}x`,
    `${speedUpBound(text, tokens.valid, tokens.kept).toFixed(2)}x`,
    times.decodeMsPerToken.toFixed(1),
    run.caption,
  ];
}
