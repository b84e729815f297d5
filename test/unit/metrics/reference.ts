import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ChoiceAnswer } from '../../../src/metrics/mmau';
import type { Transcript } from '../../../src/metrics/word-error-rate';

/** The input of `test/reference/metrics.py`; captions are tokens with one space between them. */
export interface ReferenceCases {
  readonly captions: readonly (readonly { readonly candidate: string; readonly references: readonly string[] }[])[];
  readonly transcripts: readonly (readonly Transcript[])[];
  readonly texts: readonly string[];
  readonly answers: readonly ChoiceAnswer[];
}

/** The value of the set and the values of its items. */
type Scores<T> = readonly [T, readonly T[]];

export interface ReferenceScores {
  readonly captions: readonly {
    readonly ciderD: Scores<number>;
    readonly bleu: Scores<readonly number[]>;
    readonly rougeL: Scores<number>;
  }[];
  readonly transcripts: readonly { readonly wer: Scores<number>; readonly cer: Scores<number> }[];
  readonly texts: readonly {
    readonly basic: string;
    readonly plain: string;
    readonly letters: string;
    readonly english: string;
  }[];
  readonly answers: readonly boolean[];
}

/** What the Python packages make of all cases, from one run of Python. */
export function referenceScores(cases: ReferenceCases): ReferenceScores {
  const root = join(import.meta.dirname, '../../..');
  const environments = ['.cache/venv/bin/python', '.cache/venv/Scripts/python.exe'].map((path) => join(root, path));
  const python = process.env.EARMARK_PYTHON ?? environments.find((path) => existsSync(path)) ?? 'python3';
  const script = join(root, 'test/reference/metrics.py');
  const result = spawnSync(python, [script], { input: JSON.stringify(cases), encoding: 'utf8', maxBuffer: 2 ** 29 });
  if (result.error !== undefined || result.status !== 0) {
    throw new Error(
      [
        `The Python reference did not run with "${python}": ${result.stderr || result.error?.message}`,
        'It needs Python 3.9 or newer with pycocoevalcap, jiwer and whisper-normalizer. From the root of the repository:',
        '  python3 -m venv .cache/venv && .cache/venv/bin/pip install -r test/reference/requirements.txt',
        'or name another Python in the environment variable EARMARK_PYTHON.',
      ].join('\n'),
    );
  }
  return JSON.parse(result.stdout) as ReferenceScores;
}
