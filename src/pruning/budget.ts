import { EarmarkError } from '../protocol/errors';

/**
 * Number of tokens that a keep ratio asks for: `K = floor(rho * N)`, at least one.
 *
 * @param keepRatio rho in (0, 1]
 * @param tokens N, the valid tokens
 * @throws EarmarkError `settings-invalid` for a ratio outside (0, 1]
 * Source: arXiv 2511.14293, section 3.
 */
export function budgetOf(keepRatio: number, tokens: number): number {
  if (!(keepRatio > 0 && keepRatio <= 1)) {
    throw new EarmarkError(
      'settings-invalid',
      `A keep ratio of ${String(keepRatio)} is not possible.`,
      'Choose a keep ratio above 0 and at most 1: 0.25 keeps a quarter of the tokens.',
    );
  }
  return Math.min(tokens, Math.max(1, shareOf(keepRatio, tokens)));
}

/**
 * `floor(ratio * count)` of the numbers as a person writes them: 29 % of 100 is 29, where the nearest binary fraction
 * to 0.29 would give 28.
 */
export function shareOf(ratio: number, count: number): number {
  return Math.floor(ratio * count + 1e-9);
}

/**
 * How much faster prefill can become at best when its time is linear in the prompt: all positions over kept ones.
 * Text around the audio is never pruned, so the bound lies below the inverse of the keep ratio.
 */
export function speedUpBound(textTokens: number, audioTokens: number, keptTokens: number): number {
  return (textTokens + audioTokens) / (textTokens + keptTokens);
}
