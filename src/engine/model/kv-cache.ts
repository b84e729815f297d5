import type { InferenceSession } from 'onnxruntime-node';
import { output } from './encode';
import type { AnyDecoder } from './pack';
import type { Runtime } from './runtime';

/** Keys and values of every layer, under the names of the decoder's inputs. */
export type KvCache = InferenceSession.OnnxValueMapType;

/** The cache before the first position: no keys and values. */
export function emptyCache({ Tensor }: Runtime, { layers, kvHeads, headDim, pastKey, pastValue }: AnyDecoder): KvCache {
  const empty = () => new Tensor('float32', new Float32Array(0), [1, kvHeads, 0, headDim]);
  return Object.fromEntries(layersOf(layers, pastKey, pastValue).map((name) => [name, empty()]));
}

/** A step's keys and values under the names of the next step's inputs. */
export function keptCache(decoder: AnyDecoder, results: InferenceSession.OnnxValueMapType): KvCache {
  const { layers, pastKey, pastValue, presentKey, presentValue } = decoder;
  const present = layersOf(layers, presentKey, presentValue);
  return Object.fromEntries(
    layersOf(layers, pastKey, pastValue).map((name, i) => [name, output(results, present[i]!)]),
  );
}

/** Bytes of the keys and values of so many positions, in every layer. */
export function cacheBytes({ layers, kvHeads, headDim }: AnyDecoder, positions: number): number {
  return 2 * layers * kvHeads * headDim * positions * Float32Array.BYTES_PER_ELEMENT;
}

/** The names that patterns with `{layer}` stand for, layer by layer. */
export function layersOf(layers: number, ...patterns: readonly string[]): string[] {
  return Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) =>
    patterns.map((pattern) => pattern.replace('{layer}', String(layer))),
  );
}
