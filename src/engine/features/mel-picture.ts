import type { MelPicture } from '../../protocol/run';

/**
 * A log-mel spectrogram in 8 bits a value, for drawing: Whisper's log-mel spans at most 2 units (8 decades of power),
 * so a step is below what a colour scale can show.
 *
 * @param mel [bins * frames], lowest frequency first
 */
export function melPicture(mel: Float32Array, bins: number, frames: number, secondsPerFrame: number): MelPicture {
  let low = Infinity;
  let high = -Infinity;
  for (const value of mel) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const scale = high > low ? 255 / (high - low) : 0;
  const values = Uint8Array.from(mel, (value) => Math.round((value - low) * scale));
  return { bins, frames, secondsPerFrame, values, low, high, frequencies: melFrequencies(bins, 0, 8000) };
}

/**
 * Centre frequencies in Hz of the triangular filters of the Slaney mel scale (linear below 1 kHz, logarithmic above).
 *
 * Source: Slaney, Auditory Toolbox (1998); the scale of Whisper's filters.
 */
export function melFrequencies(bins: number, lowest: number, highest: number): Float32Array {
  const start = toMel(lowest);
  const step = (toMel(highest) - start) / (bins + 1);
  return Float32Array.from({ length: bins }, (_, bin) => fromMel(start + step * (bin + 1)));
}

const hertzPerMel = 200 / 3;
const logStart = 1000;
const logStartMel = logStart / hertzPerMel;
const logStep = Math.log(6.4) / 27;

function toMel(hertz: number): number {
  return hertz < logStart ? hertz / hertzPerMel : logStartMel + Math.log(hertz / logStart) / logStep;
}

function fromMel(mel: number): number {
  return mel < logStartMel ? mel * hertzPerMel : logStart * Math.exp(logStep * (mel - logStartMel));
}
