import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Clip } from '../../src/engine/audio/clip';
import { encodeWindow, type EncodedWindow } from '../../src/engine/model/encode';
import { explainWindow } from '../../src/engine/model/explain';
import { loadModel, type Model } from '../../src/engine/model/load';
import { findPacks } from '../../src/engine/model/find-packs';
import type { CrossAttentionPack } from '../../src/engine/model/pack';
import { loadRuntime } from '../../src/engine/model/runtime';
import { runClip } from '../../src/engine/pipeline';
import type { RunEvent, RunSettings } from '../../src/protocol/run';
import { select } from '../../src/pruning/registry';
import { reduceHeads } from '../../src/pruning/score';
import { selectGroups, selectTokens, sourceTokens, type Selection } from '../../src/pruning/selection';
import { readPlainWav, repository, sampleFiles } from './default-model';
import { expectGreedy } from './greedy';

/** Made by `recipes/whisper-base`; not in the repository. `npm test` says how where it is missing. */
const models = path.join(repository, '.cache', 'models');

interface Greedy {
  readonly ids: readonly number[];
}

/** What transformers' Whisper gives of a sample clip, with the published weights. Written by `recipes/whisper-base`. */
interface Reference {
  readonly file: string;
  readonly valid: number;
  /** Some rows of the encoder's result, each with its first values. */
  readonly tokens: { readonly rows: readonly number[]; readonly values: readonly (readonly number[])[] };
  /** Length of the clip's tokens as one vector. */
  readonly norm: number;
  /** Among the clip's own positions. */
  readonly receivedPerHead: readonly (readonly number[])[];
  /** Of the whole input, padded to 30 s: Whisper as it is. */
  readonly padded: Greedy;
  /** Of what segmentwise keeps. */
  readonly segmentwise: readonly (Greedy & { readonly keepRatio: number; readonly kept: readonly number[] })[];
  /** Of the mean of each two neighbours. */
  readonly mergedPairs: Greedy;
  /** Of every generated token at some tokens. */
  readonly decoderAttention: { readonly cols: readonly number[]; readonly values: readonly (readonly number[])[] };
}

/** A choice by less is one that float32 may make either way. */
const nearTie = 0.01;

let model: Model;
let pack: CrossAttentionPack;

beforeAll(async () => {
  model = await loadModel(path.join(models, 'whisper-base'), await loadRuntime(0));
  pack = model.pack as CrossAttentionPack;
});

describe.each(sampleFiles.map((file) => path.basename(file, '.wav')))('%s, against transformers', (name) => {
  const folder = path.join(repository, 'test', 'reference', 'whisper-base');
  const reference = JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as Reference;
  const samples = readPlainWav(path.join(repository, 'media', 'samples', reference.file));
  let encoded: EncodedWindow;

  beforeAll(async () => {
    encoded = await encodeWindow(model, samples);
  });

  it('encoder tokens', () => {
    const { data, rows, columns } = encoded.tokens;
    expect(rows).toBe(reference.valid);
    reference.tokens.rows.forEach((row, i) => {
      const values = reference.tokens.values[i]!;
      const largest = Math.max(...values.map(Math.abs));
      values.slice(0, row < rows ? values.length : 0).forEach((expected, column) => {
        expect(Math.abs(data[row * columns + column]! - expected)).toBeLessThan(1e-3 * largest);
      });
    });
    expect(Math.hypot(...rowNorms(data, columns)) / reference.norm).toBeCloseTo(1, 4);
  });

  it('received attention of each head', () => {
    reference.receivedPerHead.forEach((positions, head) => {
      positions.forEach((expected, token) => {
        const found = encoded.receivedPerHead[head * reference.valid + token]!;
        expect(Math.abs(found - expected)).toBeLessThan(2e-3 * Math.max(1, expected));
      });
    });
  });

  it('the tokens that segmentwise keeps', () => {
    const scores = reduceHeads(encoded.receivedPerHead, pack.encoder.heads, 'mean');
    for (const { keepRatio, kept } of reference.segmentwise) {
      const choice = { strategy: 'segmentwise', keepRatio, budgetMode: 'exact', parameters: { segments: 10 } } as const;
      expect(sourceTokens(select(choice, { scores }).selection)).toEqual(kept);
    }
  });

  it('the transcript of the input as Whisper pads it', async () => {
    const padded = new Float32Array(pack.frontEnd.windowSeconds * pack.frontEnd.sampleRate);
    padded.set(samples);
    await expectTranscript(await encodeWindow(model, padded), everyToken(1500), reference.padded);
  });

  it.each(reference.segmentwise)('the transcript with a share of $keepRatio kept', async (run) => {
    await expectTranscript(encoded, selectTokens(run.kept), run);
  });

  it('the transcript of merged tokens', async () => {
    const pairs = Array.from({ length: Math.floor(reference.valid / 2) }, (_, i) => [
      { token: 2 * i, weight: 0.5 },
      { token: 2 * i + 1, weight: 0.5 },
    ]);
    await expectTranscript(encoded, selectGroups(pairs), reference.mergedPairs);
  });

  it('attention of the decoder to the sound', async () => {
    const tokenIds = reference.segmentwise[0]!.ids;
    const explainer = await model.family.loadExplainer();
    const part = { index: 0, firstToken: 0, selection: everyToken(reference.valid), tokenIds };
    const found = await explainWindow(model, explainer, part, encoded, '');
    await explainer.release();
    const { cols, values } = reference.decoderAttention;
    values.forEach((row, token) => {
      cols.forEach((col, i) => {
        const value = found.attention[token * reference.valid + col]!;
        expect(Math.abs(value - row[i]!)).toBeLessThan(1e-3 * Math.max(...row));
      });
    });
  });
});

async function expectTranscript(heard: EncodedWindow, selection: Selection, { ids }: Greedy): Promise<void> {
  const prompt = await model.family.prompt(await model.family.adapt(heard, selection), '');
  await expectGreedy(model, prompt, ids, { nearTie, maxNewTokens: 96 });
}

function everyToken(count: number): Selection {
  return selectTokens(Array.from({ length: count }, (_, token) => token));
}

function rowNorms(data: Float32Array, columns: number): number[] {
  return Array.from({ length: data.length / columns }, (_, row) =>
    Math.hypot(...data.subarray(row * columns, (row + 1) * columns)),
  );
}

const all: RunSettings = {
  strategy: 'none',
  keepRatio: 1,
  budgetMode: 'exact',
  headReduce: 'mean',
  parameters: {},
  question: '',
  maxNewTokens: 64,
};
const half: RunSettings = { ...all, strategy: 'segmentwise', keepRatio: 0.5, parameters: { segments: 10 } };

describe('Whisper in the pipeline', () => {
  const hold = readPlainWav(sampleFiles[2]!);

  const clipOf = (samples: Float32Array): Clip =>
    ({ clipId: `whisper-${String(samples.length)}`, samples, decodeMs: 0 }) as Clip;

  async function run(samples: Float32Array, settings: readonly RunSettings[], stopAfter = Infinity) {
    const controller = new AbortController();
    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent): void => {
      events.push(event);
      if (events.filter(({ kind }) => kind === 'text').length >= stopAfter) {
        controller.abort();
      }
    };
    const options = { cache: new Map<string, EncodedWindow>(), signal: controller.signal, onEvent };
    return { runs: await runClip(model, clipOf(samples), settings, options), events };
  }

  it('is listed as a model that is asked nothing', async () => {
    const { info } = (await findPacks([models])).find((found) => found.info.modelId === 'whisper-base')!;
    expect(info).toMatchObject({ family: 'cross-attention', asks: false, question: '', secondsPerToken: 0.02 });
    expect(info.problem).toBeUndefined();
  });

  it('writes down what is said, with all tokens and with half of them', async () => {
    const { runs, events } = await run(hold, [all, half]);
    for (const { runId, caption } of runs) {
      expect(caption).toBe('Please hold while I try that extension.');
      const text = events.flatMap((event) => (event.kind === 'text' && event.runId === runId ? [event.text] : []));
      expect(text.join('').trim()).toBe(caption);
    }
  });

  it('accounts for every token, every position and every byte of keys and values', async () => {
    const { runs } = await run(hold, [half]);
    const { tokens, prompt, generatedTokens, kvBytes } = runs[0]!;
    const { paddingTokens } = pack.cross;
    expect(tokens).toEqual({ valid: 328, trimmed: 1500 - 328 - paddingTokens, asked: 164, kept: 164 });
    expect(prompt).toEqual({ textBefore: 4, audio: 164, textAfter: paddingTokens });
    // The decoder's own positions, and the tokens that it looks at; 6 layers, 8 heads of 64, float32.
    expect(kvBytes).toBe(2 * 6 * 8 * 64 * 4 * (4 + generatedTokens + 164 + paddingTokens));
  });

  it.each(['visionzip', 'a-tome', 'fastadasp', 'sa-map'])('takes the merged tokens of %s', async (strategy) => {
    const { runs } = await run(hold, [{ ...all, strategy, keepRatio: 0.5 }]);
    const { groups } = runs[0]!.windows[0]!.selection;
    // SA-MAP may merge to fewer than it was asked for.
    expect(groups.length).toBeLessThanOrEqual(164);
    expect(groups.some((group) => group.length > 1)).toBe(true);
    expect(runs[0]!.caption).toMatch(/^Please hold/);
  });

  it('cuts a clip of 40 s into windows and joins what is said in them', async () => {
    const samples = new Float32Array(40 * 16000);
    samples.set(hold);
    samples.set(hold, 31 * 16000);
    const { runs } = await run(samples, [all]);
    const { windows, caption } = runs[0]!;
    expect(windows.map(({ startSeconds, endSeconds, firstToken }) => [startSeconds, endSeconds, firstToken])).toEqual([
      [0, 30, 0],
      [30, 40, 1500],
    ]);
    // A whole window has no padding behind it.
    expect(windows.map(({ tokens }) => tokens.trimmed)).toEqual([0, 1000 - pack.cross.paddingTokens]);
    expect(caption).toBe(windows.map((window) => window.caption).join(' '));
    expect(caption.match(/please hold while I try that extension/gi)).toHaveLength(2);
  });

  it.each([
    ['silence', new Float32Array(32000)],
    ['one sample', Float32Array.of(0.1)],
  ])('comes to an end with %s', async (_, samples) => {
    const { runs } = await run(samples, [all, half]);
    expect(runs.map(({ finish }) => finish)).toEqual(['stop', 'stop']);
  });

  it('stops between two tokens when it is cancelled, and keeps what was said', async () => {
    const { runs } = await run(hold, [all, half], 3);
    expect(runs).toHaveLength(1);
    expect(runs[0]!.finish).toBe('cancelled');
    expect(runs[0]!.caption).toMatch(/^Please hold/);
  });

  it('says what its context holds', async () => {
    await expect(run(hold, [{ ...all, maxNewTokens: 445 }])).rejects.toThrow(
      /: 4 text tokens and 445 new tokens exceed its context of 448/,
    );
  });
});
