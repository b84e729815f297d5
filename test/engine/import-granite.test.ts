import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readClip } from '../../src/engine/audio/clip';
import { encodeWindow, output, type EncodedWindow } from '../../src/engine/model/encode';
import { promptIds } from '../../src/engine/model/families/prefix';
import { findPack } from '../../src/engine/model/find-packs';
import { floats } from '../../src/engine/model/half';
import type { Model } from '../../src/engine/model/load';
import type { PrefixPack } from '../../src/engine/model/pack';
import { runClip } from '../../src/engine/pipeline';
import { selectTokens } from '../../src/pruning/selection';
import { readPlainWav, repository } from './default-model';
import { expectGreedy, logitsAfter } from './greedy';
import { loadImported, references, removeImported } from './imported-model';

interface Greedy {
  readonly logits: readonly number[];
  readonly ids: readonly number[];
}

/** What PyTorch gives of a tiny model, written by `recipes/tiny-transformers-js`. */
interface Golden {
  readonly samples: number;
  /** Of every 16th position every 20th value. */
  readonly mel: readonly (readonly number[])[];
  /** Tokens that have a share of the sound, and rows that there are. */
  readonly groups: number;
  readonly rows: number;
  /** Of each row the first values. */
  readonly features: readonly (readonly number[])[];
  readonly norm: number;
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly question: string;
  /** First logits of the class itself, which puts its rows in place on its own. */
  readonly own: readonly number[];
  readonly full: Greedy;
  readonly kept: readonly number[];
  readonly pruned: Greedy;
}

describe('Granite Speech, imported, against PyTorch', () => {
  const source = path.join(references, 'granite-speech');
  const golden = JSON.parse(readFileSync(path.join(source, 'golden.json'), 'utf8')) as Golden;
  const clipFile = path.join(repository, 'media', 'samples', 'conference-prompt.wav');
  const sound = readPlainWav(clipFile);
  const samples = sound.slice(0, golden.samples);
  let model: Model;
  let pack: PrefixPack;
  let encoded: EncodedWindow;

  beforeAll(async () => {
    model = await loadImported('granite-speech');
    pack = model.pack as PrefixPack;
    encoded = await encodeWindow(model, samples);
  });
  afterAll(async () => {
    await removeImported(model);
  });

  it('log-mel of 80 bins, two frames a row', async () => {
    const input = new model.runtime.Tensor('float32', samples, [1, samples.length]);
    const results = await model.frontEnd.run({ samples: input });
    const features = output(results, 'features');
    const mel = output(results, 'mel');
    const positions = 151;
    expect(features.dims).toEqual([1, positions, 160]);
    expect(mel.dims).toEqual([1, 80, 2 * positions]);
    golden.mel.forEach((row, i) => {
      row.forEach((value, j) => {
        const [position, column] = [16 * i, 20 * j];
        expect(floats(features)[position * 160 + column]).toBeCloseTo(value, 3);
        const frame = 2 * position + Math.floor(column / 80);
        expect(floats(mel)[(column % 80) * 2 * positions + frame]).toBeCloseTo(value, 3);
      });
    });
  });

  it('rows of the windows, of which those behind the sound are kept and not ranked', () => {
    const { tokens, padding, counts } = encoded;
    expect([tokens.rows, padding.rows]).toEqual([golden.groups, golden.rows - golden.groups]);
    expect(padding.rows).toBe(2);
    expect(counts).toEqual({ valid: golden.groups, trimmed: 0 });
    const data = [...tokens.data, ...padding.data];
    golden.features.forEach((row, token) => {
      row.forEach((value, column) => {
        expect(data[token * tokens.columns + column]).toBeCloseTo(value, 3);
      });
    });
    expect(Math.hypot(...data) / golden.norm).toBeCloseTo(1, 4);
  });

  it('prompt ids by the chat template', () => {
    const { before, after } = promptIds(model.tokenizer, pack.prompt.template, golden.question);
    expect({ before, after }).toEqual({ before: golden.before, after: golden.after });
  });

  it('no scores, and the reason', async () => {
    const { info } = await findPack([model.folder], pack.id);
    expect(info.offers).toEqual(['tokens']);
    expect(pack.limits).toMatch(/only strategies that need no scores can be used/);
  });

  describe('in the pipeline', () => {
    /** 31 s, which are two windows. */
    const samples31 = Float32Array.from({ length: 31 * 16_000 }, (_, i) => sound[i % sound.length]!);
    const settings = {
      budgetMode: 'exact',
      headReduce: 'mean',
      parameters: {},
      question: '',
      maxNewTokens: 4,
    } as const;
    const run = async (strategy: string) => {
      const clip = await readClip({ kind: 'path', path: clipFile }, { ffmpeg: '' });
      const options = { cache: new Map<string, EncodedWindow>(), signal: new AbortController().signal };
      const asked = [{ ...settings, strategy, keepRatio: strategy === 'none' ? 1 : 0.25 }];
      const longer = { ...clip, samples: samples31, durationSeconds: 31 };
      return runClip(model, longer, asked, { ...options, onEvent: () => undefined });
    };

    it.each([
      ['none', 310],
      ['uniform', 77],
      ['divprune', 77],
    ])('%s keeps %d of the tokens of two windows', async (strategy, kept) => {
      const [result] = await run(strategy);
      // 1500 positions, then 50.
      expect(result!.tokens).toMatchObject({ valid: 310, trimmed: 0, kept });
      expect(result!.prompt).toMatchObject({ audio: kept });
    });

    it('a strategy that needs scores is refused, and others are named', async () => {
      await expect(run('segmentwise')).rejects.toMatchObject({ action: expect.stringMatching(/uniform/) as string });
    });
  });

  it.each(['full', 'pruned'] as const)('logits and greedy tokens, %s', async (run) => {
    const { logits, ids } = golden[run];
    const every = Array.from({ length: golden.groups }, (_, token) => token);
    const kept = selectTokens(run === 'full' ? every : golden.kept);
    const prompt = await model.family.prompt(await model.family.adapt(encoded, kept), golden.question);
    const found = await logitsAfter(prompt, []);
    expectNear(found, logits);
    if (run === 'full') {
      expectNear(found, golden.own);
    }
    const { tokenIds } = await expectGreedy(model, prompt, ids, { nearTie: 1e-3, maxNewTokens: 12 });
    expect(tokenIds).toHaveLength(12);
  });
});

function expectNear(found: Float32Array, logits: readonly number[]): void {
  expect(found).toHaveLength(logits.length);
  logits.forEach((value, id) => {
    expect(Math.abs(found[id]! - value)).toBeLessThan(2e-3);
  });
}
