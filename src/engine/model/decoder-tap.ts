import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  ValueInfoProtoSchema,
  TypeProtoSchema,
  TypeProto_TensorSchema,
  type GraphProto,
  type NodeProto,
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
 * Edits a decoder so that it gives the attention of its last positions in every layer. `GroupQueryAttention` hands out
 * its probabilities when it is asked to (`qk_output` 2, a fourth output), which takes it off its fastest path: only a
 * decoder that explains is tapped.
 *
 * @param model an ONNX file; its weights may be external
 * @throws EarmarkError `model-unsupported` where no attention of this kind stands in the graph
 */
export function tapDecoder(model: Uint8Array): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, model);
  const graph = proto.graph;
  const layers = graph?.node.filter((node) => node.opType === 'GroupQueryAttention') ?? [];
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
  const rows = layers.map((layer, index) => tapLayer(graph, layer, `${decoderAttention}_${String(index)}`));
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

/** @returns the name of the layer's attention, mean over heads, of the wanted positions: [1, queries, positions] */
function tapLayer(graph: GraphProto, layer: NodeProto, name: string): string {
  // Its outputs are: result, present key, present value, probabilities.
  while (layer.output.length < 3) {
    layer.output.push('');
  }
  layer.output[3] = name;
  layer.attribute = layer.attribute.filter((attribute) => attribute.name !== 'qk_output');
  layer.attribute.push(intAttribute('qk_output', 2n));
  graph.node.push(
    create(NodeProtoSchema, {
      opType: 'ReduceMean',
      input: [name, headAxis],
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
