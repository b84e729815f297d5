/** The warning that a file has fewer frames than it says: how long what is missing would be, at `sampleRate` Hz. */
export function missingSeconds(missingFrames: number, totalFrames: number, sampleRate: number): string {
  const missing = words(missingFrames / sampleRate);
  return `The file is cut off or damaged: ${missing} of ${words(totalFrames / sampleRate)} are missing.`;
}

/** "3 h 5 min", "2 min 5 s", "0.25 s" */
export function words(seconds: number): string {
  if (seconds < 60) {
    return `${Number(seconds.toPrecision(2))} s`;
  }
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
