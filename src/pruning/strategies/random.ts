import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { mersenne } from 'pure-rand/generator/mersenne';
import { inTimeOrder } from '../rank';
import { selectTokens } from '../selection';
import { seedParameter, type Strategy } from '../strategy';

/**
 * K tokens drawn uniformly without replacement by a seeded partial Fisher-Yates shuffle. O(N). The Mersenne Twister
 * spreads neighbouring seeds; the first numbers of xoroshiro128+ for seeds 0, 1, 2 … are visibly alike.
 * Source: arXiv 2511.14293, section 4 (baseline).
 */
export const random: Strategy = {
  name: 'random',
  label: 'Random',
  description: 'Keeps tokens drawn at random, the same of every clip of one length: what a score must beat.',
  needs: [],
  parameters: [seedParameter],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: false,
  published: 'arXiv 2511.14293',
  select({ scores, budget, parameters }) {
    const generator = mersenne(parameters.seed!);
    const tokens = Array.from(scores, (_, token) => token);
    for (let i = 0; i < budget; i++) {
      const j = uniformInt(generator, i, tokens.length - 1);
      [tokens[i], tokens[j]] = [tokens[j]!, tokens[i]!];
    }
    return selectTokens(inTimeOrder(tokens.slice(0, budget)));
  },
};
