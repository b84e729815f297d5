import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { mersenne } from 'pure-rand/generator/mersenne';
import { describe, expect, it } from 'vitest';
import { completeParameters, strategies, strategyNamed } from '../../../src/pruning/registry';
import type { Selection } from '../../../src/pruning/selection';
import type { Matrix, Parameter, Strategy } from '../../../src/pruning/strategy';
import { referenceSelections, type ReferenceCase, type ReferenceInput } from './reference';

/**
 * The same selections as the Python reference, index by index, on inputs with many ties. Values are small whole
 * numbers, so that sums and dot products are exact in both languages and a tie is a tie.
 */
const generator = mersenne(20251114);
const between = (low: number, high: number): number => uniformInt(generator, low, high);
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const oneOf = <T>(values: readonly T[]): T => values[between(0, values.length - 1)]!;

/** Vectors drawn from a few, so that equal and opposite ones are common and some are zero; neighbours often repeat. */
function vectors(tokens: number, columns: number): number[][] {
  const few = times(between(1, 24), () => times(columns, () => between(-2, 2)));
  const rows = times(tokens, () => oneOf(few));
  return rows.map((row, i) => (i > 0 && between(0, 2) === 0 ? rows[i - 1]! : row));
}

function input(tokens: number): ReferenceInput {
  const columns = between(1, 8);
  const highest = oneOf([0, 1, 6, 1000]);
  // Attention has no sign; scores from a file may have one.
  const lowest = between(0, 3) === 0 ? -highest : 0;
  return {
    scores: times(tokens, () => between(lowest, highest) / 8),
    tokens: vectors(tokens, columns),
    keys: between(0, 3) === 0 ? null : vectors(tokens, columns),
  };
}

function parameterOf({ name, minimum, maximum, default: usual, integer }: Parameter): number {
  if (name === 'segments') {
    return oneOf([1, 2, 3, 5, usual, 15]);
  }
  return oneOf([minimum, usual, integer ? between(minimum, Math.min(maximum, 12)) : between(0, 9) / 10]);
}

function casesFor(strategy: Strategy, index: number, given: ReferenceInput, budget: number): ReferenceCase[] {
  if (strategy.needs.includes('keys') && given.keys === null) {
    return [];
  }
  const parameters = completeParameters(
    strategy,
    Object.fromEntries(strategy.parameters.map((parameter) => [parameter.name, parameterOf(parameter)])),
  );
  const modes = strategy.usesBudgetMode ? (['paper', 'exact'] as const) : (['exact'] as const);
  return modes.map((budgetMode) => ({ input: index, strategy: strategy.name, budget, budgetMode, parameters }));
}

const compared = strategies.filter(({ name }) => name !== 'random');
const small = times(12, (i) => times(4, () => input(i + 1))).flat();
const medium = times(220, () => input(between(13, 120)));
const large = [...times(7, () => input(between(400, 1499))), input(1500)];
const inputs = [...small, ...medium, ...large];
const cases = inputs.flatMap((given, index) => {
  const n = given.scores.length;
  const budgets = index < small.length ? times(n, (i) => i + 1) : [between(1, n <= 120 ? n : n >> 1)];
  return budgets.flatMap((budget) => compared.flatMap((strategy) => casesFor(strategy, index, given, budget)));
});
const reference = referenceSelections(inputs, cases);

const matrices = new Map<readonly (readonly number[])[], Matrix>();
function matrix(rows: readonly (readonly number[])[]): Matrix {
  const known = matrices.get(rows);
  const made = known ?? { data: Float32Array.from(rows.flat()), rows: rows.length, columns: rows[0]!.length };
  matrices.set(rows, made);
  return made;
}

function selectedHere({ input: index, strategy, budget, budgetMode, parameters }: ReferenceCase): Selection {
  const { scores, tokens, keys } = inputs[index]!;
  return strategyNamed(strategy).select({
    scores: Float32Array.from(scores),
    tokens: matrix(tokens),
    ...(keys && { keys: matrix(keys) }),
    budget,
    budgetMode,
    parameters,
  });
}

describe('the same selections as the Python reference', () => {
  it.each(compared.map(({ name }) => name))('%s', (name) => {
    const mine = cases
      .map((each, i) => ({ each, expected: reference[i]! }))
      .filter(({ each }) => each.strategy === name);
    expect(mine.length).toBeGreaterThan(400);
    for (const { each, expected } of mine) {
      const selection = selectedHere(each);
      const context = `${JSON.stringify(each)} of ${JSON.stringify(inputs[each.input]).slice(0, 2000)}`;
      expect(selection.groups, context).toEqual(expected.groups);
      selection.weights.forEach((weights, slot) => {
        weights.forEach((weight, i) => {
          expect(Math.abs(weight - expected.weights[slot]![i]!), context).toBeLessThan(1e-6);
        });
      });
    }
  });
});
