import type { InferenceSession } from 'onnxruntime-node';
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { tapDecoder, type FindAttention } from './decoder-tap';
import type { FamilyBase } from './families/family';
import { requireMemoryToTrace } from './needs';

/**
 * The decoder of a pack once more, with its attention as an output; its weights stand in memory beside the first's.
 *
 * @throws EarmarkError `model-unsupported` where there is no room for them
 */
export async function loadTappedDecoder(
  { folder, pack, runtime }: FamilyBase,
  attention: FindAttention,
): Promise<InferenceSession> {
  requireMemoryToTrace(pack);
  const file = path.join(folder, pack.decoder.file);
  return runtime.createSession(tapDecoder(await readFile(file), attention), path.dirname(file));
}

/**
 * The mean of every layer's attention to some of the columns.
 *
 * @param rows [layers, queries, columns]
 * @returns [queries * columns.count], row by row
 */
export function meanOverLayers(
  rows: Float32Array,
  layers: number,
  queries: number,
  width: number,
  columns: { readonly start: number; readonly count: number },
): Float32Array {
  const mean = new Float32Array(queries * columns.count);
  for (let layer = 0; layer < layers; layer++) {
    for (let query = 0; query < queries; query++) {
      const start = (layer * queries + query) * width + columns.start;
      for (let column = 0; column < columns.count; column++) {
        mean[query * columns.count + column]! += rows[start + column]! / layers;
      }
    }
  }
  return mean;
}
