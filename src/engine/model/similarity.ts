import { create } from '@bufbuild/protobuf';
import { GraphProtoSchema, NodeProtoSchema, TensorProto_DataType, TensorProtoSchema } from 'onnx-buf';
import type { InferenceSession } from 'onnxruntime-node';
import type { Matrix } from '../../pruning/strategy';
import { output } from './encode';
import { floats } from './half';
import { floatValue, int64Constant, modelBytes } from './graph-parts';
import type { Runtime } from './runtime';

/**
 * Cosine similarity of every pair of tokens, as a graph: rows over their lengths, times themselves. A row without
 * length stays 0 and is like nothing.
 */
function similarityGraph(): Uint8Array {
  const node = (opType: string, input: string[], result: string) =>
    create(NodeProtoSchema, { opType, input, output: [result] });
  const graph = create(GraphProtoSchema, {
    name: 'similarity',
    input: [floatValue('tokens', ['rows', 'columns'])],
    output: [floatValue('similarity', ['rows', 'rows'])],
    initializer: [
      int64Constant('columns_axis', 1n),
      create(TensorProtoSchema, {
        name: 'smallest',
        dims: [1n],
        dataType: TensorProto_DataType.FLOAT,
        floatData: [1e-30],
      }),
    ],
    node: [
      node('ReduceL2', ['tokens', 'columns_axis'], 'lengths'),
      node('Max', ['lengths', 'smallest'], 'divisors'),
      node('Div', ['tokens', 'divisors'], 'directions'),
      node('Transpose', ['directions'], 'transposed'),
      node('MatMul', ['directions', 'transposed'], 'similarity'),
    ],
  });
  return modelBytes(graph);
}

export interface Similarity {
  /** [N, N], 1 on the diagonal. */
  readonly matrix: Matrix;
  readonly ms: number;
}

/**
 * Computes similarity matrices, once for a token matrix however many strategies look at it one after the other. Only
 * the last is kept: strategies are the inner loop over windows, and those of a long clip would fill the memory.
 */
export class SimilarityRunner {
  private session: Promise<InferenceSession> | undefined;
  private last: { readonly tokens: Matrix; readonly similarity: Similarity } | undefined;

  constructor(private readonly runtime: Runtime) {}

  async of(tokens: Matrix): Promise<Similarity> {
    if (this.last?.tokens === tokens) {
      return this.last.similarity;
    }
    this.session ??= this.runtime.createSession(similarityGraph());
    const session = await this.session;
    const started = performance.now();
    const { data, rows, columns } = tokens;
    const results = await session.run({ tokens: new this.runtime.Tensor('float32', data, [rows, columns]) });
    const matrix = { data: floats(output(results, 'similarity')), rows, columns: rows };
    const similarity = { matrix, ms: performance.now() - started };
    this.last = { tokens, similarity };
    return similarity;
  }

  async release(): Promise<void> {
    await (await this.session)?.release();
  }
}
