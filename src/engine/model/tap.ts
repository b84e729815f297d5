import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from 'onnx-buf';
import { EarmarkError } from '../../protocol/errors';
import { floatValue, int64Constant, intAttribute } from './graph-parts';

/** Graph input that the tap adds: 1 for valid queries, 0 for padded ones, float [1, 1, 1, positions]. */
export const validQueries = 'earmark_valid_queries';
/** Graph output that the tap adds: attention received by each position, float [1, heads, 1, positions]. */
export const receivedAttention = 'earmark_received';
/** Graph output that the tap adds: keys of the last layer, mean over heads, float [1, head width, positions]. */
export const meanKeys = 'earmark_keys';

/**
 * Edits an encoder so that the attention its last layer pays can be read, without letting the [heads, positions,
 * positions] probabilities leave the session: a row vector of valid queries times the probabilities *is* the sum over
 * valid queries, one small matrix product that onnxruntime runs in the noise. The head-mean keys come the same way.
 *
 * The last self-attention is found by structure, not by name: the last `Softmax` (in graph order) that feeds the left
 * side of a `MatMul`; its own input leads back to the `MatMul` of queries and keys.
 *
 * @param model an ONNX file without external weights
 * @throws EarmarkError `model-unsupported` where no such attention stands in the graph
 */
export function tapEncoder(model: Uint8Array): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, model);
  tapGraph(proto);
  return toBinary(ModelProtoSchema, proto);
}

function tapGraph(model: ModelProto): void {
  const graph = model.graph;
  const probabilities = graph && lastAttention(graph);
  if (!graph || !probabilities) {
    throw new EarmarkError(
      'model-unsupported',
      'The encoder has no attention that can be read: no Softmax feeds the left side of a MatMul.',
      'Export the encoder with eager attention, or choose a strategy that needs no scores.',
    );
  }
  graph.input.push(floatValue(validQueries, [1, 1, 1, 'positions']));
  graph.node.push(
    create(NodeProtoSchema, {
      opType: 'MatMul',
      name: receivedAttention,
      input: [validQueries, probabilities.output[0]!],
      output: [receivedAttention],
    }),
  );
  graph.output.push(floatValue(receivedAttention, [1, 'heads', 1, 'positions']));

  const keys = keysOf(graph, probabilities);
  if (keys !== undefined) {
    graph.node.push(meanOverHeads(model, graph, keys));
    graph.output.push(floatValue(meanKeys, [1, 'key_width', 'positions']));
  }
}

/** The Softmax of the last self-attention. */
function lastAttention(graph: GraphProto): NodeProto | undefined {
  const leftSides = new Set(graph.node.filter((node) => node.opType === 'MatMul').map((node) => node.input[0]));
  return graph.node.findLast((node) => node.opType === 'Softmax' && leftSides.has(node.output[0]));
}

/** Name of the transposed keys [1, heads, key width, positions]: the right side of the MatMul behind the Softmax. */
function keysOf(graph: GraphProto, softmax: NodeProto): string | undefined {
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  // Scaling, masking and casting may stand between; each keeps the logits as its first input.
  const between = new Set(['Add', 'Mul', 'Div', 'Cast', 'Identity']);
  let node = producers.get(softmax.input[0]!);
  while (node && between.has(node.opType)) {
    node = producers.get(node.input[0]!);
  }
  return node?.opType === 'MatMul' ? node.input[1] : undefined;
}

/** ReduceMean over axis 1; the axes are an attribute up to opset 17 and an input from 18 on. */
function meanOverHeads(model: ModelProto, graph: GraphProto, keys: string): NodeProto {
  const opset = model.opsetImport.find((entry) => entry.domain === '' || entry.domain === 'ai.onnx')?.version ?? 0n;
  const node = create(NodeProtoSchema, {
    opType: 'ReduceMean',
    name: meanKeys,
    input: [keys],
    output: [meanKeys],
    attribute: [intAttribute('keepdims', 0n)],
  });
  if (opset >= 18n) {
    const axes = `${meanKeys}_axes`;
    graph.initializer.push(int64Constant(axes, 1n));
    node.input.push(axes);
  } else {
    node.attribute.push(
      create(AttributeProtoSchema, { name: 'axes', type: AttributeProto_AttributeType.INTS, ints: [1n] }),
    );
  }
  return node;
}
