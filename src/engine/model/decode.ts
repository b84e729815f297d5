import { setImmediate as nextTurn } from 'node:timers/promises';
import { EarmarkError } from '../../protocol/errors';
import type { FinishReason } from '../../protocol/run';
import type { Prompt } from './families/family';
import type { Model } from './load';
import type { Pack } from './pack';
import { TextStream } from './text-stream';

export interface DecodeOptions {
  readonly maxNewTokens: number;
  readonly signal: AbortSignal;
  /** Called when the prompt has been read. */
  readonly onPrefilled?: () => void;
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
 * @throws EarmarkError `scores-invalid` where the largest logit is no finite number
 */
export async function decode(model: Model, prompt: Prompt, options: DecodeOptions): Promise<Decoded> {
  const text = new TextStream(model.tokenizer);
  const say = (piece: string | null): void => {
    if (piece) {
      options.onText(piece);
    }
  };
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
    const logits = await reading.read(last);
    const next = argMax(logits);
    // Said as they are, they would be a caption of one word over and over, scored like any other.
    if (!Number.isFinite(logits[next])) {
      throw new EarmarkError(
        'scores-invalid',
        `The model "${model.pack.id}" gives no numbers for what comes next: they overflow.`,
        'Choose another precision of the model, or another provider: half precision overflows soonest.',
      );
    }
    const elapsed = performance.now() - started;
    if (last === undefined) {
      prefillMs = elapsed;
      options.onPrefilled?.();
    } else {
      stepsMs += elapsed;
      steps++;
    }
    if (model.pack.stopTokens.includes(next)) {
      finish = 'stop';
      break;
    }
    tokenIds.push(next);
    say(text.push(next));
  }
  say(text.rest());
  return { caption: text.text().trim(), tokenIds, finish, prefillMs, stepsMs, steps, kvBytes: reading.kvBytes };
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
  // Audio that is looked at from outside takes no position, nor does the padding that counts as text after it.
  const audio = Math.max(0, positions - split.textBefore - split.textAfter);
  const text = positions - audio;
  const room = decoder.maxContext - text - maxNewTokens;
  if (audio > room) {
    throw new EarmarkError(
      'context-too-long',
      `The prompt is too long for the model: ${audio > 0 ? `${String(audio)} audio tokens, ` : ''}${String(text)} text ` +
        `tokens and ${String(maxNewTokens)} new tokens exceed its context of ${String(decoder.maxContext)}.`,
      contextAdvice({ audio, room, tokens, most: decoder.maxContext - positions }),
    );
  }
}

interface Context {
  /** Audio tokens that stand in the prompt, how many would fit, and how many the window has. */
  readonly audio: number;
  readonly room: number;
  readonly tokens: number;
  /** New tokens that fit behind the prompt as it is. */
  readonly most: number;
}

function contextAdvice({ audio, room, tokens, most }: Context): string {
  if (audio === 0) {
    return `Choose at most ${String(most)} new tokens.`;
  }
  const percent = Math.floor((100 * room) / tokens);
  return percent > 0
    ? `At least ${String(audio - room)} audio tokens must go: a keep ratio of ${String(percent)} % fits. Or choose ` +
        'fewer new tokens.'
    : 'Choose fewer new tokens or a shorter question.';
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
