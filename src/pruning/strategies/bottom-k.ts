import { inTimeOrder, rankByScore } from '../rank';
import { selectTokens } from '../selection';
import type { Strategy } from '../strategy';

/**
 * The K tokens of lowest score, equal scores in time order: the control that shows whether scores mean anything.
 * O(N log N). Source: arXiv 2511.14293, section 4 (baseline).
 */
export const bottomK: Strategy = {
  name: 'bottom-k',
  label: 'Bottom-K',
  description: 'Keeps the tokens that receive the least attention: a control, expected to fail.',
  needs: ['scores'],
  parameters: [],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: false,
  published: 'arXiv 2511.14293',
  select: ({ scores, budget }) =>
    selectTokens(inTimeOrder(rankByScore(scores.map((score) => -score)).slice(0, budget))),
};
