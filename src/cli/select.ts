import { Option, type Command } from 'commander';
import { EarmarkError } from '../protocol/errors';
import { select, strategyNamed } from '../pruning/registry';
import { sourceTokens, type BudgetMode, type Selection } from '../pruning/selection';
import type { Strategy } from '../pruning/strategy';
import { parseBudget, parseNumber, parseSet } from './run-options';
import { readInput } from './read-input';
import { readScoreFile, type ScoreFile } from './score-file';

export interface SelectOptions {
  readonly strategy: string;
  /** The share of tokens to keep; or else `tokens`, their number. */
  readonly keep?: number;
  readonly tokens?: number;
  readonly segments?: number;
  readonly budget: BudgetMode;
  readonly set: Readonly<Record<string, number>>;
}

export interface SelectResult extends Selection {
  readonly strategy: string;
  /** N, and K as asked. */
  readonly tokens: number;
  readonly asked: number;
  /** The source tokens that go on, in time order. */
  readonly kept: readonly number[];
}

/**
 * Prunes scores that came from anywhere: the strategies without a model.
 *
 * @throws EarmarkError `settings-invalid`
 */
export function selectFrom(input: ScoreFile, options: SelectOptions): SelectResult {
  const { strategy, budget: budgetMode } = options;
  const tokens = input.scores.length;
  const segments = options.segments ?? options.set.segments;
  if (segments !== undefined && segments > tokens && tokens > 0) {
    throw new EarmarkError(
      'settings-invalid',
      `There are ${tokens} tokens, too few for ${segments} segments.`,
      `Choose at most ${tokens} segments.`,
    );
  }
  const parameters = segments === undefined ? options.set : { ...options.set, segments };
  requireGiven(strategyNamed(strategy), input);
  const choice = { strategy, keepRatio: keepRatioOf(options, tokens), budgetMode, parameters };
  const { budget, selection } = selectGiven(choice, input);
  return { strategy, tokens, asked: budget, kept: sourceTokens(selection), ...selection };
}

/** @throws EarmarkError `settings-invalid` naming what of the strategy's needs the file lacks */
function requireGiven({ label, needs }: Strategy, input: ScoreFile): void {
  const missing = needs.filter((need) => !input[need]);
  if (missing.length > 0) {
    throw new EarmarkError(
      'settings-invalid',
      `${label} needs the encoder's ${missing.join(' and ')}, which the file does not hold.`,
      `Add ${missing.map((need) => `"${need}"`).join(' and ')} to it, one row for each score, or choose another strategy.`,
    );
  }
}

/** Scores that can not be selected from are the fault of the file here, not of a model. */
function selectGiven(...[choice, input]: Parameters<typeof select>): ReturnType<typeof select> {
  try {
    return select(choice, input);
  } catch (cause) {
    throw cause instanceof EarmarkError && cause.code === 'scores-invalid'
      ? new EarmarkError('settings-invalid', cause.message, 'Correct the scores.', { cause })
      : cause;
  }
}

function keepRatioOf({ keep, tokens: asked }: SelectOptions, tokens: number): number {
  if (keep !== undefined && asked !== undefined) {
    throw new EarmarkError(
      'settings-invalid',
      'Both a keep ratio and a number of tokens are given.',
      'Give one of them.',
    );
  }
  if (asked === undefined) {
    return keep ?? 0.25;
  }
  if (!Number.isInteger(asked) || asked < 1 || asked > Math.max(1, tokens)) {
    throw new EarmarkError(
      'settings-invalid',
      `${asked} of ${tokens} tokens can not be kept.`,
      `Choose a whole number from 1 to ${tokens}.`,
    );
  }
  return asked / Math.max(1, tokens);
}

export function registerSelect(program: Command): void {
  program
    .command('select')
    .description('Prunes scores from a file, without a model: {"scores": [N], "tokens": [N][D], "keys": [N][D]}.')
    .requiredOption('--input <file>', 'JSON, or .npz with arrays of these names; "-" reads standard input')
    .option('--strategy <name>', 'pruning strategy; "earmark strategies" lists them', 'segmentwise')
    .option('--keep <ratio>', 'share of the tokens to keep, above 0 and at most 1 (default: 0.25)', parseNumber)
    .option('--tokens <count>', 'number of tokens to keep, instead of --keep', parseNumber)
    .option('--segments <count>', 'segments of strategies that cut the clip (default: 10)', parseNumber)
    .option(
      '--budget <mode>',
      'exact: keep as many as asked; paper: floor(K / S) a segment, literally',
      parseBudget,
      'exact',
    )
    .addOption(
      new Option('--set <name=value>', 'a parameter of the strategy; may be given again')
        .argParser(parseSet)
        .default({}, 'none'),
    )
    .action(async ({ input, ...options }: SelectOptions & { readonly input: string }) => {
      const result = selectFrom(readScoreFile(await readInput(input)), options);
      process.stdout.write(`${JSON.stringify(result)}\n`);
    });
}
