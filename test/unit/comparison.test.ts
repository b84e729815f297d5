import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paretoFront } from '../../src/metrics/pareto';
import {
  comparisonCommand,
  comparisonQuery,
  parseComparisonQuery,
  type ComparisonSettings,
} from '../../src/protocol/comparison';
import type { Run, RunTimes } from '../../src/protocol/run';
import { medianTimes, ratiosInOrder, stepsOf, waitingCell, withRun } from '../../webview/cells';
import { parseKeepRatios } from '../../src/pruning/keep-ratios';

const settings: ComparisonSettings = {
  modelId: 'earmark-mini',
  strategies: ['segmentwise', 'random'],
  keepRatios: [0.5, 0.25],
  budgetMode: 'paper',
  budgetScope: 'clip',
  headReduce: 3,
  parameters: { segments: 5, seed: 7 },
  question: 'What is said & by whom? 100 %',
  maxNewTokens: 32,
  repeats: 3,
};

describe('a link to a comparison', () => {
  it('holds everything that was chosen', () => {
    expect(parseComparisonQuery(comparisonQuery(settings))).toEqual(settings);
  });

  it('takes only what makes sense of what anyone may write', () => {
    expect(
      parseComparisonQuery(
        `strategies=top-k,evil&keep=2,0,0.1,x&budget=all&scope=world&head=-1&tokens=1e9&repeats=1000&set=segments=9999&set=__proto__=1&set=seed=3&question=${'x'.repeat(5000)}`,
      ),
    ).toEqual({ strategies: ['top-k'], keepRatios: [0.1], parameters: { seed: 3 } });
    fc.assert(fc.property(fc.string(), (text) => typeof parseComparisonQuery(text) === 'object'));
  });

  it('is a command line too, quoted for a shell', () => {
    const model = { question: 'Describe.', folder: '/models of mine/other' };
    expect(comparisonCommand({ ...settings, question: "what's it; rm -rf $HOME" }, '-a b.wav', model)).toBe(
      `earmark compare './-a b.wav' --strategies segmentwise,random --keep 0.5,0.25 --model earmark-mini --budget paper --budget-scope clip --head 3 --set segments=5 --set seed=7 --max-new-tokens 32 --prompt 'what'\\''s it; rm -rf $HOME'`,
    );
    // Earmark's own model is found without being told where.
    expect(comparisonCommand({ ...settings, modelId: 'other' }, 'a.wav', model)).toContain(
      " --model other --models '/models of mine' ",
    );
  });
});

describe('the Pareto front', () => {
  it('has every choice that none beats, and no other', () => {
    const point = fc.record({ cost: fc.integer({ min: 0, max: 6 }), value: fc.integer({ min: 0, max: 6 }) });
    fc.assert(
      fc.property(fc.array(point, { minLength: 1 }), (points) => {
        const front = new Set(paretoFront(points));
        for (const [i, one] of points.entries()) {
          const beaten = points.some(
            ({ cost, value }) => cost <= one.cost && value >= one.value && (cost !== one.cost || value !== one.value),
          );
          expect(front.has(i)).toBe(!beaten);
        }
      }),
    );
  });
});

describe('keep ratios as they are written', () => {
  it('reads shares and percentages, each once', () => {
    expect(parseKeepRatios('0.5, 50 % 29%;.1')).toEqual({ ratios: [0.5, 0.29, 0.1], problems: [] });
    expect(parseKeepRatios('1').ratios).toEqual([1]);
    expect(parseKeepRatios('0x, 1e-3, 150%, -1').problems).toHaveLength(3);
  });

  it('runs a quarter first', () => {
    expect(ratiosInOrder([0.5, 0.25, 0.1])).toEqual([0.25, 0.5, 0.1]);
    expect(ratiosInOrder([0.5, 0.1])).toEqual([0.5, 0.1]);
  });
});

describe('rounds', () => {
  const times = (prefillMs: number): RunTimes => ({
    decodeMs: 1,
    featuresMs: 1,
    encodeMs: 1,
    selectMs: 1,
    adaptMs: 1,
    prefillMs,
    decodeMsPerToken: 1,
    totalMs: 10,
  });

  it('warm up, then alternate', () => {
    expect(stepsOf([0, 1], 3).map(({ cell, counts }) => (counts ? cell : `(${String(cell)})`))).toEqual([
      '(0)',
      '(1)',
      ...[0, 1],
      ...[1, 0],
      ...[0, 1],
    ]);
    expect(stepsOf([0, 1], 1).map(({ counts }) => counts)).toEqual([false, true, true]);
  });

  it('show medians of what counts, and leave what was cut short', () => {
    expect(medianTimes([times(5), times(90), times(7)])?.prefillMs).toBe(7);
    expect(medianTimes([])).toBeUndefined();
    const run = (prefillMs: number, finish: Run['finish'] = 'stop') =>
      ({ times: times(prefillMs), finish, caption: String(prefillMs) }) as Run;
    let cell = withRun(waitingCell({} as Run['settings']), run(100), false);
    expect(cell.run).toMatchObject({ repeats: 0, times: { prefillMs: 100 } });
    for (const [prefillMs, finish] of [[8], [9, 'cancelled'], [6], [7]] as const) {
      cell = withRun(cell, run(prefillMs, finish), true);
    }
    expect(cell.run).toMatchObject({ repeats: 3, times: { prefillMs: 7 }, caption: '100', finish: 'stop' });
  });
});
