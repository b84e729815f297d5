/**
 * Overlap of two sets of tokens: `|A and B| / |A or B|`, from 0 for nothing in common to 1 for the same; 1 for two empty
 * sets. O(|A| + |B|). Source: Jaccard (1901).
 */
export function jaccard(a: Iterable<number>, b: Iterable<number>): number {
  const [setA, setB] = [new Set(a), new Set(b)];
  const common = [...setA].filter((token) => setB.has(token)).length;
  const either = setA.size + setB.size - common;
  return either === 0 ? 1 : common / either;
}

/** Overlap of every pair: [n][n], symmetric, 1 on the diagonal. */
export function jaccardTable(sets: readonly (readonly number[])[]): number[][] {
  return sets.map((a) => sets.map((b) => jaccard(a, b)));
}
