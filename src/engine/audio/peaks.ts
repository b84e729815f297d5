import type { Peaks } from '../../protocol/clip';
import { engineRate } from './windows';

/**
 * The outline of a stretch of a clip: column c holds the lowest and highest of the samples from `floor(c * w)` up to
 * `floor((c + 1) * w)` of the stretch, w samples a column; a column narrower than a sample repeats the one it is in.
 * O(samples): about 10 ms for ten minutes.
 *
 * @param samples mono, 16 kHz
 * @param columns at least 1
 * @returns `startSeconds` and `endSeconds` as asked, limited to the clip
 */
export function peaksOf(samples: Float32Array, startSeconds: number, endSeconds: number, columns: number): Peaks {
  const duration = samples.length / engineRate;
  const start = Math.min(Math.max(startSeconds, 0), duration);
  const end = Math.min(Math.max(endSeconds, start), duration);
  const count = Math.max(1, Math.floor(columns));
  const min = new Float32Array(count);
  const max = new Float32Array(count);
  const from = start * engineRate;
  const width = (end * engineRate - from) / count;
  // A hair above, so that a boundary meant to be whole is not floored to the sample before.
  const boundary = (column: number): number => Math.floor(from + column * width + 1e-6);
  for (let column = 0; column < count && width > 0; column++) {
    const first = Math.min(boundary(column), samples.length - 1);
    const last = Math.max(first + 1, Math.min(boundary(column + 1), samples.length));
    let low = samples[first]!;
    let high = low;
    for (let i = first + 1; i < last; i++) {
      const sample = samples[i]!;
      // Half the time of Math.min and Math.max.
      if (sample < low) {
        low = sample;
      } else if (sample > high) {
        high = sample;
      }
    }
    min[column] = low;
    max[column] = high;
  }
  return { startSeconds: start, endSeconds: end, min, max };
}
