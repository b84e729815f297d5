/**
 * A text as words to compare: Unicode compatibility form, lower case, punctuation and symbols to spaces, apostrophes
 * inside words kept ("don't"). In the manner of Whisper's BasicTextNormalizer, less its removal of brackets' content.
 */
export function normaliseWords(text: string): string[] {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('\u2019', "'")
    .replace(/[^\p{L}\p{M}\p{N}_']+/gu, ' ')
    .replace(/(?<![\p{L}\p{N}])'|'(?![\p{L}\p{N}])/gu, ' ');
  return plain.split(' ').filter((word) => word !== '');
}

/**
 * Levenshtein distance of two sequences: the fewest substitutions, deletions and insertions that turn `from` into `to`.
 * Two rows of the dynamic program; O(n m) time, O(m) memory.
 */
export function editDistance<T>(from: readonly T[], to: readonly T[]): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [row, item] of from.entries()) {
    const current = [row + 1];
    for (const [column, other] of to.entries()) {
      const substitution = previous[column]! + (item === other ? 0 : 1);
      current.push(Math.min(substitution, previous[column + 1]! + 1, current[column]! + 1));
    }
    previous = current;
  }
  return previous[to.length]!;
}

/** Errors of a hypothesis against a reference, in words; sum both over a corpus before dividing. */
export interface WordErrors {
  readonly errors: number;
  readonly words: number;
}

export function wordErrors(reference: string, hypothesis: string): WordErrors {
  const words = normaliseWords(reference);
  return { errors: editDistance(words, normaliseWords(hypothesis)), words: words.length };
}

/**
 * WER = (S + D + I) / N, N the words of the reference. It exceeds 1 where much was inserted. Without any word in the
 * reference it is 0 for an empty hypothesis and infinite for another.
 */
export function wordErrorRate(reference: string, hypothesis: string): number {
  const { errors, words } = wordErrors(reference, hypothesis);
  return errors === 0 ? 0 : errors / words;
}
