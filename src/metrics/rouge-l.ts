import type { CorpusScore, TokenisedItem } from './cider-d';

const beta = 1.2;

/** Length of the longest common subsequence; two rows of the dynamic program. */
export function longestCommonSubsequence<T>(one: readonly T[], other: readonly T[]): number {
  let previous = new Array<number>(other.length + 1).fill(0);
  for (const item of one) {
    const current = [0];
    for (const [column, candidate] of other.entries()) {
      current.push(item === candidate ? previous[column]! + 1 : Math.max(previous[column + 1]!, current[column]!));
    }
    previous = current;
  }
  return previous[other.length]!;
}

/** `pycocoevalcap` splits at each space, so that an empty text is one empty token. */
function orEmptyToken(tokens: readonly string[]): readonly string[] {
  return tokens.length === 0 ? [''] : tokens;
}

function rougeLOfItem({ candidate, references }: TokenisedItem): number {
  const tokens = orEmptyToken(candidate);
  const others = references.map(orEmptyToken);
  const common = others.map((reference) => longestCommonSubsequence(reference, tokens));
  const precision = Math.max(...common.map((length) => length / tokens.length));
  const recall = Math.max(...common.map((length, i) => length / others[i]!.length));
  return precision === 0 || recall === 0
    ? 0
    : ((1 + beta ** 2) * precision * recall) / (recall + beta ** 2 * precision);
}

/**
 * ROUGE-L: (1 + b^2) P R / (R + b^2 P) with b = 1.2, P and R the longest common subsequence over the length of the
 * candidate and of the reference. The best P and the best R are taken each by itself and may come from two references.
 *
 * Lin, "ROUGE: a package for automatic evaluation of summaries" (2004), as `pycocoevalcap` computes it.
 */
export function rougeL(items: readonly TokenisedItem[]): CorpusScore {
  const scores = items.map(rougeLOfItem);
  return { corpus: scores.reduce((sum, score) => sum + score, 0) / scores.length, items: scores };
}
