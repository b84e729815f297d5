import type { ReadingTimes, RunTimes, Speed } from '../../protocol/model';
import { cacheBytes, textPositions, windowPositions, windowTokens } from './needs';
import type { Pack } from './pack';
import { weightsOf, type Part } from './weights';

/** Of Whisper's encoders, which most models have. */
const encoderHeadWidth = 64;
/** How often a step reads or writes all keys and values: they go through JavaScript and are joined anew; measured. */
const cachePasses = 20;

/** About how long a whole window takes at a speed, with every token kept and with a quarter. */
export function runTimes(pack: Pack, speed: Speed): RunTimes {
  const tokens = windowTokens(pack);
  return {
    encodeSeconds: encodeSeconds(pack, speed),
    all: readingTimes(pack, speed, tokens),
    quarter: readingTimes(pack, speed, Math.floor(tokens / 4)),
  };
}

/** Every position with every weight, and every position with every other one, twice, in each layer. */
function encodeSeconds(pack: Pack, speed: Speed): number {
  const positions = windowPositions(pack);
  const { layers, heads } = pack.encoder;
  const attention = layers * 2 * positions ** 2 * heads * encoderHeadWidth;
  return productSeconds(pack, speed, 'encoder', positions) + attention / speed.productsPerSecond[32];
}

/** Prefill is bound by multiplications, a step by how fast the decoder's weights and its cache come from memory. */
function readingTimes(pack: Pack, speed: Speed, kept: number): ReadingTimes {
  const { decoder } = pack;
  const weights = weightsOf(pack).get('decoder')!.memoryBytes;
  const step = (bytes: number): number => (weights + bytes) / speed.bytesPerSecond;
  switch (pack.family) {
    case 'prefix': {
      const positions = kept + textPositions / 2;
      // Each position looks at those before it.
      const attention = decoder.layers * positions ** 2 * pack.decoder.width;
      return {
        prefillSeconds:
          productSeconds(pack, speed, 'adapter', kept) +
          productSeconds(pack, speed, 'decoder', positions) +
          attention / speed.productsPerSecond[32],
        secondsPerToken: step(cachePasses * cacheBytes(decoder, kept + textPositions)),
      };
    }
    case 'cross-attention': {
      const heard = kept + pack.cross.paddingTokens;
      const projections = 2 * decoder.layers * decoder.kvHeads * decoder.headDim * pack.encoder.width;
      return {
        prefillSeconds:
          (heard * projections) / speed.productsPerSecond[32] +
          productSeconds(pack, speed, 'decoder', pack.prompt.startTokens.length),
        // Those of the sound are looked at where they are.
        secondsPerToken: step(cacheBytes(decoder, heard) + cachePasses * cacheBytes(decoder, textPositions)),
      };
    }
  }
}

function productSeconds(pack: Pack, speed: Speed, part: Part, rows: number): number {
  const weights = weightsOf(pack).get(part);
  return weights ? (rows * weights.parameters) / speed.productsPerSecond[weights.bits] : 0;
}
