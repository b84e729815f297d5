/** Samples a second of everything the engine works on. */
export const engineRate = 16_000;

/** No window is longer: what the encoders were trained on. */
const longestSeconds = 30;

/** A shorter rest is not heard: a model has something to say of any sound, and would say it of an MP3's padding. */
const shortestRestSeconds = 0.5;

/** The samples `start` (included) to `end` (not included) of a clip at 16 kHz. */
export interface SampleWindow {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Cuts `sampleCount` samples at 16 kHz into consecutive windows of `windowSeconds`, at most 30 s. The last one is
 * trimmed to the clip. What is left behind a whole window is left out where it is shorter than 0.5 s (or half a window, if
 * that is less); every other sample is in exactly one window and none is empty. A clip shorter than that is one short
 * window; no samples, no windows. Throws `RangeError` unless `windowSeconds` is at least one sample.
 */
export function windowsOf(sampleCount: number, windowSeconds: number): SampleWindow[] {
  const length = Math.round(Math.min(windowSeconds, longestSeconds) * engineRate);
  if (!(length >= 1)) {
    throw new RangeError(`A window of ${windowSeconds} s holds no sample.`);
  }
  const whole = Math.floor(sampleCount / length);
  const rest = sampleCount - whole * length;
  const shortest = whole === 0 ? 1 : Math.max(1, Math.min(shortestRestSeconds * engineRate, length / 2));
  return Array.from({ length: whole + (rest >= shortest ? 1 : 0) }, (_, index) => ({
    index,
    start: index * length,
    end: Math.min((index + 1) * length, sampleCount),
  }));
}
