import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, NodeProtoSchema, type GraphProto, type ModelProto, type NodeProto } from 'onnx-buf';
import { EarmarkError } from '../../protocol/errors';
import { asFloat, findAttention } from './attention-finder';
import { floatValue, int64Constant, intAttribute, intsAttribute } from './graph-parts';

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
 * @param model an ONNX file; its weights may be external
 * @param layers of the encoder; what comes behind their attentions is of another part
 * @throws EarmarkError `model-unsupported` where no attention that can be read stands in the graph
 */
export function tapEncoder(model: Uint8Array, layers?: number): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, model);
  tapGraph(proto, layers);
  return toBinary(ModelProtoSchema, proto);
}

function tapGraph(model: ModelProto, layers: number | undefined): void {
  const graph = model.graph;
  const attention = graph && findAttention(graph, layers);
  if (!graph || !attention) {
    throw new EarmarkError(
      'model-unsupported',
      'The encoder has no attention that can be read: no Softmax feeds the left side of a MatMul, and there is no ' +
        'MultiHeadAttention, Attention or GroupQueryAttention of a known form.',
      'Export the encoder with eager attention, or choose a strategy that needs no scores.',
    );
  }
  graph.input.push(floatValue(validQueries, [1, 1, 1, 'positions']));
  graph.node.push(
    create(NodeProtoSchema, {
      opType: 'MatMul',
      name: receivedAttention,
      input: [validQueries, asFloat(graph, attention.probabilities)],
      output: [receivedAttention],
    }),
  );
  graph.output.push(floatValue(receivedAttention, [1, 'heads', 1, 'positions']));

  if (attention.keys !== undefined) {
    graph.node.push(meanOverHeads(model, graph, asFloat(graph, attention.keys)));
    graph.output.push(floatValue(meanKeys, [1, 'key_width', 'positions']));
  }
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
    node.attribute.push(intsAttribute('axes', [1n]));
  }
  return node;
}
