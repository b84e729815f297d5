import * as path from 'node:path';
import { Option, type Command } from 'commander';
import { readDataset } from '../datasets/read-dataset';
import { loadRuntime } from '../engine/model/runtime';
import { findPack } from '../engine/model/find-packs';
import { packFingerprint, readPack, type Pack } from '../engine/model/pack';
import { evaluate, type EvaluationChoice, type EvaluationOptions } from '../evaluation/evaluate';
import { resultsFile } from '../evaluation/evaluation-folder';
import { runLocally } from '../evaluation/local-workers';
import { runQueued } from '../evaluation/queue/run-queued';
import { writeResults } from '../evaluation/results-file';
import { EarmarkError } from '../protocol/errors';
import type { ModelInfo } from '../protocol/model';
import type { RunSettings } from '../protocol/run';
import { missingNeed, noAttention, servedStrategies } from '../pruning/needs';
import { strategyNamed } from '../pruning/registry';
import { requireHead } from '../pruning/score';
import { engineScript } from './engine-script';
import { signalOfInterrupt } from './interrupt';
import { warnOfFallback } from './open-engine';
import { EvaluationProgressLine, progressKinds, type ProgressKind } from './evaluation-progress';
import {
  addModelOption,
  addSettingsOptions,
  addWorkerOptions,
  engineThreads,
  listOf,
  modelFolders,
  parseCount,
  settingsOf,
  strategiesFor,
  type NamedStrategies,
  type SettingsOptions,
  type WorkerOptions,
} from './run-options';

interface EvaluateOptions extends Omit<SettingsOptions, 'segments'>, WorkerOptions {
  readonly model: string;
  readonly out: string;
  readonly segments?: readonly number[];
  readonly audio?: string;
  readonly audioName?: string;
  readonly limit?: number;
  readonly resume: boolean;
  readonly queue?: string;
  readonly progress: ProgressKind;
}

export function registerEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('Runs strategies on a whole dataset, beside the unpruned run; "earmark report" makes tables of it.')
    .argument('<dataset>', 'a file of Clotho, AudioCaps, MMAU, MMAR, ClothoAQA or Earmark, or the folder that holds it')
    .requiredOption('--out <folder>', 'where the rows and results are written')
    .option('--resume', 'go on with what was begun in that folder', false);
  addSettingsOptions(command, { strategy: 'all', keep: '0.5,0.25,0.1' }).option(
    '--segments <counts>',
    'numbers of segments, separated by commas (default: 10)',
    parseSegments,
  );
  addWorkerOptions(addModelOption(command))
    .option(
      '--queue <url>',
      'hand the clips to the "earmark worker" processes of a Redis server, whose own --jobs, --threads, --provider and --ffmpeg count: redis://host:port',
    )
    .option('--audio <folder>', 'where the sounds are (default: looked for beside the dataset)')
    .option(
      '--audio-name <template>',
      'of AudioCaps, how the sounds are named (default: {youtube_id}_{start_time}.wav)',
    )
    .option('--limit <count>', 'only so many items, the first', parseCount)
    .addOption(
      new Option('--progress <kind>', 'a line that is overwritten, or lines of JSON')
        .choices(progressKinds)
        .default('line'),
    )
    .action(run);
}

async function run(location: string, options: EvaluateOptions): Promise<void> {
  const { folder, info } = await findPack(modelFolders(options), options.model);
  if (info.problem !== undefined) {
    throw new EarmarkError('model-invalid', info.problem);
  }
  requireServed(options, info, await readPack(folder));
  const read = await readDataset(location, { audioFolder: options.audio, audioName: options.audioName });
  const dataset = { ...read, items: read.items.slice(0, options.limit) };
  dataset.warnings.forEach((warning) => process.stderr.write(`earmark: ${warning}\n`));
  const { modelId, title, secondsPerToken, windowSeconds, question } = info;
  const fingerprint = await packFingerprint(folder);
  const choice: EvaluationChoice = {
    model: { modelId, title, fingerprint, secondsPerToken, windowSeconds, question },
    settings: gridOf({ ...options, strategy: strategiesFor(info, options.strategy) }),
    jobs: options.jobs,
    threads: engineThreads(options),
    runtime: await runtimeName(options),
  };
  const progress = new EvaluationProgressLine(options.progress);
  try {
    const { manifest, rows } = await evaluate(dataset, choice, {
      folder: path.resolve(options.out),
      resume: options.resume,
      onProgress: (now) => {
        progress.show(now);
      },
      run: runner(options, choice, dataset.audioFolder),
    });
    progress.end();
    const results = path.join(options.out, resultsFile);
    await writeResults(results, manifest, rows);
    process.stderr.write(`Results: ${results}\nTables: earmark report ${results}\n`);
  } catch (thrown) {
    progress.end();
    const error = EarmarkError.from(thrown);
    throw error.code === 'cancelled'
      ? new EarmarkError('cancelled', 'Stopped; every run that was done is kept.', 'Go on with --resume.')
      : error;
  }
}

function runner(
  options: EvaluateOptions,
  { threads }: EvaluationChoice,
  audioFolder: string,
): EvaluationOptions['run'] {
  const { queue, jobs, ffmpeg, provider } = options;
  const signal = signalOfInterrupt();
  if (queue !== undefined) {
    return (manifest, tasks, onOutcome) => runQueued(manifest, tasks, onOutcome, { url: queue, audioFolder, signal });
  }
  return (manifest, tasks, onOutcome) =>
    runLocally(manifest, tasks, onOutcome, {
      script: engineScript,
      engine: { modelFolders: modelFolders(options), threads, ffmpeg, provider },
      onOutput: () => undefined,
      jobs,
      signal,
    });
}

/**
 * What the model can not do would fail row after row, or end the evaluation at its first clip.
 *
 * @throws EarmarkError `settings-invalid`
 */
function requireServed({ strategy, head, maxNewTokens }: EvaluateOptions, model: ModelInfo, pack: Pack): void {
  const lacking = strategy === 'all' ? [] : strategy.map(strategyNamed).filter((one) => missingNeed(one, model));
  if (lacking[0]) {
    throw new EarmarkError(
      'settings-invalid',
      noAttention(lacking[0], model.modelId),
      `Choose another model, or one of these strategies: ${servedStrategies(model).join(', ')}.`,
    );
  }
  requireHead(model.heads, head);
  // The prompt takes the rest; how much, where audio stands in it, depends on clip and question.
  const most = pack.decoder.maxContext - (pack.family === 'cross-attention' ? pack.prompt.startTokens.length : 1);
  if (maxNewTokens > most) {
    throw new EarmarkError(
      'settings-invalid',
      `${String(maxNewTokens)} new tokens are too many for the model "${model.modelId}", whose context is ` +
        `${String(pack.decoder.maxContext)}.`,
      `Choose at most ${String(most)}.`,
    );
  }
}

/** The unpruned run first, then each strategy at each ratio, and for each number of segments where it has any. */
function gridOf({ segments = [], ...options }: EvaluateOptions & NamedStrategies): RunSettings[] {
  const strategies = ['none', ...options.strategy.filter((name) => name !== 'none')];
  const counts = segments.length === 0 ? [undefined] : segments;
  const grid = counts.flatMap((count) =>
    settingsOf({ ...options, strategy: strategies, ...(count !== undefined && { segments: count }) }, ''),
  );
  const distinct = new Map(grid.map((settings) => [JSON.stringify(settings), settings]));
  const order = (settings: RunSettings): number => strategies.indexOf(settings.strategy);
  return [...distinct.values()].sort((a, b) => order(a) - order(b));
}

async function runtimeName({ threads, provider: wanted }: EvaluateOptions): Promise<string> {
  const { version, provider, fallback } = await loadRuntime(threads, wanted);
  warnOfFallback(fallback);
  return `onnxruntime ${version}, ${provider}`;
}

function parseSegments(text: string): number[] {
  return listOf(text).map(parseCount);
}
