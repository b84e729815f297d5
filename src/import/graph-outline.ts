import { fromBinary } from '@bufbuild/protobuf';
import { open, type FileHandle } from 'node:fs/promises';
import { ModelProtoSchema, type GraphProto, type ValueInfoProto } from 'onnx-buf';
import { EarmarkError } from '../protocol/errors';

/** Field numbers of onnx.proto. */
const graphOfModel = 7;
const initializerOfGraph = 5;
/** Wire types of protobuf. */
const varint = 0;
const eightBytes = 1;
const delimited = 2;
const fourBytes = 5;

/**
 * A graph without its weights, which may be larger than what fits in memory: their bytes are passed over.
 *
 * @throws EarmarkError `model-damaged` where the file is no ONNX model
 */
export async function readGraphOutline(file: string): Promise<GraphProto> {
  try {
    const handle = await open(file);
    try {
      const parts = await partsOf(handle, 0, (await handle.stat()).size, [graphOfModel]);
      const graph = fromBinary(ModelProtoSchema, Buffer.concat(parts)).graph;
      if (graph && graph.node.length > 0) {
        return graph;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw damaged(file, error);
  }
  throw damaged(file);
}

function damaged(file: string, cause?: unknown): EarmarkError {
  return new EarmarkError('model-damaged', `${file} is damaged: it is no ONNX model.`, 'Get the file again.', {
    cause,
  });
}

/** The bytes of a message, without the weights of its graph. */
async function partsOf(handle: FileHandle, start: number, end: number, inside: readonly number[]): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  let at = start;
  while (at < end) {
    const head = await readBytes(handle, at, Math.min(20, end - at));
    const [key, keyBytes] = readVarint(head, 0);
    const field = Math.floor(key / 8);
    const [length, headBytes] = lengthOf(key % 8, head, keyBytes);
    const next = at + headBytes + length;
    if (next > end) {
      throw new RangeError('A part goes beyond the end.');
    }
    if (field === inside[0]) {
      const graph = await partsOf(handle, at + headBytes, next, []);
      parts.push(head.subarray(0, keyBytes), varintBytes(graph.reduce((sum, part) => sum + part.length, 0)), ...graph);
    } else if (inside.length > 0 || field !== initializerOfGraph) {
      parts.push(await readBytes(handle, at, next - at));
    }
    at = next;
  }
  return parts;
}

/** Bytes of a field's value, and of what stands in front of it. */
function lengthOf(wireType: number, head: Buffer, keyBytes: number): [number, number] {
  switch (wireType) {
    case varint:
      return [0, readVarint(head, keyBytes)[1]];
    case eightBytes:
      return [8, keyBytes];
    case delimited:
      return readVarint(head, keyBytes);
    case fourBytes:
      return [4, keyBytes];
    default:
      throw new RangeError(`Wire type ${String(wireType)} is not known.`);
  }
}

/** A number, and where it ends. */
function readVarint(bytes: Buffer, start: number): [number, number] {
  let value = 0;
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i]!;
    value += (byte & 0x7f) * 2 ** (7 * (i - start));
    if (byte < 0x80) {
      return [value, i + 1];
    }
  }
  throw new RangeError('A number does not end.');
}

function varintBytes(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}

async function readBytes(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead !== length) {
    throw new RangeError('The file ends early.');
  }
  return buffer;
}

/** Sizes of an input or output; undefined for one that varies. */
export function shapeOf({ type }: ValueInfoProto): (number | undefined)[] {
  const dims = type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [];
  return dims.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : undefined));
}
