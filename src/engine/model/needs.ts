import * as os from 'node:os';
import { EarmarkError } from '../../protocol/errors';
import { cacheBytes } from './kv-cache';
import { samplesPerToken, type Pack } from './pack';

/** Positions of text and answer beside a window of audio: what is usual. */
const textPositions = 100;

/** Bytes of memory that a pack takes: its weights as they run, and keys and values of a window with every token kept. */
export function memoryNeeded(pack: Pack): number {
  const weights = pack.parts
    ? Object.values(pack.parts).reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)
    : pack.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const { windowSeconds, sampleRate } = pack.frontEnd;
  const audio = Math.ceil((windowSeconds * sampleRate) / samplesPerToken(pack));
  return weights + cacheBytes(pack.decoder, audio + textPositions);
}

/**
 * Says that a model does not fit before minutes go by and the system ends the engine.
 *
 * @param free bytes; macOS counts memory that it would give up at once as used, so there all of it counts
 * @throws EarmarkError `model-unsupported` naming what is needed and what is free
 */
export function requireMemory(pack: Pack, free = process.platform === 'darwin' ? os.totalmem() : os.freemem()): void {
  const needed = memoryNeeded(pack);
  if (needed > free) {
    throw new EarmarkError(
      'model-unsupported',
      `The model "${pack.id}" needs about ${gigabytes(needed)} of memory, and ${gigabytes(free)} are free.`,
      'Close other programs, or choose a smaller model or one of a lower precision.',
    );
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
