import { mostDiverse } from '../determinantal';
import { inTimeOrder } from '../rank';
import { minMaxScaled } from '../relevance';
import { selectTokens } from '../selection';
import { similarityOf } from '../similarity';
import type { Strategy } from '../strategy';

/**
 * The tokens that a determinantal point process with kernel `L = r_i cos_ij r_j` finds most likely together, r being
 * the min-max scaled score or 1: relevant and unlike one another. Where K exceeds the number of independent tokens
 * (at most D), those of highest relevance that are left follow.
 *
 * O(K^2 N). Source: Zhang et al., "CDPruner", arXiv 2506.10967.
 */
export const cdpruner: Strategy = {
  name: 'cdpruner',
  label: 'CDPruner',
  description: 'Keeps tokens that are attended to and unlike one another, by a determinantal point process.',
  needs: ['scores', 'tokens'],
  parameters: [
    {
      name: 'useRelevance',
      label: 'Use attention',
      description: 'With 1 the attention counts beside diversity, with 0 diversity alone does.',
      minimum: 0,
      maximum: 1,
      default: 1,
      integer: true,
    },
  ],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: true,
  published: 'arXiv 2506.10967',
  select(input) {
    const { scores, budget, parameters } = input;
    const relevance = parameters.useRelevance === 1 ? minMaxScaled(scores) : new Float64Array(scores.length).fill(1);
    return selectTokens(inTimeOrder(mostDiverse(similarityOf(input), relevance, budget)));
  },
};
