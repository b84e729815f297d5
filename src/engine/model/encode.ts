import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { EarmarkError } from '../../protocol/errors';
import type { AnalysisTimes, MelPicture, TokenCounts } from '../../protocol/run';
import { poolToTokens } from '../../pruning/score';
import type { Matrix } from '../../pruning/strategy';
import { melPicture } from '../features/mel-picture';
import { floats, floatTensor } from './half';
import type { Model } from './load';
import { samplesPerPosition, samplesPerToken, taps, type Pack } from './pack';
import { meanKeys, receivedAttention, validQueries } from './tap';

/** One window after the encoder: all that every strategy starts from. */
export interface EncodedWindow {
  readonly counts: TokenCounts;
  /** Encoder tokens: [valid, width]. */
  readonly tokens: Matrix;
  /** The first tokens of the padding, as many as the model wants beside what is kept: [few, width]. */
  readonly padding: Matrix;
  /** Received attention per head, pooled to tokens: [heads * valid]. */
  readonly receivedPerHead: Float32Array;
  /** Keys of the last layer, mean over heads, pooled to tokens: [valid, key width]; absent where they were not found. */
  readonly keys?: Matrix;
  readonly mel: MelPicture;
  readonly times: AnalysisTimes;
}

/**
 * Log-mel, encoder and attention tap of one window.
 *
 * @param samples mono, 16 kHz, at most one window, at least one sample
 */
export async function encodeWindow(model: Model, samples: Float32Array): Promise<EncodedWindow> {
  const { pack, runtime } = model;
  const { frontEnd, encoder } = pack;
  const started = performance.now();
  const padded = padSamples(model, samples);
  const results = await model.frontEnd.run({
    [frontEnd.input]: new runtime.Tensor('float32', padded, [1, padded.length]),
  });
  const mel = output(results, frontEnd.output);
  const features = frontEnd.features === undefined ? mel : output(results, frontEnd.features);
  const featuresMs = performance.now() - started;

  const encodeStarted = performance.now();
  const { positions, validPositions, pooledPositions } = positionsOf(pack, samples.length, padded.length);
  const queries = new Float32Array(positions).fill(1, 0, validPositions);
  const encoded = await model.encoder.run({
    [encoder.input]: floatTensor(runtime, model.encoder, encoder.input, floats(features), features.dims),
    ...(encoder.validPositions !== undefined && {
      [encoder.validPositions]: new runtime.Tensor('int64', BigInt64Array.of(BigInt(positions)), [1]),
    }),
    ...(taps(pack) && { [validQueries]: new runtime.Tensor('float32', queries, [1, 1, 1, positions]) }),
  });
  const encodeMs = performance.now() - encodeStarted;

  const valid = Math.ceil(pooledPositions / encoder.positionsPerToken);
  const received = taps(pack)
    ? floats(output(encoded, receivedAttention))
    : new Float32Array(encoder.heads * positions);
  const tokens = output(encoded, encoder.output);
  const keys = encoded[meanKeys];
  const rows = tokens.dims.at(-2)!;
  const heard = Math.min(rows, valid + model.family.paddingTokens);
  return {
    counts: { valid, trimmed: Math.max(0, Math.ceil(padded.length / samplesPerToken(pack)) - heard) },
    tokens: rowsOf(tokens, 0, valid),
    padding: rowsOf(tokens, valid, heard),
    receivedPerHead: poolToTokens(received, encoder.heads, encoder.positionsPerToken, pooledPositions),
    ...(keys && { keys: poolKeys(keys, encoder.positionsPerToken, pooledPositions) }),
    mel: melPicture(floats(mel), {
      bins: mel.dims[1]!,
      frames: mel.dims[2]!,
      secondsPerFrame: frontEnd.hopSamples / frontEnd.sampleRate,
      melScale: frontEnd.melScale ?? 'slaney',
    }),
    times: { featuresMs, encodeMs },
  };
}

/**
 * Positions that the layers work on, those of them that are not padding, and those of these that tokens are made of. An
 * encoder that leaves padding away itself drops what is no whole token, as its model was trained; a sound shorter than
 * a token is padded to one.
 */
function positionsOf(
  pack: Model['pack'],
  samples: number,
  padded: number,
): { positions: number; validPositions: number; pooledPositions: number } {
  const { positionsPerToken, validPositions: leavesPaddingAway } = pack.encoder;
  const validPositions = Math.ceil(samples / samplesPerPosition(pack));
  if (leavesPaddingAway === undefined) {
    return { positions: Math.ceil(padded / samplesPerPosition(pack)), validPositions, pooledPositions: validPositions };
  }
  const positions = Math.max(validPositions, positionsPerToken);
  const pooledPositions = Math.min(validPositions, positions - (positions % positionsPerToken));
  return { positions, validPositions, pooledPositions };
}

/** Zeros up to a whole token or frame, or up to the window where the model was trained that way. */
function padSamples({ pack }: Model, samples: Float32Array): Float32Array {
  const length = paddedLength(pack, samples.length);
  if (length === samples.length) {
    return samples;
  }
  const padded = new Float32Array(length);
  padded.set(samples);
  return padded;
}

function paddedLength(pack: Pack, samples: number): number {
  const { padding, hopSamples, windowSeconds, sampleRate } = pack.frontEnd;
  switch (padding) {
    case 'token':
      return Math.ceil(samples / samplesPerToken(pack)) * samplesPerToken(pack);
    case 'frame':
      // Reflection at both ends takes two frames.
      return Math.max(2, Math.ceil(samples / hopSamples)) * hopSamples;
    case 'window':
      return windowSeconds * sampleRate;
  }
}

/** Rows `start` (included) to `end` (not included) of [1, rows, width] or [rows, width]. */
function rowsOf(tensor: Tensor, start: number, end: number): Matrix {
  const columns = tensor.dims.at(-1)!;
  return { data: floats(tensor).slice(start * columns, end * columns), rows: end - start, columns };
}

/** [1, key width, positions] to [tokens, key width], the mean over each token's valid positions. */
function poolKeys(keys: Tensor, positionsPerToken: number, validPositions: number): Matrix {
  const columns = keys.dims[1]!;
  const pooled = poolToTokens(floats(keys), columns, positionsPerToken, validPositions);
  const rows = pooled.length / columns;
  const data = new Float32Array(pooled.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      data[row * columns + column] = pooled[column * rows + row]!;
    }
  }
  return { data, rows, columns };
}

/** @throws EarmarkError `model-invalid` where the graph has no such output */
export function output(results: InferenceSession.OnnxValueMapType, name: string): Tensor {
  const tensor = results[name];
  if (!tensor) {
    throw new EarmarkError(
      'model-invalid',
      `The model gives no output named "${name}"; it gives ${Object.keys(results).join(', ')}.`,
    );
  }
  return tensor;
}
