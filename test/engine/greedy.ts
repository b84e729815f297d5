import { expect } from 'vitest';
import { decode, type Decoded } from '../../src/engine/model/decode';
import type { Prompt } from '../../src/engine/model/families/family';
import type { Model } from '../../src/engine/model/load';

/**
 * Expects the same tokens. Where they part, the two choices must be a near tie: from there on they are the beginnings
 * of two sentences.
 *
 * @param ids what the reference says, without the token that ends it
 * @param nearTie a choice by less may be made either way
 */
export async function expectGreedy(
  model: Model,
  prompt: Prompt,
  ids: readonly number[],
  { nearTie, maxNewTokens }: { readonly nearTie: number; readonly maxNewTokens: number },
): Promise<Decoded> {
  const options = { maxNewTokens, signal: new AbortController().signal, onText: () => undefined };
  const decoded = await decode(model, prompt, options);
  const parting = ids.findIndex((id, place) => decoded.tokenIds[place] !== id);
  if (parting < 0) {
    expect(decoded.tokenIds).toHaveLength(ids.length);
    return decoded;
  }
  const logits = await logitsAfter(prompt, ids.slice(0, parting));
  const best = logits.reduce((highest, logit) => Math.max(highest, logit));
  expect(logits[ids[parting]!]).toBeGreaterThan(best - nearTie);
  return decoded;
}

/** The logits of what comes after a prompt and the ids: [vocabulary]. */
export async function logitsAfter(prompt: Prompt, ids: readonly number[]): Promise<Float32Array> {
  const reading = prompt.begin();
  let logits = await reading.read(undefined);
  for (const id of ids) {
    logits = await reading.read(id);
  }
  return logits;
}
