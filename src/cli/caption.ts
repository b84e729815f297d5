import type { Command } from 'commander';
import type { Run } from '../protocol/run';
import { strategyNamed } from '../pruning/registry';
import { fileJson } from './json';
import { runFiles, type FileResult } from './run-files';
import { addRunOptions, type RunOptions } from './run-options';

export function registerCaption(program: Command): void {
  const command = program
    .command('caption')
    .description('Captions sounds, with all tokens and with what a strategy keeps.')
    .argument('<files...>', 'audio files');
  addRunOptions(command, { strategy: 'none,segmentwise', keep: '0.25' }).action(
    async (files: string[], options: RunOptions) => {
      const results: object[] = [];
      await runFiles(files, options, (result) => {
        if (options.json) {
          results.push(fileJson(result, options.scores));
        } else {
          process.stdout.write(captionText(result));
        }
      });
      if (options.json) {
        process.stdout.write(`${JSON.stringify(results.length === 1 ? results[0] : results, null, 2)}\n`);
      }
    },
  );
}

/** What was said of one file, for reading. */
function captionText({ file, clip, runs }: FileResult): string {
  const lines = runs.map((run) => `  ${runLabel(run).padEnd(34)} ${run.caption}`);
  return `${file} (${clip.durationSeconds.toFixed(1)} s)\n${lines.join('\n')}\n`;
}

/** "Segmentwise Top-K: 62 of 250 tokens". */
function runLabel({ settings, tokens }: Run): string {
  return `${strategyNamed(settings.strategy).label}: ${String(tokens.kept)} of ${String(tokens.valid)} tokens`;
}
