import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../src/cli/run-options';
import { evaluationArguments, resumeRequest } from '../../../src/host/evaluation-arguments';
import type { RunSettings } from '../../../src/protocol/run';
import { manifestOf } from './evaluations';

const machine = { modelFolder: '/models', ffmpeg: '', provider: 'cpu' } as const;
const common = { budget: 'paper', budgetScope: 'clip', head: 3, maxNewTokens: 32 } as const;

/** As `earmark evaluate` makes its grid. */
function grid(strategy: string[], keep: number[], segments: number[], set: Record<string, number>): RunSettings[] {
  const all = segments.flatMap((count) => settingsOf({ ...common, strategy, keep, segments: count, set }, ''));
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()].sort(
    (a, b) => strategy.indexOf(a.strategy) - strategy.indexOf(b.strategy),
  );
}

describe('going on with an evaluation', () => {
  it.each([
    ['a plain one', ['none', 'segmentwise', 'top-k'], [0.5, 0.1], [10], {}],
    [
      'one with several numbers of segments and a seed',
      ['none', 'random', 'segmentwise'],
      [0.25],
      [5, 20],
      { seed: 7 },
    ],
    ['the unpruned run alone', ['none'], [0.5], [10], {}],
  ])('asks for the same settings: %s', (_, strategy, keep, segments, set) => {
    const settings = grid(strategy, keep, segments, set);
    const request = resumeRequest(manifestOf(settings, 4), '/out', machine);
    const again = grid(
      [...request.strategies],
      [...request.keepRatios],
      request.segments.length > 0 ? [...request.segments] : [10],
      { ...request.parameters },
    );
    expect(again).toEqual(settings);
    expect(request.settings).toMatchObject({
      budgetMode: 'paper',
      budgetScope: 'clip',
      headReduce: 3,
      maxNewTokens: 32,
    });
    expect(request).toMatchObject({ resume: true, dataset: '/sets/a set.json', audio: '/sets/audio', limit: 4 });
  });

  it('is one command line, whatever paths begin with', () => {
    const request = resumeRequest(manifestOf(grid(['none', 'top-k'], [0.5], [10], {}), 4), '-out', machine);
    const arguments_ = evaluationArguments({ ...request, dataset: '--set.csv' });
    expect(arguments_).toContain('--out=-out');
    expect(arguments_).toContain('--keep=0.5');
    expect(arguments_).toContain('--progress=json');
    expect(arguments_.slice(-3)).toEqual(['--resume', '--', '--set.csv']);
    expect(arguments_.join(' ')).not.toContain('--ffmpeg');
  });
});
