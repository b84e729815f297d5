import { apportion } from '../apportion';
import { inTimeOrder, rankByScore } from '../rank';
import { equalSegments } from '../segments';
import { selectTokens } from '../selection';
import { segmentsParameter, type Strategy } from '../strategy';

/**
 * Segmentwise Top-K with a variable rate: equal segments, each of which gets tokens in proportion to its share of the
 * whole score, at least one and never more than it has, and keeps its highest. A busy second may so keep more than a
 * silent one, where the paper gives both the same. Negative sums count as nothing.
 *
 * O(N log N + K S). Earmark's own, after the open question of variable budgets in arXiv 2511.14293.
 */
export const variableBudget: Strategy = {
  name: 'variable-budget',
  label: 'Variable budget',
  description: 'Gives each segment tokens in proportion to the attention it receives, at least one.',
  needs: ['scores'],
  parameters: [segmentsParameter],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: false,
  published: null,
  select({ scores, budget, parameters }) {
    const segments = equalSegments(scores.length, Math.min(parameters.segments!, budget));
    const shares = apportion(
      budget,
      segments.map(({ start, end }) => scores.subarray(start, end).reduce((sum, score) => sum + score, 0)),
      segments.map(({ start, end }) => end - start),
    );
    const kept = segments.flatMap(({ start, end }, i) => rankByScore(scores, start, end).slice(0, shares[i]));
    return selectTokens(inTimeOrder(kept));
  },
};
