import { splitAtSpace, stripSpace } from './python-text';
import { editDistance } from './words';

export interface ErrorRate {
  /** Substitutions, deletions and insertions of all texts. */
  readonly errors: number;
  /** Units of all references: words or characters. */
  readonly length: number;
  /** errors / length; above 1 where much was inserted, infinite where only the references are empty. */
  readonly rate: number;
}

export interface ErrorRates {
  readonly corpus: ErrorRate;
  readonly items: readonly ErrorRate[];
}

/** A transcript and what was said, both already normalised in the way one wants to compare them. */
export interface Transcript {
  readonly reference: string;
  readonly hypothesis: string;
}

function rated(errors: number, length: number): ErrorRate {
  return { errors, length, rate: errors === 0 ? 0 : errors / length };
}

function errorRates(items: readonly Transcript[], unitsOf: (text: string) => readonly string[]): ErrorRates {
  const rates = items.map(({ reference, hypothesis }) => {
    const units = unitsOf(reference);
    return rated(editDistance(units, unitsOf(hypothesis)), units.length);
  });
  const sum = (value: (rate: ErrorRate) => number): number => rates.reduce((total, rate) => total + value(rate), 0);
  return {
    corpus: rated(
      sum(({ errors }) => errors),
      sum(({ length }) => length),
    ),
    items: rates,
  };
}

/**
 * WER = (S + D + I) / N over all texts together, N the words of the references; not the mean of the texts' rates.
 * Words are what stands between white space. As the package `jiwer`, which differs where there is no word at all in
 * the references: there it gives the number of insertions.
 */
export function wordErrorRates(items: readonly Transcript[]): ErrorRates {
  return errorRates(items, splitAtSpace);
}

/**
 * CER = (S + D + I) / N in characters (code points) of texts without white space at their ends; each space inside is a
 * character. As `jiwer`.
 */
export function characterErrorRates(items: readonly Transcript[]): ErrorRates {
  return errorRates(items, (text) => Array.from(stripSpace(text)));
}
