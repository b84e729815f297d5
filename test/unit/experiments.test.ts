import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, it } from 'vitest';
import { attentionOverTimeExperiment } from '../../src/experiments/attention-over-time';
import type { ExperimentBench, ExperimentWindow } from '../../src/experiments/experiment';
import { headStudy } from '../../src/experiments/head-study';
import { stability } from '../../src/experiments/stability';
import { completeParameters, strategyNamed } from '../../src/pruning/registry';
import { attentionOverTime } from '../../src/pruning/study/attention-over-time';

/** One window of 12 tokens and two heads. */
const perHead = Float32Array.from({ length: 24 }, (_, i) => 1 + ((i * i * 7) % 13));

async function* windowsOf(...windows: readonly ExperimentWindow[]): AsyncGenerator<ExperimentWindow> {
  for (const window of windows) yield Promise.resolve(window);
}

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
    encode: () => windowsOf({ receivedPerHead: perHead, tokens, startSeconds: 0, endSeconds: 0.48 }),
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

/** Windows of unlike tokens and scores, `seconds` long each. */
function unlikeWindows(count: number, seed: number): ExperimentWindow[] {
  const generator = xoroshiro128plus(seed);
  const values = (length: number) => Float32Array.from({ length }, () => uniformFloat64(generator));
  return Array.from({ length: count }, (_, i) => ({
    receivedPerHead: values(2 * 188),
    tokens: { data: values(188 * 4), rows: 188, columns: 4 },
    keys: { data: values(188 * 4), rows: 188, columns: 4 },
    startSeconds: 30 * i,
    endSeconds: 30 * (i + 1),
  }));
}

describe('of strategies that merge every token', () => {
  const merging = ['a-tome', 'fastadasp', 'visionzip'];

  it.each(merging)('tells other selections of %s from the same one: stability', async (name) => {
    let seed = 0;
    const bench = { ...benchOf({}), settings: settingsOf(name), encode: () => windowsOf(...unlikeWindows(1, seed++)) };
    const { rows } = await stability.conduct(bench);
    expect(Math.max(...rows.map((row) => row[1] as number))).toBeLessThan(0.5);
    const same = await stability.conduct({ ...bench, encode: () => windowsOf(...unlikeWindows(1, 9)) });
    expect(same.rows.filter(([variant]) => String(variant).startsWith('noise')).map((row) => row[1])).toEqual([
      1, 1, 1,
    ]);
  });

  it.each(['fastadasp', 'visionzip'])('tells what each head keeps by %s from what the mean does', async (name) => {
    const bench = { ...benchOf({}), settings: settingsOf(name), encode: () => windowsOf(...unlikeWindows(1, 3)) };
    const { rows } = await headStudy.conduct(bench);
    rows.forEach((row) => {
      expect(row[1]).toBeLessThan(0.9);
    });
  });

  function settingsOf(strategy: string) {
    const parameters = completeParameters(strategyNamed(strategy), {});
    return { ...benchOf({}).settings, strategy, keepRatio: 0.1, parameters };
  }
});

describe('of windows that share the budget of the clip', () => {
  const base = Float32Array.from({ length: 10 }, (_, i) => 1 + i);
  /** Two heads that rank the tokens alike, each `loudness` times as strong. */
  const windowOf = (...loudness: readonly number[]): ExperimentWindow => ({
    receivedPerHead: Float32Array.from(loudness.flatMap((times) => [...base].map((score) => times * score))),
    tokens: { data: new Float32Array(20), rows: 10, columns: 2 },
    startSeconds: 0,
    endSeconds: 0.4,
  });
  const settings = { ...benchOf({}).settings, keepRatio: 0.4, budgetScope: 'clip' } as const;

  it('divides what each head keeps by its own attention', async () => {
    const bench = { ...benchOf({}), settings, encode: () => windowsOf(windowOf(3, 1), windowOf(1, 3)) };
    const { rows } = await headStudy.conduct(bench);
    // A head keeps 6 and 2, or 2 and 6, the mean 4 and 4: 4 of 6 in common, and 2 of 4.
    expect(rows.map((row) => row[1])).toEqual([(4 / 6 + 2 / 4) / 2, (2 / 4 + 4 / 6) / 2]);
  });

  it('divides what a variant keeps by its own attention', async () => {
    const [quiet, loud] = [windowOf(1, 1), windowOf(3, 3)];
    const encode: ExperimentBench['encode'] = (clip) =>
      clip?.clipId.includes('noise') ? windowsOf(loud, quiet) : windowsOf(quiet, loud);
    const { rows } = await stability.conduct({ ...benchOf({}), settings, encode });
    // 2 and 6 against 6 and 2: 4 in common of 12.
    expect(rows.filter(([variant]) => String(variant).startsWith('noise')).map((row) => row[1])).toEqual(
      Array(3).fill(1 / 3),
    );
  });
});

describe('attention over time', () => {
  it('says when segments are, also where a window is no whole number of tokens', async () => {
    const windows = unlikeWindows(20, 1);
    const bench = { ...benchOf({ segments: 10 }), secondsPerToken: 0.16, encode: () => windowsOf(...windows) };
    const { rows } = await attentionOverTimeExperiment.conduct(bench);
    expect(rows[0]!.slice(0, 2)).toEqual([0, 18 * 0.16]);
    expect(rows.at(-10)![0]).toBe(570);
    // 188 tokens of 160 ms would end at 600.08.
    expect(rows.at(-1)![1]).toBe(600);
  });
});
