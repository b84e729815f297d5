import { apportion } from './apportion';
import { budgetOf } from './budget';

/**
 * The tokens that each window keeps where one budget is shared over a clip: in proportion to the attention that the
 * windows receive, at least one each.
 *
 * @param scores of each window: [windows][tokens]
 */
export function clipBudgets(keepRatio: number, scores: readonly Float32Array[]): number[] {
  const tokens = scores.map(({ length }) => length);
  const all = tokens.reduce((sum, count) => sum + count, 0);
  const received = scores.map((window) => window.reduce((sum, score) => sum + score, 0));
  return apportion(Math.max(tokens.length, budgetOf(keepRatio, all)), received, tokens);
}
