import { rankByScore } from './rank';
import type { Matrix } from './strategy';

/**
 * A candidate of which less than this share is left, once what the chosen ones already say is taken away, counts as
 * said: what is left is the rounding of single-precision similarities.
 */
const NOTHING_NEW = 1e-6;

/**
 * The K items that a determinantal point process with kernel `L_ij = r_i cos_ij r_j` finds most likely together,
 * found greedily: each step takes the item whose squared distance `d2` from the span of those chosen is largest, ties
 * to the earlier, and updates the others by one column of the Cholesky factor.
 *
 * Beyond the rank of the kernel no item has anything new to say: `d2` is zero but for rounding, and its root would
 * be noise or NaN. From there on the items of highest relevance follow, so that K are chosen whatever the rank.
 *
 * O(K^2 N). Source: Chen et al., "Fast greedy MAP inference for determinantal point process", NeurIPS 2018.
 *
 * @returns items in the order chosen
 */
export function mostDiverse(similarity: Matrix, relevance: Float64Array, budget: number): number[] {
  const items = relevance.length;
  const left = Float64Array.from(relevance, (r, i) => r * similarity.data[i * items + i]! * r);
  const least = left.map((whole) => whole * NOTHING_NEW);
  const factor = new Float64Array(budget * items);
  const chosen: number[] = [];
  for (let step = 0; step < budget; step++) {
    const next = mostLeft(left, least);
    if (next < 0) {
      break;
    }
    extendFactor(factor, step, next, Math.sqrt(left[next]!), similarity, relevance);
    for (let i = 0; i < items; i++) {
      left[i]! -= factor[step * items + i]! ** 2;
    }
    left[next] = -Infinity;
    chosen.push(next);
  }
  const taken = new Set(chosen);
  const others = rankByScore(relevance).filter((item) => !taken.has(item));
  return [...chosen, ...others.slice(0, budget - chosen.length)];
}

/** The item of largest `left` that exceeds its `least`; -1 where there is none. */
function mostLeft(left: Float64Array, least: Float64Array): number {
  let best = -1;
  let most = 0;
  for (let i = 0; i < left.length; i++) {
    if (left[i]! > most && left[i]! > least[i]!) {
      best = i;
      most = left[i]!;
    }
  }
  return best;
}

/**
 * Writes row `step` of the factor: `e_i = (L_ji - sum_t c_tj c_ti) / d_j`, the sum taken in the order of t. Four rows
 * at a time, which halves the traffic and keeps the order.
 */
function extendFactor(
  factor: Float64Array,
  step: number,
  chosen: number,
  distance: number,
  similarity: Matrix,
  relevance: Float64Array,
): void {
  const items = relevance.length;
  const row = factor.subarray(step * items, (step + 1) * items);
  let t = 0;
  for (; t + 4 <= step; t += 4) {
    const [r0, r1, r2, r3] = [t * items, (t + 1) * items, (t + 2) * items, (t + 3) * items];
    const [c0, c1, c2, c3] = [factor[r0 + chosen]!, factor[r1 + chosen]!, factor[r2 + chosen]!, factor[r3 + chosen]!];
    for (let i = 0; i < items; i++) {
      row[i] = row[i]! + c0 * factor[r0 + i]! + c1 * factor[r1 + i]! + c2 * factor[r2 + i]! + c3 * factor[r3 + i]!;
    }
  }
  for (; t < step; t++) {
    const c = factor[t * items + chosen]!;
    for (let i = 0; i < items; i++) {
      row[i]! += c * factor[t * items + i]!;
    }
  }
  for (let i = 0; i < items; i++) {
    row[i] = (relevance[chosen]! * similarity.data[chosen * items + i]! * relevance[i]! - row[i]!) / distance;
  }
}
