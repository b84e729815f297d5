/** `83 s`, `12 min`, `1 h 12 min` */
export function durationWords(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (seconds < 90) {
    return `${String(Math.round(seconds))} s`;
  }
  return minutes < 90 ? `${String(minutes)} min` : `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
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
