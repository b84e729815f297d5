import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, ValueInfoProtoSchema } from 'onnx-buf';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { output } from '../../src/engine/model/encode';
import { floats } from '../../src/engine/model/half';
import type { PrefixPack } from '../../src/engine/model/pack';
import { loadRuntime, type Runtime } from '../../src/engine/model/runtime';
import { meanKeys, receivedAttention as tapped, tapEncoder, validQueries } from '../../src/engine/model/tap';
import { receivedAttention } from '../received-attention';
import { packFolder } from './default-model';

describe('the attention tap', () => {
  let runtime: Runtime;
  let pack: PrefixPack;
  let encoder: Uint8Array;

  beforeAll(async () => {
    runtime = await loadRuntime(0);
    pack = JSON.parse(readFileSync(path.join(packFolder, 'pack.json'), 'utf8')) as PrefixPack;
    encoder = readFileSync(path.join(packFolder, pack.encoder.file));
  });

  /** The tapped encoder with its full attention probabilities as one more output, which the product never asks for. */
  async function runWithProbabilities(positions: number, valid: number) {
    const proto = fromBinary(ModelProtoSchema, tapEncoder(encoder));
    const probabilities = proto.graph!.node.find((node) => node.name === tapped)!.input[1]!;
    proto.graph!.output.push(create(ValueInfoProtoSchema, { name: probabilities }));
    const session = await runtime.createSession(toBinary(ModelProtoSchema, proto));
    const mel = Float32Array.from({ length: 80 * positions * 2 }, (_, i) => Math.sin(i * 0.37) * 0.5);
    const queries = new Float32Array(positions).fill(1, 0, valid);
    const results = await session.run({
      [pack.encoder.input]: new runtime.Tensor('float32', mel, [1, 80, positions * 2]),
      [validQueries]: new runtime.Tensor('float32', queries, [1, 1, 1, positions]),
    });
    await session.release();
    return { results, probabilities: output(results, probabilities) };
  }

  it('gives what each position receives, summed over queries and not over keys', async () => {
    const { results, probabilities } = await runWithProbabilities(100, 100);
    expect(probabilities.dims).toEqual([1, 8, 100, 100]);
    const expected = receivedAttention(floats(probabilities), 8, 100);
    const received = floats(output(results, tapped));
    expect(received).toHaveLength(800);
    received.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 3);
    });
    // The easy mistake, the sum over keys, gives 1 everywhere.
    expect(Math.max(...received) - Math.min(...received)).toBeGreaterThan(0.5);
    // Every query gives away exactly 1.
    expect(received.reduce((sum, value) => sum + value, 0)).toBeCloseTo(800, 1);
  });

  it('leaves padded queries out of the sum', async () => {
    const { results, probabilities } = await runWithProbabilities(100, 70);
    const expected = receivedAttention(floats(probabilities), 8, 100, 70);
    floats(output(results, tapped)).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 3);
    });
  });

  it('taps the keys of the same layer, averaged over heads', async () => {
    const { results } = await runWithProbabilities(100, 100);
    expect(output(results, meanKeys).dims).toEqual([1, 64, 100]);
  });

  it('leaves the encoder’s own output as it was', async () => {
    const plain = await runtime.createSession(encoder);
    const mel = Float32Array.from({ length: 80 * 200 }, (_, i) => Math.sin(i * 0.37) * 0.5);
    const expected = await plain.run({ [pack.encoder.input]: new runtime.Tensor('float32', mel, [1, 80, 200]) });
    await plain.release();
    const { results } = await runWithProbabilities(100, 100);
    expect(floats(output(results, pack.encoder.output))).toEqual(floats(output(expected, pack.encoder.output)));
  });

  it('says so where the graph has no attention', () => {
    const adapter = readFileSync(path.join(packFolder, pack.adapter!.file));
    expect(() => tapEncoder(adapter)).toThrow(/no attention that can be read/);
  });
});
