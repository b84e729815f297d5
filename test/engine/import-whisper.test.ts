import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeWindow, type EncodedWindow } from '../../src/engine/model/encode';
import { explainWindow } from '../../src/engine/model/explain';
import type { Model } from '../../src/engine/model/load';
import { select } from '../../src/pruning/registry';
import { reduceHeads } from '../../src/pruning/score';
import { selectTokens, sourceTokens } from '../../src/pruning/selection';
import { readPlainWav, repository } from './default-model';
import { expectGreedy } from './greedy';
import { loadImported, references, removeImported } from './imported-model';

interface Greedy {
  /** First logits, before what is never said is taken out. */
  readonly logits: readonly number[];
  readonly ids: readonly number[];
}

/** What transformers' Whisper gives with the weights that Optimum exported, written by `recipes/tiny-transformers-js`. */
interface Golden {
  readonly samples: number;
  readonly valid: number;
  /** Of each row the first values. */
  readonly tokens: readonly (readonly number[])[];
  readonly receivedPerHead: readonly (readonly number[])[];
  /** With the whole window of 30 s. */
  readonly padded: Greedy;
  readonly full: Greedy;
  readonly kept: readonly number[];
  readonly pruned: Greedy;
  /** Of what `full` says, at every eighth token. */
  readonly decoderAttention: readonly (readonly number[])[];
}

const source = path.join(references, 'whisper');
const golden = JSON.parse(readFileSync(path.join(source, 'golden.json'), 'utf8')) as Golden;
const clip = path.join(repository, 'media', 'samples', 'conference-prompt.wav');
const samples = readPlainWav(clip).slice(0, golden.samples);
/** A choice by less is one that float32 may make either way. */
const nearTie = 0.01;

describe('Whisper as Optimum exports it, imported, against transformers', () => {
  let model: Model;
  let encoded: EncodedWindow;

  beforeAll(async () => {
    model = await loadImported('whisper');
    encoded = await encodeWindow(model, samples);
  });
  afterAll(async () => {
    await removeImported(model);
  });

  it('starts as English is written down', () => {
    const generation = JSON.parse(readFileSync(path.join(source, 'generation_config.json'), 'utf8')) as {
      suppress_tokens: number[];
      begin_suppress_tokens: number[];
    };
    expect(model.pack.prompt).toEqual({
      startTokens: ['<|startoftranscript|>', '<|en|>', '<|transcribe|>', '<|notimestamps|>'].map((token) =>
        model.tokenizer.token_to_id(token),
      ),
      suppress: generation.suppress_tokens,
      suppressFirst: generation.begin_suppress_tokens,
    });
  });

  it('encoder tokens', () => {
    const { data, rows, columns } = encoded.tokens;
    expect(rows).toBe(golden.valid);
    golden.tokens.forEach((row, token) => {
      row.forEach((value, column) => {
        expect(Math.abs(data[token * columns + column]! - value)).toBeLessThan(2e-3);
      });
    });
  });

  it('received attention of each head', () => {
    golden.receivedPerHead.forEach((row, head) => {
      row.forEach((value, token) => {
        const found = encoded.receivedPerHead[head * golden.valid + token]!;
        expect(Math.abs(found - value)).toBeLessThan(2e-3 * Math.max(1, value));
      });
    });
  });

  it('the tokens that segmentwise keeps', () => {
    const scores = reduceHeads(encoded.receivedPerHead, model.pack.encoder.heads, 'mean');
    const choice = { strategy: 'segmentwise', keepRatio: 0.25, budgetMode: 'exact', parameters: { segments: 4 } };
    expect(sourceTokens(select({ ...choice, budgetMode: 'exact' }, { scores }).selection)).toEqual(golden.kept);
  });

  it('logits and greedy tokens of all tokens', () => expectSaid(encoded, everyToken(golden.valid), golden.full));

  it('logits and greedy tokens of a quarter', () => expectSaid(encoded, golden.kept, golden.pruned));

  it('greedy tokens of the whole window, which are those of generate()', async () => {
    const padded = new Float32Array(480_000);
    padded.set(samples);
    await expectSaid(await encodeWindow(model, padded), everyToken(1500), golden.padded);
  });

  it('attention of the decoder to the sound', async () => {
    const tokenIds = golden.full.ids;
    const explainer = await model.family.loadExplainer();
    const part = { index: 0, firstToken: 0, selection: selectTokens(everyToken(golden.valid)), tokenIds };
    const { attention } = await explainWindow(model, explainer, part, encoded, '');
    await explainer.release();
    golden.decoderAttention.forEach((row, token) => {
      row.forEach((value, i) => {
        expect(Math.abs(attention[token * golden.valid + 8 * i]! - value)).toBeLessThan(1e-4);
      });
    });
  });

  async function expectSaid(heard: EncodedWindow, kept: readonly number[], { logits, ids }: Greedy): Promise<void> {
    const prompt = await model.family.prompt(await model.family.adapt(heard, selectTokens(kept)), '');
    const found = await prompt.begin().read(undefined);
    logits.forEach((value, id) => {
      if (found[id] !== -Infinity) {
        expect(Math.abs(found[id]! - value)).toBeLessThan(5e-3);
      }
    });
    await expectGreedy(model, prompt, ids, { nearTie, maxNewTokens: 24 });
  }
});

function everyToken(count: number): number[] {
  return Array.from({ length: count }, (_, token) => token);
}
