/** A choice by what it costs and what it is worth. */
export interface Tradeoff {
  readonly cost: number;
  readonly value: number;
}

/**
 * The Pareto front: indices of the choices that no other one beats, in order of falling cost. One beats another where it
 * costs no more and is worth no less, and is better in one of the two; equals are all on the front. O(n^2).
 */
export function paretoFront(choices: readonly Tradeoff[]): number[] {
  const beaten = ({ cost, value }: Tradeoff) =>
    choices.some((other) => other.cost <= cost && other.value >= value && (other.cost < cost || other.value > value));
  return choices
    .map((choice, i) => ({ ...choice, i }))
    .filter((choice) => !beaten(choice))
    .sort((a, b) => b.cost - a.cost || b.value - a.value || a.i - b.i)
    .map(({ i }) => i);
}
