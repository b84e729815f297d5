import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BudgetMode, Selection } from '../../../src/pruning/selection';

/** One input of `test/reference/strategies.py`; the rows of a matrix as arrays. */
export interface ReferenceInput {
  readonly scores: readonly number[];
  readonly tokens: readonly (readonly number[])[];
  readonly keys: readonly (readonly number[])[] | null;
}

export interface ReferenceCase {
  readonly input: number;
  readonly strategy: string;
  readonly budget: number;
  readonly budgetMode: BudgetMode;
  readonly parameters: Readonly<Record<string, number>>;
}

/** What the Python reference selects in each case, from one run of Python. */
export function referenceSelections(
  inputs: readonly ReferenceInput[],
  cases: readonly ReferenceCase[],
): readonly Selection[] {
  const root = join(import.meta.dirname, '../../..');
  const python = pythonOf(root);
  const script = join(root, 'test/reference/strategies.py');
  const input = JSON.stringify({ inputs, cases });
  const result = spawnSync(python, [script], { input, encoding: 'utf8', maxBuffer: 2 ** 29 });
  if (result.error !== undefined || result.status !== 0) {
    throw new Error(
      [
        `The Python reference did not run with "${python}": ${result.error?.message ?? result.stderr}`,
        'It needs Python 3.9 or newer with numpy. From the root of the repository:',
        '  python3 -m venv .cache/venv && .cache/venv/bin/pip install -r test/reference/requirements.txt',
        'or name another Python in the environment variable EARMARK_PYTHON.',
      ].join('\n'),
    );
  }
  return JSON.parse(result.stdout) as Selection[];
}

function pythonOf(root: string): string {
  const environments = ['.cache/venv/bin/python', '.cache/venv/Scripts/python.exe'].map((path) => join(root, path));
  return process.env.EARMARK_PYTHON ?? environments.find((path) => existsSync(path)) ?? 'python3';
}
