import { mersenne } from 'pure-rand/generator/mersenne';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { completeParameters, strategies } from '../../src/pruning/registry';
import { similarityMatrix } from '../../src/pruning/similarity';
import type { Matrix, SelectionInput } from '../../src/pruning/strategy';
import { inTurns, markdownTable, median } from './measure';

const tokenCount = 1500;
const columns = 1024;
const budget = 375;

/** What each strategy takes to select 375 of 1500 tokens of 1024 values, with the cosine matrix at hand. */
export async function benchSelect(rounds = 15): Promise<string> {
  const tokens = slowlyChanging(1);
  const input: Omit<SelectionInput, 'parameters'> = {
    scores: Float32Array.from({ length: tokenCount }, (_, i) => tokens.data[i * columns]! ** 2),
    tokens,
    keys: slowlyChanging(2),
    similarity: similarityMatrix(tokens),
    budget,
    budgetMode: 'exact',
  };
  const tasks = strategies.map((strategy) => {
    const parameters = completeParameters(strategy, {});
    return () => Promise.resolve(strategy.select({ ...input, parameters }));
  });
  const times = await inTurns(rounds, [...tasks, () => Promise.resolve(similarityMatrix(tokens))]);
  const names = [...strategies.map(({ name }) => name), 'cosine matrix, where none is handed in'];
  const rows = names.map((name, i) => [name, median(times[i]!).toFixed(2), Math.min(...times[i]!).toFixed(2)]);
  return markdownTable([`select ${budget} of ${tokenCount} tokens`, 'median ms', 'least ms'], rows);
}

/** Tokens of which each is like the one before, as an encoder's are. */
function slowlyChanging(seed: number): Matrix {
  const generator = mersenne(seed);
  const data = new Float32Array(tokenCount * columns);
  for (let i = 0; i < data.length; i++) {
    data[i] = 0.8 * (data[i - columns] ?? 0) + uniformInt(generator, -1000, 1000) / 1000;
  }
  return { data, rows: tokenCount, columns };
}
