/**
 * Shares K tokens out among parts in proportion to weights, at least one to each part and never more than a part
 * holds. One after another, each token goes to the part with the highest `weight / (2 n + 1)`, n being what it has
 * (Sainte-Laguë's highest averages): no remainder is left to argue about, and a larger budget never takes a token away
 * from a part. Equal quotients go to the part that has fewer, then to the earlier one. Where no weight is above 0,
 * parts count by what they hold.
 *
 * O(K S). Source: Earmark's own use of the method of A. Sainte-Laguë (1910).
 *
 * @param budget K, at least the number of parts and at most what they hold together
 * @returns tokens of each part, K in all
 */
export function apportion(budget: number, weights: readonly number[], capacities: readonly number[]): number[] {
  const effective = weights.some((weight) => weight > 0) ? weights : capacities;
  const shares = capacities.map(() => 1);
  for (let given = shares.length; given < budget; given++) {
    let best = -1;
    let highest = -1;
    for (let part = 0; part < shares.length; part++) {
      const quotient = Math.max(0, effective[part]!) / (2 * shares[part]! + 1);
      const better = quotient > highest || (quotient === highest && shares[part]! < shares[best]!);
      if (shares[part]! < capacities[part]! && better) {
        best = part;
        highest = quotient;
      }
    }
    shares[best]!++;
  }
  return shares;
}
