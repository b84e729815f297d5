/** `83 s`, `12 min`, `1 h 12 min` */
export function durationWords(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (seconds < 90) {
    return `${String(Math.round(seconds))} s`;
  }
  return minutes < 90 ? `${String(minutes)} min` : `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}

/** `41 ms`, `0.24 s`, `3.1 s`, `83 s`, `12 min`: two digits, of what is an estimate. */
export function aboutWords(seconds: number): string {
  if (seconds < 0.0995) {
    return `${String(Math.max(1, Math.round(seconds * 1000)))} ms`;
  }
  return seconds < 9.95 ? `${seconds.toPrecision(2)} s` : durationWords(seconds);
}

/** `812 bytes`, `3.4 kB`, `174 MB`, `1.26 GB`: powers of ten, as hubs and shops count. */
export function sizeWords(bytes: number): string {
  if (bytes >= 1e9) {
    return `${(bytes / 1e9).toFixed(2)} GB`;
  }
  if (bytes >= 1e6) {
    return `${(bytes / 1e6).toFixed(bytes >= 1e7 ? 0 : 1)} MB`;
  }
  return bytes >= 1e3 ? `${(bytes / 1e3).toFixed(1)} kB` : `${String(Math.round(bytes))} bytes`;
}
