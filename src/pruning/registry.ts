import { EarmarkError } from '../protocol/errors';
import { budgetOf } from './budget';
import { requireFiniteScores } from './score';
import type { BudgetMode, Selection } from './selection';
import { aToMe } from './strategies/a-tome';
import { bottomK } from './strategies/bottom-k';
import { cdpruner } from './strategies/cdpruner';
import { changePoint } from './strategies/change-point';
import { divprune } from './strategies/divprune';
import { fastadasp } from './strategies/fastadasp';
import { hybrid } from './strategies/hybrid';
import { none } from './strategies/none';
import { random } from './strategies/random';
import { saMap } from './strategies/sa-map';
import { segmentwise } from './strategies/segmentwise';
import { topK } from './strategies/top-k';
import { uniform } from './strategies/uniform';
import { variableBudget } from './strategies/variable-budget';
import { visionzip } from './strategies/visionzip';
import { vispruner } from './strategies/vispruner';
import type { Matrix, Parameter, SelectionInput, Strategy } from './strategy';

/** Every strategy, in the order the interface lists them. A new one is one file and one line here. */
export const strategies: readonly Strategy[] = [
  none,
  segmentwise,
  topK,
  bottomK,
  random,
  uniform,
  visionzip,
  vispruner,
  divprune,
  cdpruner,
  aToMe,
  fastadasp,
  saMap,
  variableBudget,
  changePoint,
  hybrid,
];

/** @throws EarmarkError `settings-invalid` naming the strategies there are */
export function strategyNamed(name: string): Strategy {
  const strategy = strategies.find((candidate) => candidate.name === name);
  if (!strategy) {
    throw new EarmarkError(
      'settings-invalid',
      `There is no strategy named "${name}".`,
      `Choose one of: ${strategies.map((candidate) => candidate.name).join(', ')}.`,
    );
  }
  return strategy;
}

/** What a person chose of a strategy. */
export interface StrategyChoice {
  readonly strategy: string;
  readonly keepRatio: number;
  readonly budgetMode: BudgetMode;
  readonly parameters: Readonly<Record<string, number>>;
}

/**
 * A value for each of the strategy's parameters: the given one, checked, or its default. Values for parameters the
 * strategy does not have are ignored, since one set of settings serves many strategies.
 *
 * @throws EarmarkError `settings-invalid` for a value outside its range
 */
export function completeParameters(
  strategy: Strategy,
  given: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    strategy.parameters.map((parameter) => [parameter.name, checked(parameter, given[parameter.name])]),
  );
}

function checked(parameter: Parameter, value = parameter.default): number {
  const { minimum, maximum, integer, label } = parameter;
  if (!(value >= minimum && value <= maximum) || (integer && !Number.isInteger(value))) {
    throw new EarmarkError(
      'settings-invalid',
      `${label} can not be ${String(value)}.`,
      `Choose ${integer ? 'a whole number' : 'a number'} from ${String(minimum)} to ${String(maximum)}.`,
    );
  }
  return value;
}

/** What is known of the tokens; `budget` is K where it is given outright and not by a keep ratio. */
export type SelectableTokens = Pick<SelectionInput, 'scores' | 'tokens' | 'keys' | 'similarity'> & {
  readonly budget?: number | undefined;
};

/**
 * Checks the choice and the input, and selects.
 *
 * @throws EarmarkError `settings-invalid` or `scores-invalid`
 */
export function select(
  choice: StrategyChoice,
  input: SelectableTokens,
): { readonly budget: number; readonly selection: Selection } {
  const strategy = strategyNamed(choice.strategy);
  const parameters = completeParameters(strategy, choice.parameters);
  const budget = strategy.usesKeepRatio
    ? (input.budget ?? budgetOf(choice.keepRatio, input.scores.length))
    : input.scores.length;
  if (input.scores.length === 0) {
    throw new EarmarkError('scores-invalid', 'There are no tokens to select from.');
  }
  if (strategy.needs.includes('scores')) {
    requireFiniteScores(input.scores);
  }
  requireNeeds(strategy, input);
  return { budget, selection: strategy.select({ ...input, budget, budgetMode: choice.budgetMode, parameters }) };
}

function requireNeeds(strategy: Strategy, input: SelectableTokens): void {
  for (const need of ['tokens', 'keys'] as const) {
    if (strategy.needs.includes(need) && !input[need]) {
      throw new EarmarkError(
        'settings-invalid',
        `${strategy.label} needs the encoder's ${need}, which this model does not give.`,
        'Choose another strategy or another model.',
      );
    }
  }
  for (const name of ['tokens', 'keys', 'similarity'] as const) {
    requireShape(name, input[name], input.scores.length);
  }
}

/** @throws EarmarkError `scores-invalid` where a matrix does not have one full row for each token */
function requireShape(name: 'tokens' | 'keys' | 'similarity', matrix: Matrix | undefined, tokens: number): void {
  if (!matrix) {
    return;
  }
  const { data, rows, columns } = matrix;
  if (
    rows !== tokens ||
    columns === 0 ||
    data.length !== rows * columns ||
    (name === 'similarity' && columns !== rows)
  ) {
    throw new EarmarkError(
      'scores-invalid',
      `There are scores for ${String(tokens)} tokens, but ${name} of shape [${String(rows)}, ${String(columns)}] with ${String(data.length)} values.`,
      'Give one row for each score, all of the same length.',
    );
  }
}
