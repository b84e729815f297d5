import { wordErrorRate } from '../metrics/words';
import { keptTokens } from '../pruning/kept-tokens';
import { jaccard } from '../pruning/study/jaccard';
import { unpruned, type Experiment } from './experiment';

const counts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 20, 25, 30];

/** How the number of segments changes selection and caption. Source: arXiv 2511.14293 sweeps S from 2 to 15. */
export const segmentSweep: Experiment = {
  name: 'segment-sweep',
  label: 'Segment sweep',
  description: 'Runs segmentwise selection with 1 to 30 segments: 1 is Top-K.',
  captions: true,
  needs: ['scores'],
  uses: ['keepRatio'],
  async conduct({ settings, run }) {
    const withSegments = (segments: number) => ({
      ...settings,
      strategy: 'segmentwise',
      parameters: { ...settings.parameters, segments },
    });
    const [baseline, ...runs] = await run([unpruned(settings), ...counts.map(withSegments)]);
    const topK = keptTokens(runs[0]!);
    const rows = runs.map((found, i) => ({
      segments: counts[i]!,
      kept: found.tokens.kept,
      wordErrors: wordErrorRate(baseline!.caption, found.caption),
      overlap: jaccard(keptTokens(found), topK),
      caption: found.caption,
    }));
    const best = rows.reduce((least, row) => (row.wordErrors < least.wordErrors ? row : least));
    return {
      summary: `Nearest to the unpruned caption with ${String(best.segments)} segments (the fewest of equals).`,
      columns: [
        { name: 'segments' },
        { name: 'tokens kept' },
        { name: 'word error rate against all tokens' },
        { name: 'overlap with Top-K (Jaccard)' },
        { name: 'caption' },
      ],
      rows: rows.map((row) => Object.values(row)),
      figure: {
        kind: 'lines',
        xLabel: 'segments',
        yLabel: 'word error rate, overlap',
        series: [
          { name: 'word error rate against all tokens', x: counts, y: rows.map((row) => row.wordErrors) },
          { name: 'overlap with Top-K', x: counts, y: rows.map((row) => row.overlap) },
        ],
      },
    };
  },
};
