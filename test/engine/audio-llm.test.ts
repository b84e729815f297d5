import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeWindow, type EncodedWindow } from '../../src/engine/model/encode';
import { explainWindow } from '../../src/engine/model/explain';
import { promptIds } from '../../src/engine/model/families/prefix';
import { emptyCache, keptCache } from '../../src/engine/model/kv-cache';
import { loadModel, releaseModel, type Model } from '../../src/engine/model/load';
import { memoryNeeded } from '../../src/engine/model/needs';
import type { PrefixPack } from '../../src/engine/model/pack';
import { loadRuntime } from '../../src/engine/model/runtime';
import { select } from '../../src/pruning/registry';
import { reduceHeads } from '../../src/pruning/score';
import { selectTokens, sourceTokens, type Selection } from '../../src/pruning/selection';
import { readPlainWav, repository } from './default-model';
import { expectGreedy, logitsAfter } from './greedy';

/** Some rows of a matrix, each with its first values. */
interface Rows {
  readonly rows: readonly number[];
  readonly values: readonly (readonly number[])[];
}

interface Answer {
  /** Of what comes first behind the prompt. */
  readonly logits: readonly number[];
  readonly ids: readonly number[];
}

/**
 * What transformers gives of a clip with a tiny checkpoint of the real class, written by `python -m …golden` of the
 * recipes: float32, eager attention.
 */
interface Reference {
  readonly file: string;
  readonly samples: number;
  readonly valid: number;
  readonly positions: number;
  readonly receivedPerHead: readonly (readonly number[])[];
  readonly tokens: Rows;
  readonly adapted: Rows;
  readonly question: string;
  readonly prompt: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** A quarter: those that receive the most attention. */
  readonly kept: readonly number[];
  readonly all: Answer;
  readonly pruned: Answer;
  /** Of every generated token at some audio tokens. */
  readonly decoderAttention: { readonly cols: readonly number[]; readonly values: readonly (readonly number[])[] };
  /** With the weights that the decoder's 4 bits stand for. */
  readonly int4: { readonly all: Answer; readonly pruned: Answer };
}

/**
 * How far a precision may be from transformers' float32, as a share of the largest value of a row: rounding in float32,
 * the 11 bits of float16, and with 4-bit weights the 8 bits of activations in matrix products.
 */
const tolerances = {
  fp32: { encoder: 1e-4, logits: 2e-4, nearTie: 0.01 },
  fp16: { encoder: 5e-3, logits: 2e-2, nearTie: 0.1 },
  int4: { encoder: 5e-3, logits: 0.1, nearTie: 0.5 },
} as const;

const models = [
  { name: 'qwen2-audio', recipe: 'export-qwen2-audio', module: 'export_qwen2_audio' },
  { name: 'audio-flamingo-3', recipe: 'export-audio-flamingo-3', module: 'export_audio_flamingo_3' },
];
const precisions = ['fp32', 'fp16', 'int4'] as const;
const clips = ['conference-prompt', 'half-minute'];

const folder = mkdtempSync(path.join(tmpdir(), 'earmark-export-'));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** NumPy and onnx are in the environment that `.ci/run` makes, if there is one. */
const environment = path.join(repository, '.cache', 'venv', 'bin', 'python');
const python = process.env['EARMARK_PYTHON'] ?? (existsSync(environment) ? environment : 'python3');

/** Exports the tiny checkpoint of a model by its recipe, as a person would. */
function exportPack(model: (typeof models)[number], precision: string): string {
  return runRecipe(model, ['-m', model.module], `${model.name}-${precision}`, precision);
}

/** The same, where no file may be larger than so many bytes. */
function exportInSmallFiles(model: (typeof models)[number], precision: string, bytes: number): string {
  const program =
    `import runpy, ${model.module}; from audio_llm import graph; graph.MOST_FILE_BYTES = ${String(bytes)}; ` +
    `runpy.run_module("${model.module}", run_name="__main__")`;
  return runRecipe(model, ['-c', program], `${model.name}-${precision}-small`, precision);
}

function runRecipe(
  model: (typeof models)[number],
  program: readonly string[],
  pack: string,
  precision: string,
): string {
  const out = path.join(folder, pack);
  const checkpoint = path.join(referenceOf(model), 'checkpoint');
  const cwd = path.join(repository, 'recipes', model.recipe);
  execFileSync(python, [...program, checkpoint, '--out', out, '--precision', precision], { cwd, encoding: 'utf8' });
  return out;
}

describe.each(models)('$name', (described) => {
  describe.each(precisions)('exported as %s', (precision) => {
    const tolerance = tolerances[precision];
    let model: Model;

    beforeAll(async () => {
      model = await loadModel(exportPack(described, precision), await loadRuntime(0));
    });

    afterAll(() => releaseModel(model));

    it('is as large as its manifest says: parameters, weights as they run, keys and values', async () => {
      const { parts = {}, decoder } = model.pack;
      const parameters = Object.values(parts).reduce((sum, part) => sum + part.parameters, 0);
      expect(parameters).toBe(numbersIn(path.join(referenceOf(described), 'checkpoint')));

      for (const [part, { memoryBytes }] of Object.entries(parts)) {
        const bytes = await bytesAsTheyRun(path.join(model.folder, `${part}.onnx`));
        expect(Math.abs(memoryBytes - bytes)).toBeLessThan(0.002 * bytes);
      }

      const positions = 3;
      const session = await model.runtime.createSession(path.join(model.folder, decoder.file));
      const { Tensor } = model.runtime;
      const { width, inputsEmbeds, attentionMask } = (model.pack as PrefixPack).decoder;
      const results = await session.run({
        ...emptyCache(model.runtime, session, decoder),
        [inputsEmbeds]: new Tensor('float32', new Float32Array(positions * width), [1, positions, width]),
        [attentionMask]: new Tensor('int64', new BigInt64Array(positions).fill(1n), [1, positions]),
      });
      await session.release();
      const cache = Object.values(keptCache(decoder, results)).map(({ data }) => (data as Float32Array).byteLength);
      // 750 tokens of audio and 100 positions of text.
      const perPosition = cache.reduce((sum, bytes) => sum + bytes, 0) / positions;
      const without = { ...model.pack, decoder: { ...decoder, layers: 0 } } as PrefixPack;
      expect(memoryNeeded(model.pack) - memoryNeeded(without)).toBe(850 * perPosition);
    });

    describe.each(clips)('%s, against transformers', (clip) => {
      const file = path.join(referenceOf(described), `${clip}.json`);
      const reference = JSON.parse(readFileSync(file, 'utf8')) as Reference;
      const samples = readPlainWav(path.join(repository, 'media', 'samples', reference.file));
      const answers = precision === 'int4' ? reference.int4 : reference;
      let encoded: EncodedWindow;

      beforeAll(async () => {
        encoded = await encodeWindow(model, samples.subarray(0, reference.samples));
      });

      it('encoder tokens', () => {
        const { data, rows, columns } = encoded.tokens;
        expect(rows).toBe(reference.valid);
        expect(encoded.counts).toEqual({ valid: reference.valid, trimmed: 750 - reference.valid });
        expectRows(data, columns, reference.tokens, tolerance.encoder);
      });

      it('received attention of each head', () => {
        reference.receivedPerHead.forEach((positions, head) => {
          for (let token = 0; token < reference.valid; token++) {
            const expected = (positions[2 * token]! + positions[2 * token + 1]!) / 2;
            const found = encoded.receivedPerHead[head * reference.valid + token]!;
            expect(Math.abs(found - expected)).toBeLessThan(10 * tolerance.encoder * Math.max(1, expected));
          }
        });
      });

      it('audio embeddings of the adapter', async () => {
        const { rows } = await model.family.adapt(encoded, everyToken());
        expectRows(rows, (model.pack as PrefixPack).decoder.width, reference.adapted, tolerance.encoder);
      });

      it("prompt token ids of the processor's chat template", () => {
        const { template } = (model.pack as PrefixPack).prompt;
        expect(promptIds(model.tokenizer, template, reference.question)).toEqual(reference.prompt);
      });

      // Other precisions round scores, so that neighbours in rank may change places.
      if (precision === 'fp32') {
        it('the tokens that top-k keeps', () => {
          const scores = reduceHeads(encoded.receivedPerHead, model.pack.encoder.heads, 'mean');
          const choice = { strategy: 'top-k', keepRatio: 0.25, budgetMode: 'exact', parameters: {} } as const;
          expect(sourceTokens(select(choice, { scores }).selection)).toEqual(reference.kept);
        });
      }

      it('logits and greedy tokens with everything kept', async () => {
        await expectAnswer(everyToken(), answers.all);
      });

      it('logits and greedy tokens with a quarter kept', async () => {
        await expectAnswer(selectTokens(reference.kept), answers.pruned);
      });

      // There is a reference for the weights as they are, not for what 4 bits stand for.
      if (precision !== 'int4') {
        it('attention of the decoder to the sound', async () => {
          const tokenIds = reference.all.ids;
          const explainer = await model.family.loadExplainer();
          const part = { index: 0, firstToken: 0, selection: everyToken(), tokenIds };
          const found = await explainWindow(model, explainer, part, encoded, reference.question);
          await explainer.release();
          const { cols, values } = reference.decoderAttention;
          values.forEach((row, token) => {
            const largest = Math.max(...row);
            cols.forEach((col, i) => {
              const value = found.attention[token * reference.valid + col]!;
              expect(Math.abs(value - row[i]!)).toBeLessThan(10 * tolerance.logits * largest);
            });
          });
        });
      }

      function everyToken(): Selection {
        return selectTokens(Array.from({ length: reference.valid }, (_, token) => token));
      }

      async function expectAnswer(selection: Selection, { logits, ids }: Answer): Promise<void> {
        const prompt = await model.family.prompt(await model.family.adapt(encoded, selection), reference.question);
        const found = await logitsAfter(prompt, []);
        expect(found).toHaveLength(logits.length);
        expectRows(found, found.length, { rows: [0], values: [logits] }, tolerance.logits);
        await expectGreedy(model, prompt, ids, { nearTie: tolerance.nearTie, maxNewTokens: 12 });
      }
    });
  });
});

function referenceOf({ name }: (typeof models)[number]): string {
  return path.join(repository, 'test', 'reference', name);
}

/** How many numbers the tensors of a checkpoint hold, by the headers of its files. */
function numbersIn(checkpoint: string): number {
  const shards = readdirSync(checkpoint).filter((name) => name.endsWith('.safetensors'));
  const headers = shards.map((name) => {
    const data = readFileSync(path.join(checkpoint, name));
    return JSON.parse(data.toString('utf8', 8, 8 + Number(data.readBigUInt64LE()))) as Record<
      string,
      { shape?: number[] }
    >;
  });
  const shapes = headers.flatMap((header) => Object.values(header).flatMap(({ shape }) => (shape ? [shape] : [])));
  return shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** Bytes of a graph's constants as onnxruntime keeps them: it writes the graph that it made of the file. */
async function bytesAsTheyRun(file: string): Promise<number> {
  const optimised = path.join(folder, 'optimised.onnx');
  const session = await InferenceSession.create(file, { optimizedModelFilePath: optimised, logSeverityLevel: 3 });
  await session.release();
  const { graph } = fromBinary(ModelProtoSchema, readFileSync(optimised));
  return graph!.initializer.reduce((sum, tensor) => {
    const external = tensor.externalData.find(({ key }) => key === 'length');
    return sum + (external ? Number(external.value) : tensor.rawData.length);
  }, 0);
}

/** As the weights of 7 B models are, which take several files of 1.9 GB. */
describe.each(models)('$name in several files', (described) => {
  it.each([
    { precision: 'fp32', bytes: 400_000, encoder: 3, decoder: 2 },
    { precision: 'int4', bytes: 200_000, encoder: 3, decoder: 2 },
  ] as const)('says what it says in one, as $precision', async ({ precision, bytes, encoder, decoder }) => {
    const small = exportInSmallFiles(described, precision, bytes);
    const sizes = readdirSync(small)
      .filter((name) => name.includes('.data'))
      .map((name) => [name, statSync(path.join(small, name)).size] as const);
    expect(sizes.filter(([name]) => name.startsWith('encoder.onnx.data'))).toHaveLength(encoder);
    expect(sizes.filter(([name]) => name.startsWith('decoder.onnx.data'))).toHaveLength(decoder);
    expect(Math.max(...sizes.map(([, size]) => size))).toBeLessThanOrEqual(bytes);

    const samples = readPlainWav(path.join(repository, 'media', 'samples', 'conference-prompt.wav'));
    const [expected, found] = [await hear(exportPack(described, precision)), await hear(small)];
    expect(found).toEqual(expected);
    // As exports of others are laid out.
    moveGraphs(small, 'onnx');
    expect(await hear(small)).toEqual(expected);

    /** All that the weights of a pack decide: tokens, attention through the tap, embeddings, logits, attention of words. */
    async function hear(pack: string): Promise<unknown> {
      const model = await loadModel(pack, await loadRuntime(1));
      const encoded = await encodeWindow(model, samples);
      const selection = selectTokens(Array.from({ length: encoded.counts.valid }, (_, token) => token));
      const adapted = await model.family.adapt(encoded, selection);
      const logits = await logitsAfter(await model.family.prompt(adapted, 'What is heard?'), []);
      const explainer = await model.family.loadExplainer();
      const part = { index: 0, firstToken: 0, selection, tokenIds: [5, 6, 7] };
      const { attention } = await explainWindow(model, explainer, part, encoded, 'What is heard?');
      await explainer.release();
      await releaseModel(model);
      return { tokens: encoded.tokens, received: encoded.receivedPerHead, adapted, logits, attention };
    }
  });
});

/** Puts the graphs of a pack and their weights into a folder within it. */
function moveGraphs(pack: string, below: string): void {
  const graphs = readdirSync(pack).filter((name) => name.includes('.onnx'));
  mkdirSync(path.join(pack, below));
  for (const name of graphs) {
    renameSync(path.join(pack, name), path.join(pack, below, name));
  }
  const file = path.join(pack, 'pack.json');
  const moved = (_: string, value: unknown): unknown =>
    typeof value === 'string' && graphs.includes(value) ? `${below}/${value}` : value;
  writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, 'utf8'), moved)));
}

/** Agreement to a share of the largest value of the row. */
function expectRows(data: Float32Array, columns: number, { rows, values }: Rows, share: number): void {
  rows.forEach((row, i) => {
    const largest = Math.max(...values[i]!.map(Math.abs));
    values[i]!.forEach((expected, column) => {
      expect(Math.abs(data[row * columns + column]! - expected)).toBeLessThan(share * largest);
    });
  });
}
