import { describe, expect, it } from 'vitest';
import type { ExperimentBench } from '../../src/experiments/experiment';
import { headStudy } from '../../src/experiments/head-study';
import { attentionOverTime } from '../../src/pruning/study/attention-over-time';

/** One window of 12 tokens and two heads. */
const perHead = Float32Array.from({ length: 24 }, (_, i) => 1 + ((i * i * 7) % 13));

function benchOf(parameters: Readonly<Record<string, number>>): ExperimentBench {
  const tokens = { data: new Float32Array(24), rows: 12, columns: 2 };
  return {
    clip: { clipId: 'c', samples: new Float32Array(0) },
    heads: 2,
    secondsPerToken: 0.04,
    settings: {
      strategy: 'top-k',
      keepRatio: 0.5,
      budgetMode: 'exact',
      headReduce: 'mean',
      parameters,
      question: '',
      maxNewTokens: 1,
    },
    run: () => Promise.reject(new Error('It runs nothing.')),
    encode: () => Promise.resolve([{ receivedPerHead: perHead, tokens }]),
  };
}

describe('the head study', () => {
  it.each([2, 3, 10])('measures evenness over the segments that were asked for: %d', async (segments) => {
    const { columns, rows } = await headStudy.conduct(benchOf({ segments }));
    const evenness = columns.findIndex(({ name }) => name === 'evenness over time');
    expect(rows.map((row) => row[evenness])).toEqual(
      [0, 1].map((head) => attentionOverTime(perHead.subarray(12 * head, 12 * (head + 1)), segments).evenness),
    );
  });
});
