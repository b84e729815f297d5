import { inTimeOrder, rankByScore } from '../rank';
import { weightedRun } from '../runs';
import { segmentsBetween } from '../segments';
import { selectGroups } from '../selection';
import { neighbourSimilarity } from '../similarity';
import type { Strategy } from '../strategy';

/**
 * Of the N - 1 links between neighbouring tokens the N - K of highest cosine hold, ties to the earlier; the runs that they
 * form are merged into means weighted by score. Exactly K runs are left.
 *
 * O(N D + N log N). Source: Lu et al., "FastAdaSP", arXiv 2410.03007, there in the language model's layers.
 */
export const fastadasp: Strategy = {
  name: 'fastadasp',
  label: 'FastAdaSP',
  description: 'Merges runs of neighbouring tokens that are alike, weighted by attention.',
  needs: ['scores', 'tokens'],
  parameters: [],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: false,
  published: 'arXiv 2410.03007',
  select({ scores, tokens, budget }) {
    const links = rankByScore(neighbourSimilarity(tokens!));
    const cuts = inTimeOrder(links.slice(scores.length - budget).map((link) => link + 1));
    return selectGroups(segmentsBetween(cuts, scores.length).map((run) => weightedRun(run, scores)));
  },
};
