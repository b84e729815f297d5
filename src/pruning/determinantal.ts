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
 * An item's `left` only falls, so a value of an earlier step is an upper bound: an item is brought up to date when its
 * bound is the largest, and not before. The choice is the same as if all were kept up to date, for a fraction of the
 * work.
 *
 * O(K^2 N) at worst, with every item brought up to date at every step. Sources: Chen et al., "Fast greedy MAP inference
 * for determinantal point process", NeurIPS 2018; Minoux, "Accelerated greedy algorithms", 1978 (lazy evaluation).
 *
 * @returns items in the order chosen
 */
export function mostDiverse(similarity: Matrix, relevance: Float64Array, budget: number): number[] {
  const process = new LazyProcess(similarity, relevance, budget);
  const chosen: number[] = [];
  while (chosen.length < budget) {
    const next = process.next();
    if (next < 0) {
      break;
    }
    chosen.push(next);
  }
  const taken = new Set(chosen);
  const others = rankByScore(relevance).filter((item) => !taken.has(item));
  return [...chosen, ...others.slice(0, budget - chosen.length)];
}

/** The greedy choice, one item after another. */
class LazyProcess {
  private readonly items: number;
  /** Squared distance of each item from the span of the first `done` chosen ones. */
  private readonly left: Float64Array;
  private readonly least: Float64Array;
  private readonly done: Uint32Array;
  /** Each item's row of the Cholesky factor, as far as it is done: [items * budget]. */
  private readonly factor: Float64Array;
  private readonly chosen: number[] = [];
  private readonly distances: number[] = [];

  constructor(
    private readonly similarity: Matrix,
    private readonly relevance: Float64Array,
    private readonly budget: number,
  ) {
    this.items = relevance.length;
    this.left = Float64Array.from(relevance, (r, i) => r * similarity.data[i * this.items + i]! * r);
    this.least = this.left.map((whole) => whole * NOTHING_NEW);
    this.done = new Uint32Array(this.items);
    this.factor = new Float64Array(this.items * budget);
  }

  /** The next item; -1 where no item has anything new to say. */
  next(): number {
    for (;;) {
      const best = mostLeft(this.left, this.least);
      if (best < 0) {
        return -1;
      }
      if (this.done[best] === this.chosen.length) {
        this.distances.push(Math.sqrt(this.left[best]!));
        this.left[best] = -Infinity;
        this.chosen.push(best);
        return best;
      }
      this.bringUpToDate(best);
    }
  }

  /** Adds `e = (L_ji - sum_t c_tj c_ti) / d_j` for each chosen j that the item lacks, the sum taken in the order of t. */
  private bringUpToDate(item: number): void {
    const { factor, budget, relevance, similarity } = this;
    const own = item * budget;
    for (let step = this.done[item]!; step < this.chosen.length; step++) {
      const other = this.chosen[step]!;
      const theirs = other * budget;
      let sum = 0;
      for (let t = 0; t < step; t++) {
        sum += factor[theirs + t]! * factor[own + t]!;
      }
      const kernel = relevance[other]! * similarity.data[other * this.items + item]! * relevance[item]!;
      const entry = (kernel - sum) / this.distances[step]!;
      factor[own + step] = entry;
      this.left[item]! -= entry ** 2;
    }
    this.done[item] = this.chosen.length;
  }
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
