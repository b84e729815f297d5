import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode } from '../../src/engine/model/decode';
import { encodeWindow, output, type EncodedWindow } from '../../src/engine/model/encode';
import { promptIds } from '../../src/engine/model/families/prefix';
import { floats } from '../../src/engine/model/half';
import type { Model } from '../../src/engine/model/load';
import type { PrefixPack } from '../../src/engine/model/pack';
import { select } from '../../src/pruning/registry';
import { reduceHeads } from '../../src/pruning/score';
import { selectTokens, sourceTokens } from '../../src/pruning/selection';
import { readPlainWav, repository } from './default-model';
import { loadImported, references, removeImported } from './imported-model';

interface Greedy {
  readonly logits: readonly number[];
  readonly ids: readonly number[];
}

/** What PyTorch gives of a tiny model, written by `recipes/tiny-transformers-js`. */
interface Golden {
  readonly samples: number;
  readonly mel: readonly (readonly number[])[];
  readonly groups: number;
  /** Of each row the first values. */
  readonly features: readonly (readonly number[])[];
  readonly norm: number;
  readonly receivedPerHead: readonly (readonly number[])[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly question: string;
  readonly full: Greedy;
  readonly kept: readonly number[];
  readonly pruned: Greedy;
  readonly untrimmed?: Greedy;
}

describe.each(['ultravox', 'voxtral'])('%s, imported, against PyTorch', (kind) => {
  const source = path.join(references, kind);
  const golden = JSON.parse(readFileSync(path.join(source, 'golden.json'), 'utf8')) as Golden;
  const samples = readPlainWav(path.join(repository, 'media', 'samples', 'conference-prompt.wav')).slice(
    0,
    golden.samples,
  );
  let model: Model;
  let pack: PrefixPack;
  let encoded: EncodedWindow;

  beforeAll(async () => {
    model = await loadImported(kind);
    pack = model.pack as PrefixPack;
    encoded = await encodeWindow(model, samples);
  });
  afterAll(async () => {
    await removeImported(model);
  });

  it('log-mel of 128 bins', async () => {
    const length = kind === 'voxtral' ? 480_000 : samples.length;
    const padded = new Float32Array(length);
    padded.set(samples);
    const input = new model.runtime.Tensor('float32', padded, [1, length]);
    const mel = output(await model.frontEnd.run({ samples: input }), 'mel');
    expect(mel.dims).toEqual([1, 128, length / 160]);
    golden.mel.forEach((row, i) => {
      row.forEach((value, frame) => {
        expect(floats(mel)[i * 16 * mel.dims[2]! + frame]).toBeCloseTo(value, 3);
      });
    });
  });

  it('adapted tokens', () => {
    const { data, rows, columns } = encoded.tokens;
    expect(rows).toBe(golden.groups);
    golden.features.forEach((row, token) => {
      row.forEach((value, column) => {
        expect(data[token * columns + column]).toBeCloseTo(value, 2);
      });
    });
    expect(Math.hypot(...data) / golden.norm).toBeCloseTo(1, 3);
  });

  it('attention that each group of positions receives, by head', () => {
    golden.receivedPerHead.forEach((row, head) => {
      row.forEach((value, token) => {
        expect(encoded.receivedPerHead[head * golden.groups + token]).toBeCloseTo(value, 2);
      });
    });
  });

  it('prompt ids by the chat template', () => {
    const { before, after } = promptIds(model.tokenizer, pack.prompt.template, golden.question);
    expect({ before, after }).toEqual({ before: golden.before, after: golden.after });
  });

  it('the tokens that segmentwise keeps', () => {
    const scores = reduceHeads(encoded.receivedPerHead, pack.encoder.heads, 'mean');
    const choice = {
      strategy: 'segmentwise',
      keepRatio: 0.25,
      budgetMode: 'exact',
      parameters: { segments: 4 },
    } as const;
    expect(sourceTokens(select(choice, { scores }).selection)).toEqual(golden.kept);
  });

  const every = (count: number) => Array.from({ length: count }, (_, token) => token);

  async function expectGreedy(heard: EncodedWindow, kept: readonly number[], { logits, ids }: Greedy): Promise<void> {
    const prompt = await model.family.prompt(await model.family.adapt(heard, selectTokens(kept)), golden.question);
    const found = await prompt.begin().read(undefined);
    logits.forEach((value, id) => {
      expect(Math.abs(found[id]! - value)).toBeLessThan(5e-3);
    });
    const options = { maxNewTokens: 12, signal: new AbortController().signal, onText: () => undefined };
    expect((await decode(model, prompt, options)).tokenIds).toEqual(ids);
  }

  it('logits and greedy tokens of all tokens', () => expectGreedy(encoded, every(golden.groups), golden.full));

  it('logits and greedy tokens of a quarter', () => expectGreedy(encoded, golden.kept, golden.pruned));

  const { untrimmed } = golden;
  if (untrimmed) {
    it('logits and greedy tokens with the padding, as the class has it', async () => {
      const padded = new Float32Array(480_000);
      padded.set(samples);
      await expectGreedy(await encodeWindow(model, padded), every(375), untrimmed);
    });
  }
});
