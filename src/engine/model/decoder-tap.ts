import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  ValueInfoProtoSchema,
  TypeProtoSchema,
  TypeProto_TensorSchema,
  type GraphProto,
} from 'onnx-buf';
import { EarmarkError } from '../../protocol/errors';
import { floatValue, int64Constant, intAttribute } from './graph-parts';

/** Graph input that the tap adds: the first position whose attention is wanted, int64 [1]. */
export const firstQuery = 'earmark_first_query';
/** Graph output that the tap adds: attention of these positions, mean over heads, float [layers, queries, positions]. */
export const decoderAttention = 'earmark_decoder_attention';

/** Names of constants and of what is between, all of them the tap's own. */
const headAxis = `${decoderAttention}_head_axis`;
const queryAxis = `${decoderAttention}_query_axis`;
const end = `${decoderAttention}_end`;

/**
 * Finds the attention of each layer of a decoder, editing the graph where that takes an edit.
 *
 * @returns names of the probabilities, layer by layer: [1, heads, queries, positions]
 */
export type FindAttention = (graph: GraphProto) => readonly string[];

/**
 * Edits a decoder so that it gives the attention of its last positions in every layer.
 *
 * @param model an ONNX file; its weights may be external
 * @throws EarmarkError `model-unsupported` where no attention of this kind stands in the graph
 */
export function tapDecoder(model: Uint8Array, attention: FindAttention): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, model);
  const graph = proto.graph;
  const layers = graph ? attention(graph) : [];
  if (!graph || layers.length === 0) {
    throw new EarmarkError('model-unsupported', 'The decoder of this model does not give its attention.');
  }
  graph.input.push(
    create(ValueInfoProtoSchema, {
      name: firstQuery,
      type: create(TypeProtoSchema, {
        value: { case: 'tensorType', value: create(TypeProto_TensorSchema, { elemType: TensorProto_DataType.INT64 }) },
      }),
    }),
  );
  graph.initializer.push(int64Constant(headAxis, 1n), int64Constant(queryAxis, 1n), int64Constant(end, 2n ** 31n));
  const rows = layers.map((probabilities, index) =>
    tapLayer(graph, probabilities, `${decoderAttention}_${String(index)}`),
  );
  graph.node.push(
    create(NodeProtoSchema, {
      opType: 'Concat',
      input: rows,
      output: [decoderAttention],
      attribute: [intAttribute('axis', 0n)],
    }),
  );
  graph.output.push(floatValue(decoderAttention, ['layers', 'queries', 'positions']));
  return toBinary(ModelProtoSchema, proto);
}

/**
 * `GroupQueryAttention` hands out its probabilities when it is asked to (`qk_output` 2, a fourth output), which takes it
 * off its fastest path: only a decoder that explains is tapped.
 */
export function groupQueryAttention(graph: GraphProto): readonly string[] {
  return graph.node
    .filter((node) => node.opType === 'GroupQueryAttention')
    .map((layer, index) => {
      const name = `${decoderAttention}_probabilities_${String(index)}`;
      // Its outputs are: result, present key, present value, probabilities.
      while (layer.output.length < 3) {
        layer.output.push('');
      }
      layer.output[3] = name;
      layer.attribute = layer.attribute.filter((attribute) => attribute.name !== 'qk_output');
      layer.attribute.push(intAttribute('qk_output', 2n));
      return name;
    });
}

/** Attention to values that come from outside: the `Softmax` that feeds the left side of a `MatMul` with each of them. */
export function attentionTo(values: readonly string[]): FindAttention {
  return (graph) => {
    const softmax = new Set(graph.node.filter((node) => node.opType === 'Softmax').map((node) => node.output[0]));
    return values.flatMap(
      (value) =>
        graph.node.find((node) => node.opType === 'MatMul' && node.input[1] === value && softmax.has(node.input[0]))
          ?.input[0] ?? [],
    );
  };
}

/**
 * Of a graph that is one `If`, as Optimum merges decoders, leaves the branch that starts, and of the inputs those that it
 * takes. A graph of another form stays as it is.
 *
 * @param useCache the input that the `If` asks: false to start
 */
export function startBranch(graph: GraphProto, useCache: string): void {
  const [choice] = graph.node;
  const branch = choice?.attribute.find(({ name }) => name === 'else_branch')?.g;
  if (choice?.opType !== 'If' || choice.input[0] !== useCache || !branch) {
    return;
  }
  graph.node = branch.node;
  graph.initializer.push(...branch.initializer);
  graph.output = branch.output;
  const taken = new Set(branch.node.flatMap(({ input }) => input));
  graph.input = graph.input.filter(({ name }) => taken.has(name));
}

/** @returns the name of a layer's attention, mean over heads, of the wanted positions: [1, queries, positions] */
function tapLayer(graph: GraphProto, probabilities: string, name: string): string {
  graph.node.push(
    create(NodeProtoSchema, {
      opType: 'ReduceMean',
      input: [probabilities, headAxis],
      output: [`${name}_mean`],
      attribute: [intAttribute('keepdims', 0n)],
    }),
    create(NodeProtoSchema, {
      opType: 'Slice',
      input: [`${name}_mean`, firstQuery, end, queryAxis],
      output: [`${name}_rows`],
    }),
  );
  return `${name}_rows`;
}
