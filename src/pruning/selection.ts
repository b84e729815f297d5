/**
 * Which tokens (or merged groups of tokens) go on to the language model. Kept slot `i` is the sum of
 * `weights[i][j] * token[groups[i][j]]`. A strategy that only picks tokens gives groups of one token with weight 1.
 * Groups stand in time order (by their first token) and each group lists its tokens in time order.
 */
export interface Selection {
  /** [kept][tokens of the slot] */
  readonly groups: readonly (readonly number[])[];
  /** Same shape as `groups`. */
  readonly weights: readonly (readonly number[])[];
}

/**
 * How the budget is spread over segments. `paper` takes `floor(K / S)` of each, literally, and so keeps fewer than
 * asked; `exact` gives the remainder to the highest scores that are left.
 */
export type BudgetMode = 'paper' | 'exact';

/**
 * What a keep ratio is a share of: the tokens of each window, or of the whole clip. With `clip`, windows get tokens in
 * proportion to the attention they receive, at least one each: Earmark's own, after the paper's open question of long
 * audio.
 */
export type BudgetScope = 'window' | 'clip';

/** How the scores of the heads become one: their mean, their maximum, or one head alone (counted from 0). */
export type HeadReduce = 'mean' | 'max' | number;

/** A selection of plain tokens. `tokens` must be in time order. */
export function selectTokens(tokens: readonly number[]): Selection {
  return { groups: tokens.map((token) => [token]), weights: tokens.map(() => [1]) };
}

/** The source tokens of a selection in time order, each once. */
export function sourceTokens(selection: Selection): number[] {
  return [...new Set(selection.groups.flat())].sort((a, b) => a - b);
}

/**
 * One token of each slot, in time order: the one that weighs most, the first of equals. Selections that merge every token
 * differ in these, and not in their source tokens.
 */
export function leadingTokens({ groups, weights }: Selection): number[] {
  const leading = groups.map((group, slot) => {
    const shares = weights[slot]!;
    return group[shares.reduce((best, share, i) => (share > shares[best]! ? i : best), 0)]!;
  });
  return [...new Set(leading)].sort((a, b) => a - b);
}

/** Whether every slot is one token as it is, so that rows can be dropped instead of mixed. */
export function keepsPlainTokens(selection: Selection): boolean {
  return selection.groups.every((group, slot) => group.length === 1 && selection.weights[slot]?.[0] === 1);
}

/** One kept slot before it has its place: its tokens, in any order, each with the weight it is mixed in with. */
export type Group = readonly { readonly token: number; readonly weight: number }[];

/** A selection of merged tokens, brought into time order: groups by their first token, tokens within each group. */
export function selectGroups(groups: readonly Group[]): Selection {
  const ordered = groups
    .map((group) => [...group].sort((a, b) => a.token - b.token))
    .sort((a, b) => a[0]!.token - b[0]!.token);
  return {
    groups: ordered.map((group) => group.map(({ token }) => token)),
    weights: ordered.map((group) => group.map(({ weight }) => weight)),
  };
}
