/** Samples a second of everything the engine works on. */
export const engineRate = 16_000;

/** No window is longer: what the encoders were trained on. */
const longestSeconds = 30;

/** A shorter rest gives an encoder nothing to work with. */
const shortestSeconds = 0.1;

/** The samples `start` (included) to `end` (not included) of a clip at 16 kHz. */
export interface SampleWindow {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Cuts `sampleCount` samples at 16 kHz into consecutive windows of `windowSeconds`, at most 30 s. The last one is
 * trimmed to the clip. Where it would be shorter than 0.1 s, it begins earlier, at the cost of the window before, so
 * that it has 0.1 s (or half a window, if that is less): every sample is in exactly one window and none is empty.
 * A clip shorter than that is one short window; no samples, no windows. Throws `RangeError` unless `windowSeconds` is
 * at least one sample.
 */
export function windowsOf(sampleCount: number, windowSeconds: number): SampleWindow[] {
  const length = Math.round(Math.min(windowSeconds, longestSeconds) * engineRate);
  if (!(length >= 1)) {
    throw new RangeError(`A window of ${windowSeconds} s holds no sample.`);
  }
  const count = Math.ceil(sampleCount / length);
  const starts = Array.from({ length: count }, (_, index) => index * length);
  const shortest = Math.max(1, Math.min(shortestSeconds * engineRate, Math.floor(length / 2)));
  if (count > 1) {
    starts[count - 1] = Math.min((count - 1) * length, sampleCount - shortest);
  }
  return starts.map((start, index) => ({ index, start, end: starts[index + 1] ?? sampleCount }));
}
