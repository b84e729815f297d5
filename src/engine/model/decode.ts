import { setImmediate as nextTurn } from 'node:timers/promises';
import { EarmarkError } from '../../protocol/errors';
import type { FinishReason } from '../../protocol/run';
import type { Prompt } from './families/family';
import type { Model } from './load';
import type { Pack } from './pack';

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
 */
export async function decode(model: Model, prompt: Prompt, options: DecodeOptions): Promise<Decoded> {
  const text = new TextStream(model, options.onText);
  const tokenIds: number[] = [];
  const reading = prompt.begin();
  let prefillMs = 0;
  let stepsMs = 0;
  let steps = 0;
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
    const next = argMax(await reading.read(last));
    const elapsed = performance.now() - started;
    if (last === undefined) {
      prefillMs = elapsed;
    } else {
      stepsMs += elapsed;
      steps++;
    }
    if (model.pack.stopTokens.includes(next)) {
      finish = 'stop';
      break;
    }
    tokenIds.push(next);
    text.push(next);
  }
  return { caption: text.finish(), tokenIds, finish, prefillMs, stepsMs, steps, kvBytes: reading.kvBytes };
}

/**
 * @param tokens all that the window has, of which the prompt holds those kept
 * @throws EarmarkError `context-too-long` naming how many tokens must go, and the keep ratio that fits
 */
export function requireContext(
  { decoder }: Pack,
  { split, positions }: Prompt,
  { maxNewTokens, tokens }: { readonly maxNewTokens: number; readonly tokens: number },
): void {
  const text = split.textBefore + split.textAfter;
  // Audio that is looked at from outside takes no position.
  const audio = positions - text;
  const room = decoder.maxContext - text - maxNewTokens;
  if (audio > room) {
    const percent = Math.floor((100 * room) / tokens);
    throw new EarmarkError(
      'context-too-long',
      `The prompt is too long for the model: ${audio > 0 ? `${String(audio)} audio tokens, ` : ''}${String(text)} text ` +
        `tokens and ${String(maxNewTokens)} new tokens exceed its context of ${String(decoder.maxContext)}.`,
      audio > 0 && percent > 0
        ? `At least ${String(audio - room)} audio tokens must go: a keep ratio of ${String(percent)} % fits. Or choose ` +
            'fewer new tokens.'
        : 'Choose fewer new tokens or a shorter question.',
    );
  }
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
