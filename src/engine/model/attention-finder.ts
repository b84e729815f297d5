import { create } from '@bufbuild/protobuf';
import { NodeProtoSchema, TensorProto_DataType, type AttributeProto, type GraphProto, type NodeProto } from 'onnx-buf';
import { floatConstant, int64Constant, intAttribute, intsAttribute } from './graph-parts';

/** Where the probabilities of one attention stand in a graph. */
export interface FoundAttention {
  /** Name of the probabilities: [1, heads, queries, keys]. */
  readonly probabilities: string;
  /** Name of the transposed keys, [1, heads, key width, positions]; absent where they were not found. */
  readonly keys?: string;
}

/** Makes an attention's probabilities readable, editing the graph where that takes an edit. */
type Reader = (graph: GraphProto, node: NodeProto) => FoundAttention | undefined;

/** Of nodes that the reading adds. */
const prefix = 'earmark_attention';

/**
 * Finds the last self-attention of an encoder by structure, not by name. An attention is a `Softmax` that feeds the left
 * side of a `MatMul`, or one of the operators that do it all: `com.microsoft.MultiHeadAttention`, `Attention` of opset
 * 23 and 24, `com.microsoft.GroupQueryAttention`.
 *
 * @param layers of the encoder, each with one attention: what comes behind them (a Q-Former, say) is of another part
 * @returns nothing where no attention is found, or its form is not known
 */
export function findAttention(graph: GraphProto, layers?: number): FoundAttention | undefined {
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  // Between probabilities and values; each has one result of the same meaning.
  const between = new Set(['Cast', 'Identity', 'Dropout']);
  const origin = (name: string | undefined): NodeProto | undefined => {
    let node = name === undefined ? undefined : producers.get(name);
    while (node && between.has(node.opType)) {
      node = producers.get(node.input[0]!);
    }
    return node;
  };
  const leftSides = new Set(
    graph.node.filter(({ opType }) => opType === 'MatMul').map(({ input }) => origin(input[0])),
  );
  const found = graph.node.flatMap((node) => {
    const reader = leftSides.has(node) && node.opType === 'Softmax' ? softmax : fused[`${node.domain}.${node.opType}`];
    return reader ? [{ node, reader }] : [];
  });
  const last = layers === undefined ? found.at(-1) : found[layers - 1];
  return last?.reader(graph, last.node);
}

const softmax: Reader = (graph, node) => {
  const keys = keysOf(graph, node);
  return { probabilities: node.output[0]!, ...(keys !== undefined && { keys }) };
};

/** Name of the transposed keys: the right side of the MatMul behind the Softmax. */
function keysOf(graph: GraphProto, { input }: NodeProto): string | undefined {
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  // Scaling, masking and casting may stand between; each keeps the logits as its first input.
  const between = new Set(['Add', 'Mul', 'Div', 'Cast', 'Identity']);
  let node = producers.get(input[0]!);
  while (node && between.has(node.opType)) {
    node = producers.get(node.input[0]!);
  }
  return node?.opType === 'MatMul' ? node.input[1] : undefined;
}

/**
 * Queries and keys once more, as plain nodes. The operator's own optional output is no help: on the processor it gives
 * the logits before the softmax, whatever its documentation says, and asking for it costs the fast path.
 */
const multiHead: Reader = (graph, node) => {
  const [query, key, , bias, paddingMask, attentionBias] = node.input;
  const heads = attributeOf(node, 'num_heads')?.i;
  const masked = paddingMask ? maskAsBias(graph, node, paddingMask) : undefined;
  const causal = (attributeOf(node, 'unidirectional')?.i ?? 0n) !== 0n;
  // Without keys of their own, queries, keys and values are packed in one.
  if (!query || !key || heads === undefined || causal || (paddingMask && !masked)) {
    return undefined;
  }
  const part = (name: string, index: bigint): string =>
    asFloat(graph, bias ? add(graph, 'Add', [name, biasPart(graph, bias, index)]) : name);
  const queries = byHead(graph, part(query, 0n), heads, [0n, 2n, 1n, 3n]);
  const keys = byHead(graph, part(key, 1n), heads, [0n, 2n, 3n, 1n]);
  let logits = add(graph, 'Mul', [add(graph, 'MatMul', [queries, keys]), scaleOf(graph, node, queries)]);
  if (attentionBias) {
    logits = add(graph, 'Add', [logits, asFloat(graph, attentionBias)]);
  }
  if (masked) {
    logits = add(graph, 'Add', [logits, masked(logits)]);
  }
  return { probabilities: add(graph, 'Softmax', [logits], [intAttribute('axis', -1n)]), keys };
};

/**
 * What a key-padding mask adds to the logits: 0, or the operator's filter value. It is 0 and 1 by key or by query and
 * key, or the number of keys that are there; with a batch of one each broadcasts to the logits as it is.
 *
 * @returns nothing where the graph does not say which of these it is
 */
function maskAsBias(graph: GraphProto, node: NodeProto, mask: string): ((logits: string) => string) | undefined {
  const rank = rankOf(graph, mask);
  if (rank === undefined || rank < 1 || rank > 3) {
    return undefined;
  }
  const filter = attributeOf(node, 'mask_filter_value')?.f ?? -10_000;
  return (logits) => {
    const there =
      rank === 1
        ? add(graph, 'Less', [placesOf(graph, logits), firstOf(graph, mask)])
        : add(graph, 'Greater', [asFloat(graph, mask), number(graph, 0)]);
    return add(graph, 'Where', [there, number(graph, 0), number(graph, filter)]);
  };
}

/** 0 to the number of keys: [keys], float32. */
function placesOf(graph: GraphProto, logits: string): string {
  const keys = add(graph, 'Squeeze', [add(graph, 'Gather', [add(graph, 'Shape', [logits]), constant(graph, [3n])])]);
  const [start, step] = [0n, 1n].map((value) => add(graph, 'Squeeze', [constant(graph, [value])]));
  return asFloat(graph, add(graph, 'Range', [start!, keys, step!]));
}

/** The first of a vector: [1], float32. */
function firstOf(graph: GraphProto, vector: string): string {
  return asFloat(graph, add(graph, 'Gather', [vector, constant(graph, [0n])]));
}

/** Number of axes of a value, where the graph says it; a cast has those of what it casts. */
function rankOf(graph: GraphProto, name: string): number | undefined {
  const constantOf = graph.initializer.find((tensor) => tensor.name === name);
  const type = [...graph.input, ...graph.valueInfo].find((value) => value.name === name)?.type?.value;
  const producer = graph.node.find(({ output }) => output.includes(name));
  if (constantOf) {
    return constantOf.dims.length;
  }
  if (type?.case === 'tensorType' && type.value.shape) {
    return type.value.shape.dim.length;
  }
  return producer?.opType === 'Cast' || producer?.opType === 'Identity' ? rankOf(graph, producer.input[0]!) : undefined;
}

/** A third of the biases of queries, keys and values, which are one vector. */
function biasPart(graph: GraphProto, bias: string, index: bigint): string {
  const thirds = add(graph, 'Reshape', [bias, constant(graph, [3n, -1n])]);
  return add(graph, 'Gather', [thirds, constant(graph, [index])], [intAttribute('axis', 0n)]);
}

/** The attribute, or one over the root of the head's width. */
function scaleOf(graph: GraphProto, node: NodeProto, queries: string): string {
  const scale = attributeOf(node, 'scale')?.f ?? 0;
  if (scale !== 0) {
    return number(graph, scale);
  }
  const width = add(graph, 'Gather', [add(graph, 'Shape', [queries]), constant(graph, [3n])]);
  return add(graph, 'Reciprocal', [add(graph, 'Sqrt', [asFloat(graph, width)])]);
}

/** `Attention` of ONNX itself hands out its probabilities as a fourth output, in mode 3. */
const standard: Reader = (graph, node) => {
  const kvHeads = attributeOf(node, 'kv_num_heads')?.i ?? 0n;
  const probabilities = askFor(node, 'qk_matmul_output_mode', 3n);
  // With the number of heads as an attribute the heads are not an axis yet.
  const keys =
    kvHeads > 0n
      ? byHead(graph, node.input[1]!, kvHeads, [0n, 2n, 3n, 1n])
      : add(graph, 'Transpose', [node.input[1]!], [intsAttribute('perm', [0n, 1n, 3n, 2n])]);
  return { probabilities, keys };
};

/** `GroupQueryAttention` hands out its probabilities as a fourth output, in mode 2; its keys as a second, turned. */
const groupQuery: Reader = (graph, node) => {
  const probabilities = askFor(node, 'qk_output', 2n);
  const present = node.output[1];
  return present
    ? { probabilities, keys: add(graph, 'Transpose', [present], [intsAttribute('perm', [0n, 1n, 3n, 2n])]) }
    : { probabilities };
};

/** By domain and name. */
const fused: Readonly<Record<string, Reader | undefined>> = {
  'com.microsoft.MultiHeadAttention': multiHead,
  'com.microsoft.GroupQueryAttention': groupQuery,
  '.Attention': standard,
  'ai.onnx.Attention': standard,
};

/** Sets the attribute by which an operator gives its probabilities as its fourth output. */
function askFor(node: NodeProto, attribute: string, mode: bigint): string {
  while (node.output.length < 4) {
    node.output.push('');
  }
  node.output[3] ||= `${prefix}_probabilities`;
  node.attribute = [...node.attribute.filter(({ name }) => name !== attribute), intAttribute(attribute, mode)];
  return node.output[3];
}

function attributeOf(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((attribute) => attribute.name === name);
}

/** [1, n, heads * width] to [1, heads, n, width], or in another order of axes. */
function byHead(graph: GraphProto, value: string, heads: bigint, order: readonly bigint[]): string {
  const split = add(graph, 'Reshape', [value, constant(graph, [0n, 0n, heads, -1n])]);
  return add(graph, 'Transpose', [split], [intsAttribute('perm', order)]);
}

function constant(graph: GraphProto, values: readonly bigint[]): string {
  const name = `${prefix}_constant_${String(graph.initializer.length)}`;
  graph.initializer.push(int64Constant(name, ...values));
  return name;
}

function number(graph: GraphProto, value: number): string {
  const name = `${prefix}_constant_${String(graph.initializer.length)}`;
  graph.initializer.push(floatConstant(name, value));
  return name;
}

/** In float32, so that sums over a float16 encoder keep their digits; onnxruntime drops a cast that changes nothing. */
export function asFloat(graph: GraphProto, value: string): string {
  return add(graph, 'Cast', [value], [intAttribute('to', BigInt(TensorProto_DataType.FLOAT))]);
}

/** @returns the name of the new node's result */
function add(graph: GraphProto, opType: string, input: readonly string[], attribute: AttributeProto[] = []): string {
  const name = `${prefix}_${String(graph.node.length)}`;
  graph.node.push(create(NodeProtoSchema, { opType, name, input: [...input], output: [name], attribute }));
  return name;
}
