import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  type AttributeProto,
  type NodeProto,
} from 'onnx-buf';
import { beforeAll, describe, expect, it } from 'vitest';
import { output } from '../../src/engine/model/encode';
import { floatValue, intAttribute } from '../../src/engine/model/graph-parts';
import { floats } from '../../src/engine/model/half';
import { loadRuntime, type Runtime } from '../../src/engine/model/runtime';
import { meanKeys, receivedAttention, tapEncoder, validQueries } from '../../src/engine/model/tap';

const positions = 7;
const heads = 4;
const headWidth = 8;
const width = heads * headWidth;
/** Rows of queries and keys are the input's: [positions, width]. */
const input = Float32Array.from({ length: positions * width }, (_, i) => Math.sin(i * 0.7) * 2);

interface Layer {
  readonly operator: string;
  readonly domain?: string;
  readonly inputs?: readonly string[];
  readonly attributes: readonly AttributeProto[];
}

interface Attention {
  readonly scale?: number;
  readonly causal?: boolean;
  readonly valid?: number;
  readonly queryBias?: number;
  readonly keyBias?: number;
  /** Whether a key can be seen by a query. */
  readonly sees?: (query: number, key: number) => boolean;
}

/** Attention received per head and position, from its definition: [heads * positions]. */
function expected({ scale = 1 / Math.sqrt(headWidth), ...options }: Attention): Float32Array {
  const { causal = false, valid = positions, queryBias = 0, keyBias = 0, sees = () => true } = options;
  const received = new Float32Array(heads * positions);
  const at = (row: number, head: number, i: number): number => input[row * width + head * headWidth + i]!;
  for (let head = 0; head < heads; head++) {
    for (let query = 0; query < valid; query++) {
      const logits = Array.from({ length: causal ? query + 1 : positions }, (_, key) => {
        let dot = 0;
        for (let i = 0; i < headWidth; i++) {
          dot += (at(query, head, i) + queryBias) * (at(key, head, i) + keyBias);
        }
        return sees(query, key) ? Math.exp(dot * scale) : 0;
      });
      const sum = logits.reduce((total, value) => total + value, 0);
      logits.forEach((value, key) => {
        received[head * positions + key]! += value / sum;
      });
    }
  }
  return received;
}

function constant(name: string, dataType: TensorProto_DataType, values: readonly number[], dims = [values.length]) {
  const data = dataType === TensorProto_DataType.FLOAT ? { floatData: [...values] } : { int32Data: [...values] };
  return create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType, ...data });
}

const constants = [
  // Of queries, keys and values, behind one another.
  constant(
    'bias',
    TensorProto_DataType.FLOAT,
    [0.5, -0.25, 0].flatMap((value) => Array<number>(width).fill(value)),
  ),
  constant('last', TensorProto_DataType.INT32, [positions - 1]),
  constant('total', TensorProto_DataType.INT32, [positions]),
  // Key-padding masks: by key, by query and key, and as a number of keys.
  constant(
    'by_key',
    TensorProto_DataType.INT32,
    Array.from({ length: positions }, (_, key) => Number(seenByKey(0, key))),
    [1, positions],
  ),
  constant(
    'by_query_and_key',
    TensorProto_DataType.INT32,
    Array.from({ length: positions ** 2 }, (_, i) => Number(sameThird(Math.floor(i / positions), i % positions))),
    [1, positions, positions],
  ),
  constant('keys', TensorProto_DataType.INT32, [5]),
];

function seenByKey(_query: number, key: number): boolean {
  return [0, 2, 3, 4].includes(key);
}

function amongFive(_query: number, key: number): boolean {
  return key < 5;
}

/** Some rule that differs from query to query. */
function sameThird(query: number, key: number): boolean {
  return query % 3 === key % 3;
}

function node({ operator, domain = '', inputs = [], attributes }: Layer, from: string, to: string): NodeProto {
  return create(NodeProtoSchema, {
    opType: operator,
    domain,
    input: [from, from, from, ...inputs],
    // GroupQueryAttention gives its keys and values as well.
    output: operator === 'GroupQueryAttention' ? [to, `${to}_keys`, `${to}_values`] : [to],
    attribute: [...attributes],
  });
}

/** An encoder of attention and nothing else. */
function encoder(layers: readonly Layer[]): Uint8Array {
  const names = ['x', ...layers.map((_, i) => `layer_${String(i)}`)];
  const graph = create(GraphProtoSchema, {
    name: 'encoder',
    input: [floatValue('x', [1, 'positions', width])],
    output: [floatValue(names.at(-1)!, [1, 'positions', width])],
    node: layers.map((layer, i) => node(layer, names[i]!, names[i + 1]!)),
    initializer: constants.filter(({ name }) => layers.some(({ inputs }) => inputs?.includes(name))),
  });
  const opsetImport = [
    create(OperatorSetIdProtoSchema, { domain: '', version: 23n }),
    create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }),
  ];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 11n, opsetImport, graph }));
}

const standard: Layer = {
  operator: 'Attention',
  attributes: [intAttribute('q_num_heads', BigInt(heads)), intAttribute('kv_num_heads', BigInt(heads))],
};
const multiHead: Layer = {
  operator: 'MultiHeadAttention',
  domain: 'com.microsoft',
  attributes: [intAttribute('num_heads', BigInt(heads))],
};
const biased: Layer = {
  ...multiHead,
  inputs: ['bias'],
  attributes: [
    ...multiHead.attributes,
    create(AttributeProtoSchema, { name: 'scale', type: AttributeProto_AttributeType.FLOAT, f: 0.2 }),
  ],
};
const masked = (mask: string): Layer => ({ ...multiHead, inputs: ['', mask] });
const causal: Layer = { ...multiHead, attributes: [...multiHead.attributes, intAttribute('unidirectional', 1n)] };
const groupQuery: Layer = {
  operator: 'GroupQueryAttention',
  domain: 'com.microsoft',
  inputs: ['', '', 'last', 'total'],
  attributes: [intAttribute('num_heads', BigInt(heads)), intAttribute('kv_num_heads', BigInt(heads))],
};

describe('attention that one operator computes', () => {
  let runtime: Runtime;

  beforeAll(async () => {
    runtime = await loadRuntime(1);
  });

  async function received(layers: readonly Layer[], valid = positions, read = layers.length) {
    const session = await runtime.createSession(tapEncoder(encoder(layers), read));
    const results = await session.run({
      x: new runtime.Tensor('float32', input, [1, positions, width]),
      [validQueries]: new runtime.Tensor('float32', new Float32Array(positions).fill(1, 0, valid), [
        1,
        1,
        1,
        positions,
      ]),
    });
    await session.release();
    return { scores: floats(output(results, receivedAttention)), keys: output(results, meanKeys) };
  }

  it.each([
    ['Attention of opset 23', standard, {}],
    ['Attention of opset 23 with padded queries', standard, { valid: 4 }],
    ['MultiHeadAttention', multiHead, {}],
    ['MultiHeadAttention with padded queries', multiHead, { valid: 5 }],
    ['MultiHeadAttention with biases and a scale', biased, { scale: 0.2, queryBias: 0.5, keyBias: -0.25 }],
    ['MultiHeadAttention with padded keys', masked('by_key'), { sees: seenByKey }],
    ['MultiHeadAttention with keys hidden from queries', masked('by_query_and_key'), { sees: sameThird }],
    ['MultiHeadAttention with a number of keys', masked('keys'), { sees: amongFive }],
    ['GroupQueryAttention, in which positions see what is before them', groupQuery, { causal: true }],
  ] as const)('%s', async (_, layer, attention: Attention) => {
    const { scores } = await received([layer], attention.valid);
    const wanted = expected(attention);
    expect(scores).toHaveLength(wanted.length);
    scores.forEach((value, i) => {
      expect(value).toBeCloseTo(wanted[i]!, 4);
    });
  });

  it.each([
    ['Attention of opset 23', standard],
    ['MultiHeadAttention', multiHead],
    ['GroupQueryAttention', groupQuery],
  ])('gives the keys of %s, their mean over heads', async (_, layer) => {
    const { keys } = await received([layer]);
    expect(keys.dims).toEqual([1, headWidth, positions]);
    floats(keys).forEach((value, i) => {
      const row = i % positions;
      const column = Math.floor(i / positions);
      const values = Array.from({ length: heads }, (__, head) => input[row * width + head * headWidth + column]!);
      expect(value).toBeCloseTo(values.reduce((sum, each) => sum + each, 0) / heads, 5);
    });
  });

  it.each([
    ['a mask of unknown shape', masked('elsewhere')],
    ['queries that see only what is before them', causal],
  ])('does not guess at MultiHeadAttention with %s', (_, layer) => {
    expect(() => tapEncoder(encoder([layer]))).toThrow(/no attention that can be read/);
  });

  it('reads the last of the encoder’s layers, not attention that comes behind them', async () => {
    const { scores } = await received([standard, multiHead], positions, 1);
    const wanted = expected({});
    scores.forEach((value, i) => {
      expect(value).toBeCloseTo(wanted[i]!, 4);
    });
    expect((await received([standard, multiHead])).scores).not.toEqual(scores);
  });
});
