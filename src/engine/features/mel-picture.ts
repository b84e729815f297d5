import type { MelPicture } from '../../protocol/run';
import { melCorners, type MelScale } from './mel-scale';

export interface MelShape {
  readonly bins: number;
  readonly frames: number;
  readonly secondsPerFrame: number;
  readonly melScale: MelScale;
}

/**
 * A log-mel spectrogram in 8 bits a value, for drawing: Whisper's log-mel spans at most 2 units (8 decades of power),
 * so a step is below what a colour scale can show.
 *
 * @param mel [bins * frames], lowest frequency first
 */
export function melPicture(mel: Float32Array, { bins, frames, secondsPerFrame, melScale }: MelShape): MelPicture {
  let low = Infinity;
  let high = -Infinity;
  for (const value of mel) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const scale = high > low ? 255 / (high - low) : 0;
  const values = Uint8Array.from(mel, (value) => Math.round((value - low) * scale));
  return { bins, frames, secondsPerFrame, values, low, high, frequencies: melFrequencies(bins, 0, 8000, melScale) };
}

/** Where the triangular filters are highest, in Hz. */
export function melFrequencies(bins: number, lowest: number, highest: number, scale: MelScale): Float32Array {
  return Float32Array.from(melCorners(bins, lowest, highest, scale).subarray(1, bins + 1));
}
