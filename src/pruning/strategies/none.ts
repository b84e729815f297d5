import { selectTokens } from '../selection';
import type { Strategy } from '../strategy';

/** Every token, whatever the keep ratio: the unpruned baseline. O(N). */
export const none: Strategy = {
  name: 'none',
  label: 'All tokens',
  description: 'Keeps every token: the baseline that pruned runs are measured against.',
  needs: [],
  parameters: [],
  usesKeepRatio: false,
  usesBudgetMode: false,
  usesSimilarity: false,
  published: 'arXiv 2511.14293',
  select: ({ scores }) => selectTokens(Array.from(scores, (_, token) => token)),
};
