import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { explainWindow } from '../../src/engine/model/explain';
import { encodeWindow, output, type EncodedWindow } from '../../src/engine/model/encode';
import { promptIds } from '../../src/engine/model/families/prefix';
import { floats } from '../../src/engine/model/half';
import type { Model } from '../../src/engine/model/load';
import type { PrefixPack } from '../../src/engine/model/pack';
import { select } from '../../src/pruning/registry';
import { reduceHeads } from '../../src/pruning/score';
import { sourceTokens } from '../../src/pruning/selection';
import { loadDefaultModel, readPlainWav, repository, sampleFiles } from './default-model';
import { expectGreedy } from './greedy';

/** Some rows, each with its first values. */
interface Rows {
  readonly rows: readonly number[];
  readonly values: readonly (readonly number[])[];
}

interface Greedy {
  readonly ids: readonly number[];
}

/** A choice by less is one that another processor's rounding of 8-bit activations may make the other way. */
const nearTie = 0.5;

/**
 * What PyTorch and transformers compute of a sample clip with the pack's own weights, written by `recipes/earmark-mini`.
 * `runtime` holds the captions with activations in 8 bits, as onnxruntime's kernels compute them; the others are with
 * float32 activations.
 */
interface Reference {
  readonly file: string;
  readonly samples: number;
  readonly melFrames: number;
  readonly mel: Rows & { readonly cols: readonly number[] };
  readonly receivedStride: number;
  readonly receivedPerHead: readonly (readonly number[])[];
  readonly scores: readonly number[];
  readonly tokens: Rows;
  readonly embeddings: Rows;
  readonly prompt: { readonly before: readonly number[]; readonly after: readonly number[] };
  readonly segmentwise25exact: { readonly kept: readonly number[] };
  /** Of every generated token at some audio tokens. */
  readonly decoderAttention: { readonly cols: readonly number[]; readonly values: readonly (readonly number[])[] };
  readonly runtime: {
    readonly greedy: { readonly full: Greedy };
    readonly segmentwise25exact: Greedy & { readonly kept: readonly number[] };
  };
}

describe.each(sampleFiles.map((file) => path.basename(file, '.wav')))('%s, against PyTorch', (name) => {
  const folder = path.join(repository, 'test', 'reference', 'earmark-mini');
  const reference = JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as Reference;
  let model: Model;
  let encoded: EncodedWindow;
  let scores: Float32Array;
  /** Tokens without padding: the reference pools the padded half of a last token too. */
  let wholeTokens: number;
  let validPositions: number;

  beforeAll(async () => {
    model = await loadDefaultModel();
    const samples = readPlainWav(path.join(repository, 'media', 'samples', reference.file));
    wholeTokens = Math.floor(samples.length / 640);
    validPositions = Math.ceil(samples.length / 320);
    encoded = await encodeWindow(model, samples);
    scores = reduceHeads(encoded.receivedPerHead, 8, 'mean');
  });

  it('log-mel', async () => {
    const samples = new Float32Array(reference.samples);
    samples.set(readPlainWav(path.join(repository, 'media', 'samples', reference.file)));
    const { frontEnd } = model.pack;
    const input = new model.runtime.Tensor('float32', samples, [1, samples.length]);
    const mel = floats(output(await model.frontEnd.run({ [frontEnd.input]: input }), frontEnd.output));
    const { rows, cols, values } = reference.mel;
    rows.forEach((row, i) => {
      cols.forEach((col, j) => {
        expect(Math.abs(mel[row * reference.melFrames + col]! - values[i]![j]!)).toBeLessThan(1e-4);
      });
    });
  });

  it('encoder tokens', () => {
    const { data, rows, columns } = encoded.tokens;
    expect(rows).toBe(reference.scores.length);
    expectRows(data, columns, reference.tokens);
  });

  it('received attention of each head, and the scores', () => {
    expect(scores).toHaveLength(reference.scores.length);
    // The reference sums over a padded position too, where there is one; the engine leaves its query out, which gives
    // a token at most 1.
    const padded = validPositions % 2;
    const expectNear = (found: number, expected: number): void => {
      const rounding = 1e-3 * Math.max(1, expected);
      expect(found).toBeLessThan(expected + rounding);
      expect(found).toBeGreaterThan(expected - padded - rounding);
    };
    scores.subarray(0, wholeTokens).forEach((score, token) => {
      expectNear(score, reference.scores[token]!);
    });
    // Pooled here from the reference's positions: the mean of each pair.
    if (reference.receivedStride === 1) {
      reference.receivedPerHead.forEach((positions, head) => {
        for (let token = 0; token < wholeTokens; token++) {
          const expected = (positions[2 * token]! + positions[2 * token + 1]!) / 2;
          expectNear(encoded.receivedPerHead[head * scores.length + token]!, expected);
        }
      });
    }
  });

  it('embeddings of the adapter', async () => {
    const everything = select(choice('none', 1), { scores }).selection;
    expectRows((await model.family.adapt(encoded, everything)).rows, 576, reference.embeddings);
  });

  it('prompt token ids', () => {
    const { pack, tokenizer } = model;
    const { template, question } = (pack as PrefixPack).prompt;
    expect(promptIds(tokenizer, template, question)).toEqual(reference.prompt);
  });

  it('the tokens that segmentwise keeps', () => {
    expect(sourceTokens(select(choice('segmentwise', 0.25), { scores }).selection)).toEqual(
      reference.segmentwise25exact.kept,
    );
  });

  it('greedy tokens with everything kept', async () => {
    await expectCaption(choice('none', 1), reference.runtime.greedy.full);
  });

  it('greedy tokens with a quarter kept', async () => {
    await expectCaption(choice('segmentwise', 0.25), reference.runtime.segmentwise25exact);
  });

  it('attention of the decoder to the sound', async () => {
    const { selection } = select(choice('none', 1), { scores });
    const tokenIds = reference.runtime.greedy.full.ids;
    const explainer = await model.family.loadExplainer();
    const part = { index: 0, firstToken: 0, selection, tokenIds };
    const found = await explainWindow(model, explainer, part, encoded, 'Describe the audio.');
    await explainer.release();
    expect(found.pieces).toHaveLength(tokenIds.length);
    const { cols, values } = reference.decoderAttention;
    values.forEach((row, token) => {
      const largest = Math.max(...row);
      cols.forEach((col, i) => {
        // Activations are rounded to 8 bits here and not in the reference.
        expect(Math.abs(found.attention[token * scores.length + col]! - row[i]!)).toBeLessThan(0.15 * largest);
      });
    });
  });

  async function expectCaption(chosen: ReturnType<typeof choice>, { ids }: Greedy): Promise<void> {
    const { selection } = select(chosen, { scores });
    const prompt = await model.family.prompt(await model.family.adapt(encoded, selection), 'Describe the audio.');
    const { tokenIds, finish } = await expectGreedy(model, prompt, ids, { nearTie, maxNewTokens: 48 });
    expect(tokenIds[0]).toBe(ids[0]);
    if (tokenIds.every((id, place) => id === ids[place])) {
      expect(finish).toBe('stop');
    }
  }
});

function choice(strategy: string, keepRatio: number) {
  return { strategy, keepRatio, budgetMode: 'exact', parameters: { segments: 10 } } as const;
}

/** Agreement to a thousandth of the largest value of the row. */
function expectRows(data: Float32Array, columns: number, { rows, values }: Rows): void {
  rows.forEach((row, i) => {
    const largest = Math.max(...values[i]!.map(Math.abs));
    values[i]!.forEach((expected, column) => {
      expect(Math.abs(data[row * columns + column]! - expected)).toBeLessThan(1e-3 * largest);
    });
  });
}
