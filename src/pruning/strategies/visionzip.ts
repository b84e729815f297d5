import { shareOf } from '../budget';
import { rankByScore } from '../rank';
import { selectGroups, type Group } from '../selection';
import { similarityBetween } from '../similarity';
import type { Matrix, Strategy } from '../strategy';
import { rowOf } from '../vectors';

/**
 * D dominant tokens of highest score as they are, and C contextual tokens that take in all the others: of the residual
 * in time order, every `max(1, floor(R / C))`-th token is a target, the first C of them; each other residual token joins
 * the target whose key is most like its own, and the slot is *target + mean(joined)*: a sum of two, so about twice
 * as long as a token, as published. C is `floor(share * K)`; with C = 0 this is Top-K.
 *
 * O(N log N + R C D). Source: Yang et al., "VisionZip", arXiv 2412.04467; keys are means over heads.
 */
export const visionzip: Strategy = {
  name: 'visionzip',
  label: 'VisionZip',
  description: 'Keeps the most attended tokens and folds all others into a few contextual tokens by their keys.',
  needs: ['scores', 'keys'],
  parameters: [
    {
      name: 'contextualShare',
      label: 'Contextual share',
      description: 'Share of the kept tokens that gather the rest of the sound (10 of 64 as published).',
      minimum: 0,
      maximum: 0.9,
      default: 10 / 64,
      integer: false,
    },
  ],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: false,
  published: 'arXiv 2412.04467',
  select({ scores, keys, budget, parameters }) {
    const contextual = shareOf(parameters.contextualShare!, budget);
    const ranked = rankByScore(scores);
    const dominant = ranked.slice(0, budget - contextual).map((token): Group => [{ token, weight: 1 }]);
    const residual = ranked.slice(budget - contextual).sort((a, b) => a - b);
    return selectGroups([...dominant, ...contextualGroups(residual, contextual, keys!)]);
  },
};

function contextualGroups(residual: readonly number[], count: number, keys: Matrix): Group[] {
  if (count === 0) {
    return [];
  }
  const step = Math.max(1, Math.floor(residual.length / count));
  const isTarget = (place: number) => place % step === 0 && place / step < count;
  const targets = residual.filter((_, place) => isTarget(place));
  const others = residual.filter((_, place) => !isTarget(place));
  const joined = targets.map((): number[] => []);
  const similarity = similarityBetween(keys, others, targets);
  others.forEach((token, place) => {
    joined[placeOfHighest(rowOf(similarity, place))]!.push(token);
  });
  return targets.map((target, i) => [
    { token: target, weight: 1 },
    ...joined[i]!.map((token) => ({ token, weight: 1 / joined[i]!.length })),
  ]);
}

/** The first of equals. */
function placeOfHighest(values: Float32Array): number {
  let best = 0;
  for (let place = 1; place < values.length; place++) {
    if (values[place]! > values[best]!) {
      best = place;
    }
  }
  return best;
}
