import { apportion } from '../apportion';
import { inTimeOrder, rankByScore } from '../rank';
import { segmentsBetween } from '../segments';
import { selectTokens } from '../selection';
import { neighbourSimilarity } from '../similarity';
import { segmentsParameter, type Strategy } from '../strategy';

/**
 * Segmentwise Top-K whose segments end where the sound changes: of the N - 1 links between neighbouring tokens, those of
 * lowest cosine become boundaries, one after another, unless that would leave a segment shorter than the shortest
 * allowed, until there are S segments or no link is left. Segments share the budget in proportion to their length, at
 * least one token each, and keep their highest scores. Ties go to the earlier link and the earlier token.
 *
 * O(N D + N log N + S N). Earmark's own, after the open question of temporal structure in arXiv 2511.14293.
 */
export const changePoint: Strategy = {
  name: 'change-point',
  label: 'Change points',
  description: 'Cuts the clip where neighbouring tokens differ most, and keeps the most attended tokens of each part.',
  needs: ['scores', 'tokens'],
  parameters: [
    segmentsParameter,
    {
      name: 'shortestSegment',
      label: 'Shortest segment',
      description: 'Fewest tokens between two changes, so that one odd token is not a part of its own.',
      minimum: 1,
      maximum: 100,
      default: 5,
      integer: true,
    },
  ],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: false,
  published: null,
  select({ scores, tokens, budget, parameters }) {
    const cuts = changePoints(
      neighbourSimilarity(tokens!),
      Math.min(parameters.segments!, budget) - 1,
      parameters.shortestSegment!,
    );
    const segments = segmentsBetween(cuts, scores.length);
    const lengths = segments.map(({ start, end }) => end - start);
    const shares = apportion(budget, lengths, lengths);
    const kept = segments.flatMap(({ start, end }, i) => rankByScore(scores, start, end).slice(0, shares[i]));
    return selectTokens(inTimeOrder(kept));
  },
};

/** At most `count` cuts, in time order, each at least `shortest` tokens from the next and from both ends. */
function changePoints(links: Float32Array, count: number, shortest: number): number[] {
  const cuts: number[] = [];
  const tokens = links.length + 1;
  for (const link of rankByScore(links.map((similarity) => -similarity))) {
    const cut = link + 1;
    if (cuts.length < count && [0, ...cuts, tokens].every((other) => Math.abs(other - cut) >= shortest)) {
      cuts.push(cut);
    }
  }
  return inTimeOrder(cuts);
}
