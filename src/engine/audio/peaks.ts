import type { Peaks } from '../../protocol/clip';
import { engineRate } from './windows';

const blockSamples = 256;

/** The outlines of clips that were decoded here, so that zooming out over hours stays instant. */
const outlines = new WeakMap<Float32Array, Outline>();

/** The lowest and highest sample of each full block of 256 samples, gathered while a clip is being decoded. */
export class Outline {
  private min = new Float32Array(1024);
  private max = new Float32Array(1024);
  private blocks = 0;

  /** Takes in the full blocks of `samples`, of which the first `length` are there; call it again as more come. */
  extend(samples: Float32Array, length: number): void {
    const blocks = Math.floor(length / blockSamples);
    if (blocks > this.min.length) {
      this.min = grown(this.min, blocks);
      this.max = grown(this.max, blocks);
    }
    for (; this.blocks < blocks; this.blocks++) {
      const start = this.blocks * blockSamples;
      const [low, high] = extremes(samples, start, start + blockSamples);
      this.min[this.blocks] = low;
      this.max[this.blocks] = high;
    }
  }

  /** Makes `peaksOf(samples, …)` use this outline. */
  attach(samples: Float32Array): void {
    outlines.set(samples, this);
  }

  /** Lowest and highest of `samples` from `start` to before `end`: whole blocks from the outline, the rest looked at. */
  extremes(samples: Float32Array, start: number, end: number): [number, number] {
    const first = Math.ceil(start / blockSamples);
    const last = Math.min(Math.floor(end / blockSamples), this.blocks);
    if (last <= first) {
      return extremes(samples, start, end);
    }
    let [low, high] = extremes(samples, start, first * blockSamples);
    const [lowRest, highRest] = extremes(samples, last * blockSamples, end);
    low = Math.min(low, lowRest);
    high = Math.max(high, highRest);
    for (let block = first; block < last; block++) {
      low = Math.min(low, this.min[block]!);
      high = Math.max(high, this.max[block]!);
    }
    return [low, high];
  }
}

/**
 * The outline of a stretch of a clip. Column c holds the extremes of the samples from `floor(c * w)` to before
 * `floor((c + 1) * w)` of the stretch, w samples a column; a column narrower than a sample repeats the one it is in.
 *
 * @param samples mono, 16 kHz
 * @param columns at least 1
 * @returns `startSeconds` and `endSeconds` are those asked for, limited to the clip; no samples, no amplitude
 */
export function peaksOf(samples: Float32Array, startSeconds: number, endSeconds: number, columns: number): Peaks {
  const outline = outlines.get(samples) ?? new Outline();
  return outlineOf(samples, samples.length, outline, startSeconds, endSeconds, columns);
}

/** `peaksOf` for samples of which only the first `length` are there, with an outline of them. */
export function outlineOf(
  samples: Float32Array,
  length: number,
  outline: Outline,
  startSeconds: number,
  endSeconds: number,
  columns: number,
): Peaks {
  const duration = length / engineRate;
  const startClamped = Math.min(Math.max(startSeconds, 0), duration);
  const endClamped = Math.min(Math.max(endSeconds, startClamped), duration);
  const count = Math.max(1, Math.floor(columns));
  const min = new Float32Array(count);
  const max = new Float32Array(count);
  const from = startClamped * engineRate;
  const width = (endClamped * engineRate - from) / count;
  for (let column = 0; column < count && length > 0 && width > 0; column++) {
    const start = Math.min(Math.floor(from + column * width + 1e-6), length - 1);
    const end = Math.max(start + 1, Math.min(Math.floor(from + (column + 1) * width + 1e-6), length));
    [min[column], max[column]] = outline.extremes(samples, start, end);
  }
  return { startSeconds: startClamped, endSeconds: endClamped, min, max };
}

/** [Infinity, -Infinity] where there are no samples. */
function extremes(samples: Float32Array, start: number, end: number): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let i = start; i < end; i++) {
    const sample = samples[i]!;
    if (sample < low) {
      low = sample;
    }
    if (sample > high) {
      high = sample;
    }
  }
  return [low, high];
}

function grown(array: Float32Array, atLeast: number): Float32Array<ArrayBuffer> {
  const larger = new Float32Array(Math.max(atLeast, array.length * 2));
  larger.set(array);
  return larger;
}
