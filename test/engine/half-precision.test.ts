import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { ModelProtoSchema, NodeProtoSchema, TensorProto_DataType, ValueInfoProtoSchema } from 'onnx-buf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeWindow, type EncodedWindow } from '../../src/engine/model/encode';
import { loadModel, releaseModel, type Model } from '../../src/engine/model/load';
import { loadRuntime } from '../../src/engine/model/runtime';
import { importModel } from '../../src/import/import-model';
import { EarmarkError } from '../../src/protocol/errors';
import { selectTokens } from '../../src/pruning/selection';
import { readPlainWav, repository } from './default-model';
import { expectGreedy, logitsAfter } from './greedy';

interface Greedy {
  readonly logits: readonly number[];
  readonly ids: readonly number[];
}

/** What PyTorch gives in float32 with the weights that a lower precision stands for. */
interface Golden {
  readonly features: readonly (readonly number[])[];
  readonly norm: number;
  /** Absent where the class has no scores. */
  readonly receivedPerHead?: readonly (readonly number[])[];
  readonly full: Greedy;
  readonly pruned: Greedy;
}

/** Of float32, what the others share. */
interface Whole extends Golden {
  readonly samples: number;
  readonly groups: number;
  readonly question: string;
  readonly kept: readonly number[];
}

const reference = path.join(repository, 'test', 'reference', 'transformers-js');
const float16: number = TensorProto_DataType.FLOAT16;
/** A float16 has 11 bits, so each of some 60 operations in a row may be off by 0.05 %. */
const farFeature = 0.01;
const farLogit = 0.02;
/** Two choices that rounding may swap. */
const nearTie = 2 * farLogit;

describe.each([
  ['ultravox', 'fp16'],
  ['ultravox', 'q4f16'],
  ['voxtral', 'fp16'],
  ['voxtral', 'q4f16'],
  ['granite-speech', 'fp16'],
  ['granite-speech', 'q4f16'],
] as const)('%s in %s', (kind, precision) => {
  const golden = (read(`${kind}-half`) as Record<string, Golden>)[precision]!;
  const whole = read(kind) as Whole;
  let folder: string;
  let model: Model;
  let encoded: EncodedWindow;

  beforeAll(async () => {
    folder = await imported(kind, precision);
    model = await loadModel(folder, await loadRuntime(1));
    const sound = readPlainWav(path.join(repository, 'media', 'samples', 'conference-prompt.wav'));
    encoded = await encodeWindow(model, sound.slice(0, whole.samples));
  });
  afterAll(async () => {
    await releaseModel(model);
    rmSync(folder, { recursive: true });
  });

  it('takes and gives float16, and has a cache of it', async () => {
    const types = model.encoder.inputMetadata.map((input) => input.isTensor && [input.name, input.type]);
    expect(types).toContainEqual([model.pack.encoder.input, 'float16']);
    const prompt = await promptOf(whole.kept);
    const reading = prompt.begin();
    await reading.read(undefined);
    const { layers, kvHeads, headDim } = model.pack.decoder;
    expect(reading.kvBytes).toBe(2 * layers * kvHeads * headDim * prompt.positions * 2);
  });

  it('has the rows of the weights that it stands for', () => {
    const { tokens, padding } = encoded;
    const { columns } = tokens;
    const data = [...tokens.data, ...padding.data].slice(0, golden.features.length * columns);
    golden.features.forEach((row, token) => {
      row.forEach((value, column) => {
        expect(Math.abs(data[token * columns + column]! - value)).toBeLessThan(farFeature);
      });
    });
    expect(Math.hypot(...data) / golden.norm).toBeCloseTo(1, 2);
  });

  const { receivedPerHead } = golden;
  if (receivedPerHead) {
    it('has their received attention', () => {
      receivedPerHead.forEach((row, head) => {
        row.forEach((value, token) => {
          const received = encoded.receivedPerHead[head * whole.groups + token]!;
          expect(Math.abs(received - value)).toBeLessThan(0.01 * value + 0.01);
        });
      });
    });
  }

  it.each(['full', 'pruned'] as const)('has their logits and says what they say, %s', async (run) => {
    const { logits, ids } = golden[run];
    const every = Array.from({ length: whole.groups }, (_, token) => token);
    const prompt = await promptOf(run === 'full' ? every : whole.kept);
    const found = await logitsAfter(prompt, []);
    logits.forEach((value, id) => {
      expect(Math.abs(found[id]! - value)).toBeLessThan(farLogit);
    });
    await expectGreedy(model, prompt, ids, { nearTie, maxNewTokens: 12 });
  });

  if (precision === 'fp16') {
    it('is as near to float32 itself', async () => {
      const found = await logitsAfter(await promptOf(whole.kept), []);
      whole.pruned.logits.forEach((value, id) => {
        expect(Math.abs(found[id]! - value)).toBeLessThan(farLogit);
      });
    });
  }

  const promptOf = async (kept: readonly number[]) =>
    model.family.prompt(await model.family.adapt(encoded, selectTokens(kept)), whole.question);
});

describe('an operator that the processor has not in float16', () => {
  it('is named, with what to do', async () => {
    const folder = await imported('ultravox', 'fp16');
    try {
      const file = path.join(folder, 'onnx', 'audio_encoder_fp16.onnx');
      const proto = fromBinary(ModelProtoSchema, readFileSync(file));
      // Of the contrib operators, this one was written for graphics cards only.
      const bias = proto.graph!.initializer.find(({ dims, dataType }) => dims.length === 1 && dataType === float16);
      const input = ['audio_features', bias!.name];
      const domain = 'com.microsoft';
      proto.graph!.node.push(create(NodeProtoSchema, { opType: 'BiasSplitGelu', domain, input, output: ['split'] }));
      proto.graph!.output.push(create(ValueInfoProtoSchema, { ...proto.graph!.output[0]!, name: 'split' }));
      writeFileSync(file, toBinary(ModelProtoSchema, proto));
      await importModel(folder);
      const error = await loadModel(folder, await loadRuntime(1)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(EarmarkError);
      expect(error).toMatchObject({
        code: 'model-unsupported',
        message: expect.stringMatching(
          /can not run on cpu: onnxruntime has no BiasSplitGelu there .* \(fp16\)\.$/,
        ) as string,
        action: expect.stringMatching(/^Choose another precision/) as string,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** A folder of the caller's with one precision of a model, imported. */
async function imported(kind: string, precision: string): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'earmark-half-'));
  const filter = (file: string) => !file.endsWith('.onnx') || file.endsWith(`_${precision}.onnx`);
  for (const source of [kind, `${kind}-half`]) {
    cpSync(path.join(reference, source), folder, { recursive: true, filter });
  }
  await importModel(folder);
  return folder;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(path.join(reference, name, 'golden.json'), 'utf8'));
}
