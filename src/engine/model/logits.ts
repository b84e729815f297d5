import type { Tensor } from 'onnxruntime-node';
import { floats } from './half';

/** Of logits [1, positions, vocabulary], of which some exports give those of every position. */
export function lastRow(logits: Tensor): Float32Array {
  const values = floats(logits);
  return values.subarray(values.length - logits.dims.at(-1)!);
}
