import { selectGroups, type Group } from '../selection';
import { cosine, rowLengths } from '../similarity';
import type { Matrix, Strategy } from '../strategy';
import { dot, rowOf } from '../vectors';

/** A merged stretch: the tokens it stands for, its vector and the vector's length. */
interface Slot {
  readonly group: Group;
  readonly vector: Float64Array;
  readonly length: number;
}

/**
 * Adjacent token merging: pairs of neighbours, the most alike first, are replaced by their mean until K slots are left.
 * In one round each slot takes part in one merge at most, as in one layer of the published encoder; rounds, like
 * layers, follow until the budget is met. Ties go to the earlier pair. Neighbours are compared by their keys, or by
 * the tokens themselves where the model gives no keys.
 *
 * O(N D) in all, since each round leaves at most two thirds of the slots or is the last. Source: Li et al., "Accelerating
 * Transducers through Adjacent Token Merging", arXiv 2306.16009, there inside the encoder, here after it.
 */
export const aToMe: Strategy = {
  name: 'a-tome',
  label: 'A-ToMe',
  description: 'Merges neighbouring tokens that are most alike into their mean.',
  needs: ['tokens'],
  parameters: [],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: false,
  published: 'arXiv 2306.16009',
  select({ tokens, keys, budget }) {
    let slots = slotsOf(keys ?? tokens!);
    while (slots.length > budget) {
      slots = mergedOnce(slots, slots.length - budget);
    }
    return selectGroups(slots.map(({ group }) => group));
  },
};

function slotsOf(matrix: Matrix): Slot[] {
  return Array.from(rowLengths(matrix), (length, token) => ({
    group: [{ token, weight: 1 }],
    vector: new Float64Array(rowOf(matrix, token)),
    length,
  }));
}

/** One round: at most `merges` disjoint pairs, the most alike first. */
function mergedOnce(slots: readonly Slot[], merges: number): Slot[] {
  const links = slots.slice(1).map((right, left) => ({ left, similarity: similarity(slots[left]!, right) }));
  links.sort((a, b) => b.similarity - a.similarity || a.left - b.left);
  const lefts = new Set<number>();
  for (const { left } of links) {
    if (lefts.size < merges && !lefts.has(left - 1) && !lefts.has(left) && !lefts.has(left + 1)) {
      lefts.add(left);
    }
  }
  return slots.flatMap((each, place) => {
    if (lefts.has(place - 1)) {
      return [];
    }
    return lefts.has(place) ? [meanOf(each, slots[place + 1]!)] : [each];
  });
}

function similarity(a: Slot, b: Slot): number {
  return cosine(dot(a.vector, b.vector), a.length, b.length);
}

function meanOf(a: Slot, b: Slot): Slot {
  const vector = new Float64Array(a.vector.length);
  for (let i = 0; i < vector.length; i++) {
    vector[i] = (a.vector[i]! + b.vector[i]!) / 2;
  }
  const group = [...a.group, ...b.group].map(({ token, weight }) => ({ token, weight: weight / 2 }));
  return { group, vector, length: Math.sqrt(dot(vector, vector)) };
}
