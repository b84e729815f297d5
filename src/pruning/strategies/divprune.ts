import { inTimeOrder } from '../rank';
import { selectTokens } from '../selection';
import { nearestNeighbours, similarityOf } from '../similarity';
import type { Strategy } from '../strategy';

/**
 * Max-min diversity with the distance `1 - cos`: the first token is the one furthest from its nearest neighbour, and each
 * next one is the furthest from the nearest of those chosen; ties to the earlier token.
 *
 * O(N^2 + K N) look-ups in the similarity matrix. Source: Alvar et al., "DivPrune", arXiv 2503.02175.
 */
export const divprune: Strategy = {
  name: 'divprune',
  label: 'DivPrune',
  description: 'Keeps tokens that are as unlike one another as possible, without looking at attention.',
  needs: ['tokens'],
  parameters: [],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: true,
  published: 'arXiv 2503.02175',
  select(input) {
    const similarity = similarityOf(input);
    // The nearest of those chosen is the one of highest cosine, so distances need not be formed.
    const nearest = new Float32Array(similarity.rows).fill(-Infinity);
    const chosen: number[] = [];
    let next = lowest(nearestNeighbours(similarity));
    while (chosen.length < input.budget) {
      chosen.push(next);
      for (let token = 0; token < nearest.length; token++) {
        nearest[token] = Math.max(nearest[token]!, similarity.data[next * similarity.columns + token]!);
      }
      nearest[next] = Infinity;
      next = lowest(nearest);
    }
    return selectTokens(inTimeOrder(chosen));
  },
};

/** The token of lowest value; the earlier of equals. */
function lowest(values: Float32Array): number {
  let best = 0;
  for (let token = 1; token < values.length; token++) {
    if (values[token]! < values[best]!) {
      best = token;
    }
  }
  return best;
}
