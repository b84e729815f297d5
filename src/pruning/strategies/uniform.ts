import { selectTokens } from '../selection';
import type { Strategy } from '../strategy';

/** Every (N / K)-th token: `floor(i * N / K)`. O(K). Source: AudioMarathon, uniform baseline. */
export const uniform: Strategy = {
  name: 'uniform',
  label: 'Uniform',
  description: 'Keeps tokens at equal distances, without looking at the sound.',
  needs: [],
  parameters: [],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: false,
  published: 'AudioMarathon',
  select: ({ scores, budget }) =>
    selectTokens(Array.from({ length: budget }, (_, i) => Math.floor((i * scores.length) / budget))),
};
