import { inTimeOrder, rankByScore } from '../rank';
import { equalSegments } from '../segments';
import { selectTokens } from '../selection';
import { segmentsParameter, type Strategy } from '../strategy';

/**
 * Segmentwise Top-K: the N tokens are cut into S equal consecutive segments, and each keeps its `floor(K / S)` tokens
 * of highest score. In the `paper` budget mode that is all, so fewer than K may be kept; in `exact` the remainder goes
 * to the highest scores that are left, ties to the earlier token. With K < S there are only K segments, so that
 * something is kept of each.
 *
 * O(N log N). Source: arXiv 2511.14293, section 3.
 */
export const segmentwise: Strategy = {
  name: 'segmentwise',
  label: 'Segmentwise Top-K',
  description: 'Keeps the tokens that receive the most attention in each of several equal segments.',
  needs: ['scores'],
  parameters: [segmentsParameter],
  usesKeepRatio: true,
  usesBudgetMode: true,
  usesSimilarity: false,
  published: 'arXiv 2511.14293',
  select({ scores, budget, budgetMode, parameters }) {
    const segments = equalSegments(scores.length, Math.min(parameters.segments!, budget));
    const share = Math.floor(budget / segments.length);
    const ranked = segments.map(({ start, end }) => rankByScore(scores, start, end));
    const kept = ranked.flatMap((tokens) => tokens.slice(0, share));
    if (budgetMode === 'exact') {
      const left = ranked.flatMap((tokens) => tokens.slice(share));
      left.sort((a, b) => scores[b]! - scores[a]! || a - b);
      kept.push(...left.slice(0, budget - kept.length));
    }
    return selectTokens(inTimeOrder(kept));
  },
};
