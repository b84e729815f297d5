import { select, type StrategyChoice } from '../registry';
import { reduceHeads } from '../score';
import { leadingTokens, type HeadReduce } from '../selection';
import { attentionOverTime } from './attention-over-time';
import { jaccard } from './jaccard';
import { rankCorrelation } from './rank-correlation';

/** How one head of the encoder's last layer would choose, beside the mean and the maximum of all heads. */
export interface HeadStudy {
  readonly head: number;
  /** The tokens that go on when this head alone gives the scores; of a merged slot the one that weighs most. */
  readonly kept: readonly number[];
  /** Overlap with the tokens that the mean, and the maximum, of the heads keep. */
  readonly overlapWithMean: number;
  readonly overlapWithMax: number;
  /** Spearman's correlation of this head's scores with the mean's; NaN where either is constant. */
  readonly correlationWithMean: number;
  /** How evenly the head attends over time, from 0 to 1: see `attentionOverTime`. */
  readonly evenness: number;
}

/**
 * What each head would keep with the same strategy, and how far that is from what the mean and the maximum keep: the
 * open question of per-head scores in arXiv 2511.14293. One selection a head.
 *
 * @param perHead [heads * tokens], received attention
 * @param budgetBy K where it is given outright and not by the keep ratio, by the reduction that gives the scores
 */
export function studyHeads(
  perHead: Float32Array,
  heads: number,
  choice: StrategyChoice,
  input: Omit<Parameters<typeof select>[1], 'scores'> = {},
  segments = 10,
  budgetBy: (reduce: HeadReduce) => number | undefined = () => undefined,
): HeadStudy[] {
  const chosenBy = (reduce: HeadReduce) => {
    const scores = reduceHeads(perHead, heads, reduce);
    const { selection } = select(choice, { ...input, scores, budget: budgetBy(reduce) });
    return { scores, kept: leadingTokens(selection) };
  };
  const [mean, max] = [chosenBy('mean'), chosenBy('max')];
  return Array.from({ length: heads }, (_, head) => {
    const { scores, kept } = chosenBy(head);
    return {
      head,
      kept,
      overlapWithMean: jaccard(kept, mean.kept),
      overlapWithMax: jaccard(kept, max.kept),
      correlationWithMean: rankCorrelation(scores, mean.scores),
      evenness: attentionOverTime(scores, segments).evenness,
    };
  });
}
