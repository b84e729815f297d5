import * as os from 'node:os';
import { EarmarkError } from '../../protocol/errors';
import { sizeWords } from '../../report/numbers';
import { samplesPerPosition, samplesPerToken, type AnyDecoder, type Pack } from './pack';
import { weightsOf } from './weights';

/** Positions of text and answer beside a window of audio: what is usual. */
export const textPositions = 100;

/** An engine process with onnxruntime, a window's log-mel and hardly any model; measured. */
const processBytes = 150e6;
/** Matrices [heads, positions, positions] that an encoder's layer holds at once; measured. */
const attentionMatrices = 3;

/**
 * Bytes of memory that a pack takes at most: the process, its weights as they run, what is there twice while it is
 * loaded, and of a window with every token kept the encoder's attention and the decoder's keys and values.
 */
export function memoryNeeded(pack: Pack): number {
  const weights = [...weightsOf(pack).values()].reduce((sum, part) => sum + part.memoryBytes + part.inGraphBytes, 0);
  const { heads } = pack.encoder;
  const attention = attentionMatrices * heads * windowPositions(pack) ** 2 * Float32Array.BYTES_PER_ELEMENT;
  return processBytes + weights + attention + cacheBytes(pack.decoder, windowTokens(pack) + textPositions);
}

/** Encoder positions of a whole window. */
export function windowPositions(pack: Pack): number {
  const { windowSeconds, sampleRate } = pack.frontEnd;
  return Math.ceil((windowSeconds * sampleRate) / samplesPerPosition(pack));
}

/** Tokens of a whole window. */
export function windowTokens(pack: Pack): number {
  const { windowSeconds, sampleRate } = pack.frontEnd;
  return Math.ceil((windowSeconds * sampleRate) / samplesPerToken(pack));
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
  requireFree(`The model "${pack.id}"`, memoryNeeded(pack), free);
}

/**
 * The same for what tracing takes beside the model: its decoder once more.
 *
 * @throws EarmarkError `model-unsupported`
 */
export function requireMemoryToTrace(pack: Pack, free = freeMemory()): void {
  const { memoryBytes, inGraphBytes } = weightsOf(pack).get('decoder')!;
  requireFree(`Tracing, which loads the decoder of "${pack.id}" once more,`, memoryBytes + inGraphBytes, free);
}

function requireFree(what: string, needed: number, free: number): void {
  if (needed > free) {
    throw new EarmarkError(
      'model-unsupported',
      `${what} needs about ${sizeWords(needed)} of memory, and ${sizeWords(free)} are free.`,
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
