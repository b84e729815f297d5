import { select } from '../pruning/registry';
import { reduceHeads } from '../pruning/score';
import { sourceTokens } from '../pruning/selection';
import { attentionOverTime, tokensPerSegment } from '../pruning/study/attention-over-time';
import { percent, type Experiment } from './experiment';

const topK = { strategy: 'top-k', budgetMode: 'exact', parameters: {} } as const;

/**
 * Where in the clip attention falls, and in which half of a segment: what decides whether Top-K crowds into a part of
 * the sound. Looks at scores only; each window of 30 s is cut by itself, as selection does.
 */
export const attentionOverTimeExperiment: Experiment = {
  name: 'attention-over-time',
  label: 'Attention over time',
  description: 'Shows how attention, and the tokens that Top-K would keep, are spread over the clip.',
  captions: false,
  needs: ['scores'],
  uses: ['keepRatio', 'segments'],
  async conduct({ heads, settings, secondsPerToken, encode }) {
    const rows: { start: number; end: number; attention: number; firstHalf: number; keptByTopK: number }[] = [];
    for await (const window of encode()) {
      const scores = reduceHeads(window.receivedPerHead, heads, settings.headReduce);
      const { segments, shares } = attentionOverTime(scores, settings.parameters.segments ?? 10);
      const kept = sourceTokens(select({ ...topK, keepRatio: settings.keepRatio }, { scores }).selection);
      const keptShares = tokensPerSegment(kept, segments).map((count) => count / kept.length);
      for (const [i, segment] of segments.entries()) {
        rows.push({
          start: window.startSeconds + segment.start * secondsPerToken,
          // Of a sound that ends within its last token, and of a window that is no whole number of them.
          end: Math.min(window.startSeconds + segment.end * secondsPerToken, window.endSeconds),
          attention: shares[i]!,
          firstHalf: attentionOverTime(scores.subarray(segment.start, segment.end), 2).firstHalf,
          keptByTopK: keptShares[i]!,
        });
      }
    }
    const most = rows.reduce((best, row) => (row.attention > best.attention ? row : best));
    const x = rows.map((row) => `${row.start.toFixed(1)} s`);
    const halves = rows.reduce((sum, row) => sum + row.firstHalf, 0) / rows.length;
    return {
      summary:
        `The segment from ${most.start.toFixed(1)} to ${most.end.toFixed(1)} s receives most: ` +
        `${percent(most.attention)} of its window’s attention. Within segments ${percent(halves)} falls on the first half.`,
      columns: [
        { name: 'from', unit: 's' },
        { name: 'to', unit: 's' },
        { name: 'share of attention' },
        { name: 'of that on the first half' },
        { name: 'share of the tokens Top-K keeps' },
      ],
      rows: rows.map((row) => Object.values(row)),
      figure: {
        kind: 'bars',
        xLabel: 'segment begins at',
        yLabel: 'share of the window',
        series: [
          { name: 'attention', x, y: rows.map((row) => row.attention) },
          { name: 'tokens that Top-K keeps', x, y: rows.map((row) => row.keptByTopK) },
        ],
      },
    };
  },
};
