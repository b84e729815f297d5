import type { Command } from 'commander';
import { strategyNamed } from '../pruning/registry';
import { fileJson } from './json';
import { runFiles, throwFailures, type FileResult } from './run-files';
import { addShownRunOptions, type ShownRunOptions } from './run-options';
import { alignColumns } from './table';

export function registerCaption(program: Command): void {
  const command = program
    .command('caption')
    .description('Captions sounds, with all tokens and with what a strategy keeps.')
    .argument('<files...>', 'audio files');
  addShownRunOptions(command, { strategy: 'none,segmentwise', keep: '0.25' }).action(
    async (files: string[], options: ShownRunOptions) => {
      const { results, failures } = await runFiles(files, options, (result) => {
        if (!options.json) {
          process.stdout.write(captionText(result));
        }
      });
      if (options.json && results.length > 0) {
        const json = results.map((result) => fileJson(result, options.scores));
        process.stdout.write(`${JSON.stringify(files.length === 1 ? json[0] : json, null, 2)}\n`);
      }
      throwFailures(failures);
    },
  );
}

/** What was said of one file, for reading. */
function captionText({ file, clip, runs }: FileResult): string {
  const rows = runs.map(({ settings, tokens, times, caption }) => [
    strategyNamed(settings.strategy).label,
    `${String(tokens.kept)} of ${String(tokens.valid)} tokens`,
    `prefill ${times.prefillMs.toFixed(0)} ms`,
    caption,
  ]);
  return `${file} (${clip.durationSeconds.toFixed(1)} s)\n${alignColumns(rows)}\n\n`;
}
