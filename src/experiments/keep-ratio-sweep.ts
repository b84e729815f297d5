import { wordErrorRate } from '../metrics/words';
import { speedUpBound } from '../pruning/budget';
import { percent, unpruned, type Experiment } from './experiment';

const ratios = [0.9, 0.75, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05];

/** How the caption and the prefill change as fewer tokens are kept. Source: arXiv 2511.14293, section 4. */
export const keepRatioSweep: Experiment = {
  name: 'keep-ratio-sweep',
  label: 'Keep-ratio sweep',
  description: 'Runs the strategy at falling keep ratios: where does the caption change, and what is gained?',
  captions: true,
  needs: [],
  uses: ['strategy', 'segments'],
  async conduct({ settings, run }) {
    const all = [unpruned(settings), ...ratios.map((keepRatio) => ({ ...settings, keepRatio }))];
    // The first run of an engine is slow: it warms up and is not the one that prefill is compared with.
    const [, baseline, ...runs] = await run([unpruned(settings), ...all]);
    const rows = runs.map(({ settings: { keepRatio }, tokens, prompt, times, caption }) => ({
      keepRatio,
      kept: tokens.kept,
      wordErrors: wordErrorRate(baseline!.caption, caption),
      prefillMs: times.prefillMs,
      speedUp: baseline!.times.prefillMs / times.prefillMs,
      bound: speedUpBound(prompt.textBefore + prompt.textAfter, tokens.valid, tokens.kept),
      caption,
    }));
    const same = rows.filter((row) => row.wordErrors === 0).map((row) => row.keepRatio);
    const x = rows.map((row) => row.keepRatio);
    return {
      summary:
        same.length === 0
          ? 'The caption differs from the unpruned one at every keep ratio.'
          : `Down to a keep ratio of ${percent(Math.min(...same))} a caption equal to the unpruned one is found.`,
      columns: [
        { name: 'keep ratio' },
        { name: 'tokens kept' },
        { name: 'word error rate against all tokens' },
        { name: 'prefill', unit: 'ms' },
        { name: 'speed-up' },
        { name: 'bound' },
        { name: 'caption' },
      ],
      rows: rows.map((row) => Object.values(row)),
      figure: {
        kind: 'lines',
        xLabel: 'keep ratio',
        yLabel: 'word error rate, share of unpruned prefill',
        series: [
          { name: 'word error rate against all tokens', x, y: rows.map((row) => row.wordErrors) },
          { name: 'prefill, share of unpruned', x, y: rows.map((row) => 1 / row.speedUp) },
        ],
      },
    };
  },
};
