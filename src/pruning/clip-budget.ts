import { apportion } from './apportion';
import { budgetOf } from './budget';
import { strategyNamed } from './registry';
import type { BudgetScope } from './selection';

/** Whether the windows of a clip share one budget. A clip of one window keeps as many tokens either way. */
export function sharesBudget(settings: { readonly strategy: string; readonly budgetScope?: BudgetScope }): boolean {
  return settings.budgetScope === 'clip' && strategyNamed(settings.strategy).usesKeepRatio;
}

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
