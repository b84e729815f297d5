import type { InferenceSession } from 'onnxruntime-node';
import { output } from './encode';
import { floatTensor, floatType } from './half';
import type { AnyDecoder } from './pack';
import type { Runtime } from './runtime';

/** Keys and values of every layer, under the names of the decoder's inputs. */
export type KvCache = InferenceSession.OnnxValueMapType;

/** The cache before the first position: no keys and values. */
export function emptyCache(
  runtime: Runtime,
  session: InferenceSession,
  { layers, kvHeads, headDim, pastKey, pastValue }: AnyDecoder,
): KvCache {
  const empty = (name: string) => floatTensor(runtime, session, name, new Float32Array(0), [1, kvHeads, 0, headDim]);
  return Object.fromEntries(layersOf(layers, pastKey, pastValue).map((name) => [name, empty(name)]));
}

/** A step's keys and values under the names of the next step's inputs. */
export function keptCache(decoder: AnyDecoder, results: InferenceSession.OnnxValueMapType): KvCache {
  const { layers, pastKey, pastValue, presentKey, presentValue } = decoder;
  const present = layersOf(layers, presentKey, presentValue);
  return Object.fromEntries(
    layersOf(layers, pastKey, pastValue).map((name, i) => [name, output(results, present[i]!)]),
  );
}

/** Bytes of one value of a decoder's cache: 2 in half-precision exports. */
export function cacheValueBytes(session: InferenceSession, { pastKey }: AnyDecoder): number {
  return floatType(session, pastKey.replace('{layer}', '0')) === 'float16' ? 2 : Float32Array.BYTES_PER_ELEMENT;
}

/** The names that patterns with `{layer}` stand for, layer by layer. */
export function layersOf(layers: number, ...patterns: readonly string[]): string[] {
  return Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) =>
    patterns.map((pattern) => pattern.replace('{layer}', String(layer))),
  );
}
