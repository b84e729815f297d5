import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from '../../src/engine/engine';
import { strategies } from '../../src/pruning/registry';
import type { EvaluationManifest } from '../../src/protocol/evaluation';
import type { RunSettings } from '../../src/protocol/run';
import { editJson } from '../edit-json';
import { packFolder, repository, sampleFiles } from './default-model';

/** The model that ships, as if its encoder's attention could not be read. */
describe('a model without attention', () => {
  const call = { signal: new AbortController().signal, onProgress: () => undefined };
  let folder: string;
  let engine: Engine;
  let clipId: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'earmark-no-attention-'));
    cpSync(packFolder, folder, { recursive: true });
    editJson(path.join(folder, 'pack.json'), ({ encoder, ...pack }) => ({
      ...pack,
      encoder: { ...(encoder as object), attention: { kind: 'none' } },
    }));
    engine = new Engine({ modelFolders: [folder], threads: 0, ffmpeg: '' });
    ({ clipId } = await engine.openClip({ kind: 'path', path: sampleFiles[0]! }, call));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const settingsOf = (strategy: string): RunSettings => ({
    strategy,
    keepRatio: 0.25,
    budgetMode: 'exact',
    headReduce: 'mean',
    parameters: {},
    question: 'What is heard?',
    maxNewTokens: 1,
  });
  const experiment = (name: string, strategy: string) =>
    engine.experiment(clipId, 'earmark-mini', name, settingsOf(strategy), call);

  it.each([
    ['segment-sweep', 'uniform', 'Segment sweep'],
    ['head-study', 'uniform', 'Head study'],
    ['attention-over-time', 'uniform', 'Attention over time'],
    ['stability', 'segmentwise', 'Segmentwise Top-K'],
    ['keep-ratio-sweep', 'segmentwise', 'Segmentwise Top-K'],
  ])('does not serve %s with %s', async (name, strategy, label) => {
    await expect(experiment(name, strategy)).rejects.toMatchObject({
      code: 'model-unsupported',
      message: `${label} needs the encoder's attention, which can not be read in the model "earmark-mini".`,
    });
  });

  it('serves what looks at no attention', async () => {
    expect((await experiment('stability', 'divprune')).rows).toHaveLength(7);
  });

  describe('on the command line', () => {
    const served = ['none', 'random', 'uniform', 'divprune', 'a-tome'];
    const left = /attention can not be read in the model "earmark-mini": without segmentwise, top-k, .*hybrid\.\n/;

    function earmark(...words: string[]) {
      const command = [path.join(repository, 'dist', 'cli.js'), ...words, '--models', folder, '--max-new-tokens', '1'];
      return spawnSync(process.execPath, command, { encoding: 'utf8' });
    }

    function evaluate(...words: string[]) {
      const dataset = path.join(repository, 'media', 'benchmark');
      return earmark('evaluate', dataset, '--out', out, '--limit', '1', '--keep', '0.25', ...words);
    }

    const out = mkdtempSync(path.join(tmpdir(), 'earmark-no-attention-out-'));
    afterAll(() => {
      rmSync(out, { recursive: true });
    });

    it('prints no scores', () => {
      const { status, stdout } = earmark('caption', sampleFiles[0]!, '--strategy', 'uniform', '--json', '--scores');
      expect(status).toBe(0);
      const { runs } = JSON.parse(stdout) as { runs: object[] };
      expect(runs[0]).toMatchObject({ strategy: 'uniform' });
      expect(runs[0]).not.toHaveProperty('scores');
    });

    it('compares all that it can serve, and says what is left out', () => {
      const compared = earmark('compare', sampleFiles[0]!, '--strategies', 'all', '--keep', '0.25', '--json');
      expect(compared.stderr).toMatch(left);
      expect(compared.status).toBe(0);
      const { runs } = JSON.parse(compared.stdout) as { runs: { strategy: string }[] };
      expect(runs.map(({ strategy }) => strategy)).toEqual(served);
    });

    it('evaluates no strategy that it can not serve', () => {
      const { status, stderr } = evaluate('--strategy', 'uniform,segmentwise');
      expect(stderr).toMatch(
        /Segmentwise Top-K needs the encoder's attention.*none, random, uniform, divprune, a-tome/,
      );
      expect(status).toBe(2);
      expect(readdirSync(out)).toEqual([]);
    });

    it('evaluates all that it can serve, and says what is left out', () => {
      const { status, stderr } = evaluate('--strategy', 'all');
      expect(stderr).toMatch(left);
      expect(status).toBe(0);
      const { settings } = JSON.parse(readFileSync(path.join(out, 'evaluation.json'), 'utf8')) as EvaluationManifest;
      expect(settings.map(({ strategy }) => strategy)).toEqual(served);
    });
  });

  it('names every strategy that it can serve where it is asked for another', async () => {
    const served = strategies.filter(({ needs }) => !needs.includes('scores') && !needs.includes('keys'));
    expect(served.map(({ name }) => name)).toContain('a-tome');
    await expect(engine.run(clipId, 'earmark-mini', [settingsOf('segmentwise')], call)).rejects.toMatchObject({
      code: 'model-unsupported',
      action: `Choose another model, or one of these strategies: ${served.map(({ name }) => name).join(', ')}.`,
    });
  });
});
