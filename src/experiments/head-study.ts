import { studyHeads, type HeadStudy } from '../pruning/study/heads';
import type { HeadReduce } from '../pruning/selection';
import { percent, sharedBudgets, type Experiment } from './experiment';

/** What each head alone would keep, against the mean and the maximum of all. Looks at scores only. */
export const headStudy: Experiment = {
  name: 'head-study',
  label: 'Head study',
  description: 'Lets each head of the encoder’s last layer choose alone: how far is that from their mean and maximum?',
  captions: false,
  needs: ['scores'],
  uses: ['strategy', 'keepRatio', 'segments'],
  async conduct(bench) {
    const { heads, settings, encode } = bench;
    const { segments } = settings.parameters;
    const reductions: HeadReduce[] = ['mean', 'max', ...Array(heads).keys()];
    const budgets = await sharedBudgets(bench, reductions);
    const studies: HeadStudy[][] = [];
    for await (const window of encode()) {
      const budgetBy = (reduce: HeadReduce) => budgets.get(reduce)?.[studies.length];
      studies.push(studyHeads(window.receivedPerHead, heads, settings, window, segments, budgetBy));
    }
    const rows = Array.from({ length: heads }, (_, head) => ({
      head,
      overlapWithMean: meanOf(studies, head, (study) => study.overlapWithMean),
      overlapWithMax: meanOf(studies, head, (study) => study.overlapWithMax),
      correlation: meanOf(studies, head, (study) => study.correlationWithMean),
      evenness: meanOf(studies, head, (study) => study.evenness),
    }));
    const nearest = rows.reduce((best, row) => (row.overlapWithMean > best.overlapWithMean ? row : best));
    const x = rows.map((row) => `head ${String(row.head)}`);
    return {
      summary:
        `Head ${String(nearest.head)} alone comes nearest to the mean of all heads: ` +
        `its set overlaps theirs by ${percent(nearest.overlapWithMean)} (Jaccard).`,
      columns: [
        { name: 'head' },
        { name: 'overlap with mean (Jaccard)' },
        { name: 'overlap with max (Jaccard)' },
        { name: 'rank correlation with mean' },
        { name: 'evenness over time' },
      ],
      rows: rows.map((row) => Object.values(row)),
      figure: {
        kind: 'bars',
        xLabel: 'head',
        yLabel: 'overlap (Jaccard)',
        series: [
          { name: 'with the mean', x, y: rows.map((row) => row.overlapWithMean) },
          { name: 'with the maximum', x, y: rows.map((row) => row.overlapWithMax) },
        ],
      },
    };
  },
};

function meanOf(studies: readonly HeadStudy[][], head: number, value: (study: HeadStudy) => number): number {
  return studies.reduce((sum, study) => sum + value(study[head]!), 0) / studies.length;
}
