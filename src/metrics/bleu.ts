import type { TokenisedItem } from './cider-d';

/** BLEU-1, BLEU-2, BLEU-3 and BLEU-4. */
export type Bleu = readonly [number, number, number, number];

export interface BleuScores {
  /** From the counts of the whole set, which is not the mean of the items. */
  readonly corpus: Bleu;
  readonly items: readonly Bleu[];
}

/** What BLEU is made of, summed over a set: n-grams of the candidate, those found in a reference, and lengths. */
export interface BleuCounts {
  readonly guessed: readonly number[];
  readonly correct: readonly number[];
  readonly candidateLength: number;
  readonly referenceLength: number;
}

const lengths = [1, 2, 3, 4] as const;
/** The constants of `pycocoevalcap` that keep 0 / 0 at 0. */
const small = 1e-9;
const tiny = 1e-15;

function countNgrams(tokens: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let start = 0; start + n <= tokens.length; start++) {
    const ngram = tokens.slice(start, start + n).join(' ');
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** n-grams of the candidate, each at most as often as in the reference that has it most. */
function clippedMatches(candidate: Map<string, number>, references: readonly Map<string, number>[]): number {
  let matches = 0;
  for (const [ngram, count] of candidate) {
    matches += Math.min(count, Math.max(...references.map((counts) => counts.get(ngram) ?? 0)));
  }
  return matches;
}

/** The length of the reference closest to the candidate's; the shorter of two that are equally close. */
function closestLength(candidate: number, references: readonly number[]): number {
  const distance = (length: number): number => Math.abs(length - candidate);
  return references.reduce((best, length) =>
    distance(length) < distance(best) || (distance(length) === distance(best) && length < best) ? length : best,
  );
}

/** The counts of any candidate against the references of one item, which are counted once for all of them. */
export function bleuCounter(references: readonly (readonly string[])[]): (candidate: readonly string[]) => BleuCounts {
  const inReferences = lengths.map((n) => references.map((reference) => countNgrams(reference, n)));
  const referenceLengths = references.map(({ length }) => length);
  return (candidate) => ({
    guessed: lengths.map((n) => Math.max(0, candidate.length - n + 1)),
    correct: lengths.map((n) => clippedMatches(countNgrams(candidate, n), inReferences[n - 1]!)),
    candidateLength: candidate.length,
    referenceLength: closestLength(candidate.length, referenceLengths),
  });
}

function sum(all: readonly BleuCounts[]): BleuCounts {
  return {
    guessed: lengths.map((_, n) => all.reduce((total, { guessed }) => total + guessed[n]!, 0)),
    correct: lengths.map((_, n) => all.reduce((total, { correct }) => total + correct[n]!, 0)),
    candidateLength: all.reduce((total, { candidateLength }) => total + candidateLength, 0),
    referenceLength: all.reduce((total, { referenceLength }) => total + referenceLength, 0),
  };
}

/** BLEU of counts that are one item's or the sums of many. */
export function bleuOf({ guessed, correct, candidateLength, referenceLength }: BleuCounts): Bleu {
  const ratio = (candidateLength + tiny) / (referenceLength + small);
  const brevity = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
  let product = 1;
  const [one, two, three, four] = lengths.map((n) => {
    product *= (correct[n - 1]! + tiny) / (guessed[n - 1]! + small);
    return product ** (1 / n) * brevity;
  });
  return [one!, two!, three!, four!];
}

/**
 * BLEU-n = (product over k = 1..n of correct_k / guessed_k)^(1/n) * min(1, exp(1 - r / c)), with c the length of the
 * candidates and r that of their closest references.
 *
 * Papineni et al., "BLEU: a method for automatic evaluation of machine translation" (2002), in the variant of COCO
 * captions (`pycocoevalcap`): closest reference length, and 1e-15 and 1e-9 added to numerators and denominators.
 */
export function bleu(items: readonly TokenisedItem[]): BleuScores {
  const counts = items.map(({ candidate, references }) => bleuCounter(references)(candidate));
  return { corpus: bleuOf(sum(counts)), items: counts.map(bleuOf) };
}
