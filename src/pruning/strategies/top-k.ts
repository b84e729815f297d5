import { inTimeOrder, rankByScore } from '../rank';
import { selectTokens } from '../selection';
import type { Strategy } from '../strategy';

/** The K tokens of highest score, wherever they are. O(N log N). Source: arXiv 2511.14293, section 4 (baseline). */
export const topK: Strategy = {
  name: 'top-k',
  label: 'Top-K',
  description: 'Keeps the tokens that receive the most attention, wherever they are in the clip.',
  needs: ['scores'],
  parameters: [],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: false,
  published: 'arXiv 2511.14293',
  select: ({ scores, budget }) => selectTokens(inTimeOrder(rankByScore(scores).slice(0, budget))),
};
