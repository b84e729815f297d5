/**
 * The mean of the channels of each frame, with 0 for samples that are no numbers.
 *
 * @param interleaved [frames * channels]
 * @returns mono: [frames]; bad: how many samples were NaN or infinite
 */
export function mixDown(interleaved: Float32Array, channels: number): { mono: Float32Array; bad: number } {
  const frames = Math.floor(interleaved.length / channels);
  const mono = new Float32Array(frames);
  let bad = 0;
  for (let frame = 0, at = 0; frame < frames; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, at++) {
      const sample = interleaved[at]!;
      if (Number.isFinite(sample)) {
        sum += sample;
      } else {
        bad++;
      }
    }
    mono[frame] = sum / channels;
  }
  return { mono, bad };
}
