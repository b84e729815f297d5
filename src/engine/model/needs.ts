import * as os from 'node:os';
import { EarmarkError } from '../../protocol/errors';
import { sizeWords } from '../../report/numbers';
import { samplesPerToken, type AnyDecoder, type Pack } from './pack';

/** Positions of text and answer beside a window of audio: what is usual. */
const textPositions = 100;

/** Bytes of memory that a pack takes: its weights as they run, and keys and values of a window with every token kept. */
export function memoryNeeded(pack: Pack): number {
  const weights = pack.parts
    ? Object.values(pack.parts).reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)
    : pack.files.reduce((sum, { bytes }) => sum + bytes, 0) * widening(pack);
  const { windowSeconds, sampleRate } = pack.frontEnd;
  const audio = Math.ceil((windowSeconds * sampleRate) / samplesPerToken(pack));
  return weights + cacheBytes(pack.decoder, audio + textPositions);
}

/** A processor runs float16 weights as float32. */
function widening({ precision }: Pack): number {
  return Object.values(precision).includes('fp16') ? 2 : 1;
}

/** Bytes. macOS counts memory that it would give up at once as used, so there all of it is free. */
export function freeMemory(): number {
  return process.platform === 'darwin' ? os.totalmem() : os.freemem();
}

/**
 * Says that a model does not fit before minutes go by and the system ends the engine.
 *
 * @throws EarmarkError `model-unsupported` naming what is needed and what is free
 */
export function requireMemory(pack: Pack, free = freeMemory()): void {
  const needed = memoryNeeded(pack);
  if (needed > free) {
    throw new EarmarkError(
      'model-unsupported',
      `The model "${pack.id}" needs about ${sizeWords(needed)} of memory, and ${sizeWords(free)} are free.`,
      'Close other programs, or choose a smaller model or one of a lower precision.',
    );
  }
}

/** Bytes of the keys and values of so many positions, in every layer. */
export function cacheBytes(
  { layers, kvHeads, headDim }: AnyDecoder,
  positions: number,
  bytesPerValue: number = Float32Array.BYTES_PER_ELEMENT,
): number {
  return 2 * layers * kvHeads * headDim * positions * bytesPerValue;
}
