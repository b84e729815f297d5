import { shareOf } from '../budget';
import { inTimeOrder, rankByScore } from '../rank';
import { selectTokens } from '../selection';
import { nearestNeighbours, similarityOf } from '../similarity';
import type { Matrix, Strategy } from '../strategy';
import { rowOf } from '../vectors';

/**
 * `floor(r * K)` important tokens of highest score, and diverse ones from the residual: the residual, by falling score,
 * is dealt alternately into two halves, and up to `step` tokens of the first half that are most like some token of the
 * second are dropped; again, until as many are left as are still to be kept. Of tokens equally alike, the later in time
 * is dropped first.
 *
 * Where the residual has an odd number of tokens the first half has one more: the published code assumes an even
 * number and fails. What is left is brought back to falling score before each round; the published code leaves the
 * first half in order of similarity.
 *
 * A token's similarity to its nearest neighbour of all bounds that to any of the second half, so most tokens need not be
 * looked at to find those most alike.
 *
 * O(N^2 + (N - K) / step * N^2 / 4) look-ups in the similarity matrix at worst. Source: Zhang et al., "VisPruner", arXiv 2412.01818.
 */
export const vispruner: Strategy = {
  name: 'vispruner',
  label: 'VisPruner',
  description: 'Keeps the most attended tokens, then drops from the rest what is most alike.',
  needs: ['scores', 'tokens'],
  parameters: [
    {
      name: 'importantShare',
      label: 'Important share',
      description: 'Share of the kept tokens chosen by attention; the others are chosen to be unlike one another.',
      minimum: 0,
      maximum: 1,
      default: 0.5,
      integer: false,
    },
    {
      name: 'dropStep',
      label: 'Drop step',
      description: 'Tokens dropped in one round: fewer is slower and looks more closely.',
      minimum: 1,
      maximum: 100,
      default: 8,
      integer: true,
    },
  ],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: true,
  published: 'arXiv 2412.01818',
  select(input) {
    const { scores, budget, parameters } = input;
    const ranked = rankByScore(scores);
    const important = shareOf(parameters.importantShare!, budget);
    const similarity = similarityOf(input);
    const nearest = nearestNeighbours(similarity);
    let residual = ranked.slice(important);
    while (residual.length > budget - important) {
      const drop = Math.min(parameters.dropStep!, residual.length - (budget - important));
      residual = withoutMostAlike(residual, drop, similarity, nearest);
    }
    return selectTokens(inTimeOrder([...ranked.slice(0, important), ...residual]));
  },
};

function withoutMostAlike(
  residual: readonly number[],
  drop: number,
  similarity: Matrix,
  nearest: Float32Array,
): number[] {
  const first = residual.filter((_, place) => place % 2 === 0);
  const second = Uint32Array.from(residual.filter((_, place) => place % 2 === 1));
  const most: Alike[] = [];
  for (const token of first.sort((a, b) => nearest[b]! - nearest[a]!)) {
    const last = most[drop - 1];
    if (last && nearest[token]! < last.similarity) {
      // Neither this token nor any after it can be among those most alike.
      break;
    }
    most.push({ token, similarity: highestSimilarity(token, second, similarity) });
    most.sort((a, b) => b.similarity - a.similarity || b.token - a.token);
    most.length = Math.min(most.length, drop);
  }
  const dropped = new Set(most.map(({ token }) => token));
  return residual.filter((token) => !dropped.has(token));
}

interface Alike {
  readonly token: number;
  readonly similarity: number;
}

/** -2, below any cosine, where there is no other token. */
function highestSimilarity(token: number, others: Uint32Array, similarity: Matrix): number {
  const row = rowOf(similarity, token);
  let highest = -2;
  for (let i = 0, count = others.length; i < count; i++) {
    highest = Math.max(highest, row[others[i]!]!);
  }
  return highest;
}
