import { EarmarkError } from '../protocol/errors';
import type { HeadReduce } from './selection';

/**
 * Scores of encoder positions brought to the rate of the tokens that can be pruned: the mean over each token's valid
 * positions. A token with no valid position is padding and is left out.
 *
 * @param received [heads * positions]
 * @returns [heads * tokens], tokens = ceil(validPositions / positionsPerToken)
 * Source: the mapping is not in the paper; the mean of the pooled group follows the public precedents (VisionZip
 * issue 31, AngelSlim SA-MAP).
 */
export function poolToTokens(
  received: Float32Array,
  heads: number,
  positionsPerToken: number,
  validPositions: number,
): Float32Array {
  const positions = received.length / heads;
  const tokens = Math.ceil(validPositions / positionsPerToken);
  const pooled = new Float32Array(heads * tokens);
  for (let head = 0; head < heads; head++) {
    for (let token = 0; token < tokens; token++) {
      const start = token * positionsPerToken;
      const end = Math.min(start + positionsPerToken, validPositions);
      let sum = 0;
      for (let position = start; position < end; position++) {
        sum += received[head * positions + position]!;
      }
      pooled[head * tokens + token] = sum / (end - start);
    }
  }
  return pooled;
}

/**
 * One score a token from the scores of the heads.
 *
 * @param perHead [heads * tokens]
 * @returns [tokens]
 * @throws EarmarkError `settings-invalid` for a head that does not exist
 */
export function reduceHeads(perHead: Float32Array, heads: number, reduce: HeadReduce): Float32Array {
  const tokens = perHead.length / heads;
  requireHead(heads, reduce);
  if (typeof reduce === 'number') {
    return perHead.slice(reduce * tokens, (reduce + 1) * tokens);
  }
  const scores = new Float32Array(tokens);
  for (let token = 0; token < tokens; token++) {
    let sum = 0;
    let max = -Infinity;
    for (let head = 0; head < heads; head++) {
      const value = perHead[head * tokens + token]!;
      sum += value;
      max = Math.max(max, value);
    }
    scores[token] = reduce === 'mean' ? sum / heads : max;
  }
  return scores;
}

/** @throws EarmarkError `settings-invalid` for a head that does not exist */
export function requireHead(heads: number, reduce: HeadReduce): void {
  if (typeof reduce === 'number' && (!Number.isInteger(reduce) || reduce < 0 || reduce >= heads)) {
    throw new EarmarkError(
      'settings-invalid',
      `Head ${String(reduce)} does not exist: the encoder's last layer has ${String(heads)} heads.`,
      `Choose mean, max or a head from 0 to ${String(heads - 1)}.`,
    );
  }
}

/** @throws EarmarkError `scores-invalid` naming the first score that is not a finite number */
export function requireFiniteScores(scores: Float32Array): void {
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0) {
    throw new EarmarkError(
      'scores-invalid',
      `The score of token ${String(bad)} is ${String(scores[bad])}, so tokens can not be ranked.`,
      'Check the audio for damaged samples, or the model for overflow in a half-precision encoder.',
    );
  }
}
