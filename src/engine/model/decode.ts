import type { InferenceSession } from 'onnxruntime-node';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EarmarkError } from '../../protocol/errors';
import type { FinishReason } from '../../protocol/run';
import { floats, output } from './encode';
import type { Model } from './load';
import { embed, type Prompt } from './prompt';

export interface DecodeOptions {
  readonly maxNewTokens: number;
  readonly signal: AbortSignal;
  /** Called with each new piece of text. */
  readonly onText: (text: string) => void;
}

export interface Decoded {
  readonly caption: string;
  /** Generated ids without the stop token. */
  readonly tokenIds: readonly number[];
  readonly finish: FinishReason;
  readonly prefillMs: number;
  /** Time of all steps after the prefill. */
  readonly stepsMs: number;
  readonly steps: number;
  /** Bytes of keys and values at the end. */
  readonly kvBytes: number;
}

/**
 * Prefill and greedy decoding with a KV cache. Logits are computed for the last position only, by the graph, for
 * pruned and unpruned prompts alike. Cancelling takes effect between steps and keeps what was said so far.
 *
 * @throws EarmarkError `context-too-long`
 */
export async function decode(model: Model, prompt: Prompt, options: DecodeOptions): Promise<Decoded> {
  requireContext(model, prompt, options.maxNewTokens);
  const text = new TextStream(model, options.onText);
  const tokenIds: number[] = [];
  let cache = emptyCache(model);
  let past = 0;
  let prefillMs = 0;
  let stepsMs = 0;
  let finish: FinishReason = 'length';
  while (tokenIds.length < options.maxNewTokens) {
    // A turn of the event loop, so that a request to cancel can arrive between steps.
    await nextTurn();
    if (options.signal.aborted) {
      finish = 'cancelled';
      break;
    }
    const started = performance.now();
    const last = tokenIds.at(-1);
    const input = last === undefined ? prompt.embeddings : await embed(model, [last]);
    const results = await step(model, input, past, cache);
    const next = argMax(floats(output(results, model.pack.decoder.logits)));
    const elapsed = performance.now() - started;
    if (last === undefined) {
      prefillMs = elapsed;
    } else {
      stepsMs += elapsed;
    }
    cache = keptCache(model, results);
    past += input.length / model.pack.decoder.width;
    if (model.pack.stopTokens.includes(next)) {
      finish = 'stop';
      break;
    }
    tokenIds.push(next);
    text.push(next);
  }
  // Every step but the prefill feeds one token that was generated before.
  const promptPositions = prompt.embeddings.length / model.pack.decoder.width;
  const steps = Math.max(0, past - promptPositions);
  const { layers, kvHeads, headDim } = model.pack.decoder;
  return {
    caption: text.finish(),
    tokenIds,
    finish,
    prefillMs,
    stepsMs,
    steps,
    kvBytes: 2 * layers * kvHeads * headDim * past * Float32Array.BYTES_PER_ELEMENT,
  };
}

function requireContext(model: Model, { split }: Prompt, maxNewTokens: number): void {
  const text = split.textBefore + split.textAfter;
  const room = model.pack.decoder.maxContext - text - maxNewTokens;
  if (split.audio > room) {
    throw new EarmarkError(
      'context-too-long',
      `The prompt is too long for the model: ${String(split.audio)} audio tokens, ${String(text)} text tokens and ` +
        `${String(maxNewTokens)} new tokens exceed its context of ${String(model.pack.decoder.maxContext)}.`,
      room > 0
        ? `At least ${String(split.audio - room)} audio tokens must go: choose a lower keep ratio or fewer new tokens.`
        : 'Choose fewer new tokens or a shorter question.',
    );
  }
}

/** Keys and values of every layer, under the names of the decoder's inputs. */
type Cache = InferenceSession.OnnxValueMapType;

/** The cache before the first position: no keys and values. */
export function emptyCache({ pack, runtime }: Model): Cache {
  const { layers, kvHeads, headDim, pastKey, pastValue } = pack.decoder;
  const empty = () => new runtime.Tensor('float32', new Float32Array(0), [1, kvHeads, 0, headDim]);
  return Object.fromEntries(
    range(layers).flatMap((layer) => [
      [named(pastKey, layer), empty()],
      [named(pastValue, layer), empty()],
    ]),
  );
}

/** The step's keys and values under the names of the next step's inputs. */
function keptCache({ pack }: Model, results: InferenceSession.OnnxValueMapType): Cache {
  const { layers, pastKey, pastValue, presentKey, presentValue } = pack.decoder;
  return Object.fromEntries(
    range(layers).flatMap((layer) => [
      [named(pastKey, layer), output(results, named(presentKey, layer))],
      [named(pastValue, layer), output(results, named(presentValue, layer))],
    ]),
  );
}

async function step(
  { pack, runtime, decoder }: Model,
  input: Float32Array,
  past: number,
  cache: Cache,
): Promise<InferenceSession.OnnxValueMapType> {
  const { width, inputsEmbeds, attentionMask } = pack.decoder;
  const positions = input.length / width;
  const mask = new BigInt64Array(past + positions).fill(1n);
  return decoder.run({
    ...cache,
    [inputsEmbeds]: new runtime.Tensor('float32', input, [1, positions, width]),
    [attentionMask]: new runtime.Tensor('int64', mask, [1, mask.length]),
  });
}

/** Index of the largest value; the first of equals. */
function argMax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if (values[i]! > values[best]!) {
      best = i;
    }
  }
  return best;
}

function named(pattern: string, layer: number): string {
  return pattern.replace('{layer}', String(layer));
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

/** Turns token ids to text piece by piece, holding back characters whose bytes are not complete. */
class TextStream {
  private readonly ids: number[] = [];
  private said = '';

  constructor(
    private readonly model: Model,
    private readonly onText: (text: string) => void,
  ) {}

  push(id: number): void {
    this.ids.push(id);
    const text = this.text();
    if (!text.endsWith('\uFFFD')) {
      this.say(text);
    }
  }

  finish(): string {
    const text = this.text();
    this.say(text);
    return text.trim();
  }

  private say(text: string): void {
    if (text.length > this.said.length) {
      this.onText(text.slice(this.said.length));
      this.said = text;
    }
  }

  private text(): string {
    return this.ids.length === 0 ? '' : this.model.tokenizer.decode(this.ids, { skip_special_tokens: true });
  }
}
