import { describe, expect, it } from 'vitest';
import type { RunSettings, WindowAnalysis } from '../../src/protocol/run';
import { clipBudgets } from '../../src/pruning/clip-budget';
import { ClipTokens, preview } from '../../webview/clip-tokens';

describe('one budget for the whole clip', () => {
  const quiet = new Float32Array(100).fill(1);
  const loud = new Float32Array(100).fill(3);

  it('gives windows tokens in proportion to the attention they receive', () => {
    expect(clipBudgets(0.2, [quiet, loud])).toEqual([10, 30]);
  });

  it('leaves no window without a token', () => {
    expect(clipBudgets(0.01, [new Float32Array(100), loud])).toEqual([1, 1]);
  });

  it('is what the editor counts before anything is run', () => {
    const windows = [quiet, loud].map(
      (receivedPerHead, index) =>
        ({ index, firstToken: index * 100, heads: 1, receivedPerHead }) as unknown as WindowAnalysis,
    );
    const tokens = new ClipTokens({ windows, secondsPerToken: 0.04 }, 'mean');
    const settings: RunSettings = {
      strategy: 'top-k',
      keepRatio: 0.2,
      budgetMode: 'exact',
      budgetScope: 'clip',
      headReduce: 'mean',
      parameters: {},
      question: '',
      maxNewTokens: 8,
    };
    const keptIn = (chosen: RunSettings, window: number) =>
      preview(tokens, chosen)!
        .slotSizes.subarray(window * 100, (window + 1) * 100)
        .reduce((sum, size) => sum + size, 0);
    expect([keptIn(settings, 0), keptIn(settings, 1)]).toEqual([10, 30]);
    const each: RunSettings = { ...settings, budgetScope: 'window' };
    expect([keptIn(each, 0), keptIn(each, 1)]).toEqual([20, 20]);
  });
});
