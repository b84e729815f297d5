import { InvalidArgumentError, Option, type Command } from 'commander';
import * as os from 'node:os';
import * as path from 'node:path';
import { expandHome } from '../engine/model/model-folders';
import { userModelFolder } from '../hub/user-model-folder';
import { EarmarkError } from '../protocol/errors';
import { shippedModel, type ModelInfo } from '../protocol/model';
import { providers, type Provider } from '../protocol/provider';
import { mostNewTokens, type RunSettings } from '../protocol/run';
import { servedStrategies } from '../pruning/needs';
import { completeParameters, strategies, strategyNamed } from '../pruning/registry';
import type { BudgetMode, BudgetScope, HeadReduce } from '../pruning/selection';

/** Names of strategies, or every one that the model can serve. */
export type StrategyOption = readonly string[] | 'all';

/** What a person may say on the command line about how sounds are pruned, as commander hands it over. */
export interface SettingsOptions {
  readonly strategy: StrategyOption;
  readonly keep: readonly number[];
  readonly budget: BudgetMode;
  readonly budgetScope: BudgetScope;
  readonly head: HeadReduce;
  readonly segments?: number;
  readonly set: Readonly<Record<string, number>>;
  readonly maxNewTokens: number;
}

/** What `--strategy` comes to once the model is known. */
export interface NamedStrategies {
  readonly strategy: readonly string[];
}

export interface ModelFolderOptions {
  readonly models?: string;
}

/** What engines are started with. */
export interface EngineOptions extends ModelFolderOptions {
  readonly threads: number;
  readonly ffmpeg: string;
  readonly provider: Provider;
}

/** Several engines at once. */
export interface WorkerOptions extends EngineOptions {
  readonly jobs: number;
}

export interface RunOptions extends SettingsOptions, EngineOptions {
  readonly model: string;
  readonly prompt?: string;
  readonly json: boolean;
}

/** How runs are told of. */
export interface ShownRunOptions extends RunOptions {
  readonly scores: boolean;
  readonly report?: string;
}

/** Packs that ship with Earmark, beside the bundles. */
const shippedModels = path.join(__dirname, '..', 'media', 'models');

/** Adds the options of a command that runs strategies on sounds and prints what comes of it. */
export function addRunOptions(command: Command, defaults: { strategy: string; keep: string }): Command {
  addSettingsOptions(command, defaults)
    .option('--segments <count>', 'segments of strategies that cut the clip (default: 10)', parseNumber)
    .option('--prompt <question>', 'what the model is asked (default: the model’s own question)');
  return addEngineOptions(addModelOption(command)).option('--json', 'print JSON on standard output', false);
}

/** Adds the options of a command that shows the runs themselves. */
export function addShownRunOptions(command: Command, defaults: { strategy: string; keep: string }): Command {
  return addRunOptions(command, defaults)
    .option('--scores', 'add each token’s score to the JSON', false)
    .option('--report <file>', 'write a self-contained HTML report');
}

export function addSettingsOptions(command: Command, defaults: { strategy: string; keep: string }): Command {
  return command
    .addOption(
      new Option('--strategy <names>', 'strategies, separated by commas, or "all" that the model can serve')
        .argParser(parseStrategies)
        .default(parseStrategies(defaults.strategy), defaults.strategy),
    )
    .addOption(
      new Option('--keep <ratios>', 'keep ratios above 0 and at most 1, separated by commas')
        .argParser(parseRatios)
        .default(parseRatios(defaults.keep), defaults.keep),
    )
    .option(
      '--budget <mode>',
      'exact: keep as many as asked; paper: floor(K / S) a segment, literally',
      parseBudget,
      'exact',
    )
    .addOption(
      new Option('--budget-scope <scope>', 'of a long clip: one budget a window, or one for the whole clip')
        .choices(['window', 'clip'])
        .default('window'),
    )
    .option('--head <head>', 'mean, max, or one head of the last encoder layer, counted from 0', parseHead, 'mean')
    .addOption(
      new Option('--set <name=value>', 'a parameter of a strategy; may be given again')
        .argParser(parseSet)
        .default({}, 'none'),
    )
    .option(
      '--max-new-tokens <count>',
      `most tokens to generate for a window of 30 s, at most ${String(mostNewTokens)}`,
      parseNewTokens,
      64,
    );
}

export function addModelOption(command: Command): Command {
  return command.option('--model <id>', 'model pack', shippedModel);
}

function addEngineOptions(command: Command): Command {
  return addModelFolderOption(command)
    .addOption(
      new Option('--provider <name>', 'what runs the model, where it works here; else cpu, and a word about it')
        .choices(providers)
        .default('cpu'),
    )
    .option('--threads <count>', 'threads for onnxruntime; 0 uses every physical core', parseCount, 0)
    .addOption(new Option('--ffmpeg <path>', 'ffmpeg for m4a and other formats').default('', 'looked up on PATH'));
}

export function addWorkerOptions(command: Command): Command {
  return addEngineOptions(command).option(
    '--jobs <count>',
    'engine processes at once; they share the processor',
    parseJobs,
    1,
  );
}

/** Threads of each engine, so that all together use the machine once. */
export function engineThreads({ threads, jobs }: WorkerOptions): number {
  return threads === 0 && jobs > 1 ? Math.max(1, Math.floor(os.availableParallelism() / jobs)) : threads;
}

export function addModelFolderOption(command: Command): Command {
  return command.option(
    '--models <folder>',
    'a further folder of model packs, or a pack, searched first; new models go there',
    (folder) => path.resolve(expandHome(folder)),
  );
}

/** The strategies that are meant; says which of all are left out because the model can not serve them. */
export function strategiesFor(model: ModelInfo | undefined, strategy: StrategyOption): readonly string[] {
  if (strategy !== 'all') {
    return strategy;
  }
  const served = servedStrategies(model);
  const others = strategies.map(({ name }) => name).filter((name) => !served.includes(name));
  if (model && others.length > 0) {
    process.stderr.write(
      `earmark: The encoder's attention can not be read in the model "${model.modelId}": without ${others.join(', ')}.\n`,
    );
  }
  return served;
}

/**
 * One set of settings for each strategy and keep ratio; a strategy that keeps every token is run once.
 *
 * @throws EarmarkError `settings-invalid`
 */
export function settingsOf(
  options: SettingsOptions & NamedStrategies & { readonly prompt?: string },
  question: string,
): RunSettings[] {
  const parameters = options.segments === undefined ? options.set : { ...options.set, segments: options.segments };
  return options.strategy.flatMap((name) => {
    const strategy = strategyNamed(name);
    const ratios = strategy.usesKeepRatio ? options.keep : [1];
    return ratios.map((keepRatio) => ({
      strategy: name,
      keepRatio,
      budgetMode: options.budget,
      budgetScope: options.budgetScope,
      headReduce: options.head,
      parameters: completeParameters(strategy, parameters),
      question: options.prompt ?? question,
      maxNewTokens: options.maxNewTokens,
    }));
  });
}

/** The folder that was named, what the person got before, what ships. */
export function modelFolders({ models }: ModelFolderOptions): string[] {
  return [...(models === undefined ? [] : [models]), userModelFolder(), shippedModels];
}

export function parseStrategies(text: string): StrategyOption {
  return text === 'all' ? 'all' : checkedNames(listOf(text));
}

function checkedNames(names: string[]): string[] {
  return names.map((name) => asArgument(() => strategyNamed(name).name));
}

function parseRatios(text: string): number[] {
  return listOf(text).map((item) => {
    const ratio = parseNumber(item);
    if (!(ratio > 0 && ratio <= 1)) {
      throw new InvalidArgumentError('A keep ratio is above 0 and at most 1.');
    }
    return ratio;
  });
}

export function parseBudget(text: string): BudgetMode {
  if (text !== 'exact' && text !== 'paper') {
    throw new InvalidArgumentError('Choose exact or paper.');
  }
  return text;
}

function parseHead(text: string): HeadReduce {
  return text === 'mean' || text === 'max' ? text : parseCount(text);
}

export function parseSet(text: string, before: Readonly<Record<string, number>>): Record<string, number> {
  const [name = '', value] = text.split('=');
  if (name === '' || value === undefined) {
    throw new InvalidArgumentError('Give name=value, for example seed=7.');
  }
  if (!strategies.some((strategy) => strategy.parameters.some((parameter) => parameter.name === name))) {
    throw new InvalidArgumentError(`No strategy has a parameter named "${name}"; "earmark strategies" lists them.`);
  }
  return { ...before, [name]: parseNumber(value) };
}

function parseNewTokens(text: string): number {
  const count = parseCount(text);
  if (count < 1 || count > mostNewTokens) {
    throw new InvalidArgumentError(`Choose from 1 to ${String(mostNewTokens)}.`);
  }
  return count;
}

function parseJobs(text: string): number {
  const jobs = parseCount(text);
  if (jobs < 1) {
    throw new InvalidArgumentError('At least one is needed.');
  }
  return jobs;
}

/** A whole number, at least 0. */
export function parseCount(text: string): number {
  const value = parseNumber(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError('A whole number is needed.');
  }
  return value;
}

export function parseNumber(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!Number.isFinite(value)) {
    throw new InvalidArgumentError(`"${text}" is not a number.`);
  }
  return value;
}

export function listOf(text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  if (items.some((item) => item === '')) {
    throw new InvalidArgumentError('Separate values by single commas.');
  }
  return items;
}

function asArgument<Result>(task: () => Result): Result {
  try {
    return task();
  } catch (error) {
    throw new InvalidArgumentError(
      error instanceof EarmarkError ? `${error.message} ${error.action ?? ''}` : String(error),
    );
  }
}
