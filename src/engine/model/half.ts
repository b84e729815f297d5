import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { EarmarkError } from '../../protocol/errors';
import type { Runtime } from './runtime';

const scratch = new DataView(new ArrayBuffer(4));

/** A tensor of numbers in the type that the session takes under this name: float32, or float16 of half-precision exports. */
export function floatTensor(
  { Tensor }: Runtime,
  session: InferenceSession,
  name: string,
  data: Float32Array,
  dims: readonly number[],
): Tensor {
  const type = floatType(session, name);
  return type === 'float16' ? new Tensor(type, Uint16Array.from(data, halfOf), dims) : new Tensor(type, data, dims);
}

/** @throws EarmarkError `model-unsupported` for an input of another type */
export function floatType(session: InferenceSession, name: string): 'float32' | 'float16' {
  const input = session.inputMetadata.find((one) => one.name === name);
  const type = input?.isTensor ? input.type : 'float32';
  if (type !== 'float32' && type !== 'float16') {
    throw new EarmarkError('model-unsupported', `The model takes ${name} as ${type}; float32 and float16 are known.`);
  }
  return type;
}

/** The values of a float32 tensor without a copy, or of a float16 tensor widened. */
export function floats(tensor: Tensor): Float32Array {
  const { data } = tensor;
  if (data instanceof Float32Array) {
    return data;
  }
  if (tensor.type === 'float16' && ArrayBuffer.isView(data)) {
    return Float32Array.from(new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2), widened);
  }
  throw new EarmarkError('model-unsupported', `The model gives ${tensor.type} where float32 or float16 is expected.`);
}

/** The bits of the nearest float16, ties to even. */
export function halfOf(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    return sign | 0x7e00;
  }
  const size = Math.abs(value);
  if (size >= 65520) {
    return sign | 0x7c00;
  }
  if (size < 2 ** -14) {
    return sign | roundedToEven(size * 2 ** 24);
  }
  const kept = magnitude - 0x38000000;
  return sign | ((kept + 0xfff + ((kept >>> 13) & 1)) >>> 13);
}

function roundedToEven(value: number): number {
  const whole = Math.floor(value);
  const rest = value - whole;
  return rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
}

/** The number that the bits of a float16 stand for. */
export function widened(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) {
    return sign * fraction * 2 ** -24;
  }
  return exponent === 31
    ? fraction === 0
      ? sign * Infinity
      : NaN
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
