import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import type { ProductBits, Speed } from '../../protocol/model';
import { floatValue, intAttribute, modelBytes } from './graph-parts';
import type { Runtime } from './runtime';

/** The matrix has a layer's size, and the rows keep every core busy. */
const width = 2048;
const rows = 128;
/** Far larger than a processor's caches. */
const copiedBytes = 64e6;
/** The fastest counts: what else the machine does is not the model's. The first warms up. */
const tries = 5;
/** On a busy machine fewer tries do: somebody waits. */
const patienceMs = 1000;

/**
 * What this machine can do, measured in about half a second with the runtime's threads: products of matrices in
 * each form that weights have, and memory.
 */
export async function measureSpeed(runtime: Runtime): Promise<Speed> {
  return {
    productsPerSecond: {
      32: await productsPerSecond(runtime, 32),
      8: await productsPerSecond(runtime, 8),
      4: await productsPerSecond(runtime, 4),
    },
    bytesPerSecond: await memoryBytesPerSecond(),
  };
}

async function productsPerSecond(runtime: Runtime, bits: ProductBits): Promise<number> {
  const session = await runtime.createSession(productGraph(bits));
  try {
    const x = new runtime.Tensor('float32', new Float32Array(rows * width).fill(1), [rows, width]);
    return (rows * width * width) / (await shortestSeconds(() => session.run({ x })));
  } finally {
    await session.release();
  }
}

/** A copy reads and writes. */
async function memoryBytesPerSecond(): Promise<number> {
  const from = Buffer.alloc(copiedBytes, 1);
  const to = Buffer.alloc(copiedBytes, 2);
  return (2 * copiedBytes) / (await shortestSeconds(() => from.copy(to)));
}

async function shortestSeconds(task: () => unknown): Promise<number> {
  const begun = performance.now();
  let shortest = Infinity;
  for (let i = 0; i < tries && performance.now() - begun < patienceMs; i++) {
    const started = performance.now();
    await task();
    shortest = Math.min(shortest, performance.now() - started);
  }
  return shortest / 1000;
}

/** One product of rows with a square matrix. */
function productGraph(bits: ProductBits): Uint8Array {
  const graph = create(GraphProtoSchema, {
    name: 'product',
    input: [floatValue('x', ['rows', width])],
    output: [floatValue('y', ['rows', width])],
    ...(bits === 32 ? floatProduct() : blockProduct(bits)),
  });
  return modelBytes(graph, microsoft);
}

interface Product {
  readonly initializer: TensorProto[];
  readonly node: NodeProto[];
}

const microsoft = 'com.microsoft';

function floatProduct(): Product {
  return {
    initializer: [zeros('weight', TensorProto_DataType.FLOAT, 4, [width, width])],
    node: [create(NodeProtoSchema, { opType: 'MatMul', input: ['x', 'weight'], output: ['y'] })],
  };
}

/** Blocks of 32 with 8-bit activations, as the recipes make them. */
function blockProduct(bits: 4 | 8): Product {
  const block = 32;
  const blocks = width / block;
  const attributes = { K: width, N: width, bits, block_size: block, accuracy_level: 4 };
  return {
    initializer: [
      zeros('weight', TensorProto_DataType.UINT8, 1, [width, blocks, (block * bits) / 8]),
      zeros('scales', TensorProto_DataType.FLOAT, 4, [width * blocks]),
    ],
    node: [
      create(NodeProtoSchema, {
        opType: 'MatMulNBits',
        domain: microsoft,
        input: ['x', 'weight', 'scales'],
        output: ['y'],
        attribute: Object.entries(attributes).map(([name, value]) => intAttribute(name, BigInt(value))),
      }),
    ],
  };
}

/** A product takes as long whatever is multiplied. */
function zeros(
  name: string,
  dataType: TensorProto_DataType,
  bytesPerValue: number,
  dims: readonly number[],
): TensorProto {
  const values = dims.reduce((product, size) => product * size, 1);
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType,
    rawData: new Uint8Array(values * bytesPerValue),
  });
}
