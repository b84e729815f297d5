import type { Tokenizer } from '@huggingface/tokenizers';
import type { InferenceSession } from 'onnxruntime-node';
import * as path from 'node:path';
import type { Selection } from '../../../pruning/selection';
import { decoderAttention, firstQuery, groupQueryAttention } from '../decoder-tap';
import { floats, output } from '../encode';
import { loadTappedDecoder, meanOverLayers } from '../explainer';
import { cacheBytes, emptyCache, keptCache, type KvCache } from '../kv-cache';
import type { PrefixPack } from '../pack';
import { gatherSlots } from '../slots';
import type { Audio, Explainer, Family, FamilyBase, Heard, Prompt, Reading } from './family';

type Base = FamilyBase<PrefixPack>;

/** Loads the graphs of a pack whose audio tokens stand in the prompt of a language model. */
export async function loadPrefixFamily(base: Base): Promise<Family> {
  const { folder, pack, runtime } = base;
  const load = (file: string) => runtime.createSession(path.join(folder, file));
  return new PrefixFamily(base, {
    adapter: await load(pack.adapter.file),
    embeddings: await load(pack.embeddings.file),
    decoder: await load(pack.decoder.file),
  });
}

interface Sessions {
  readonly adapter: InferenceSession;
  readonly embeddings: InferenceSession;
  readonly decoder: InferenceSession;
}

class PrefixFamily implements Family {
  readonly paddingTokens = 0;

  constructor(
    private readonly base: Base,
    private readonly sessions: Sessions,
  ) {}

  /**
   * Kept tokens to the language model's embeddings. The adapter works token by token, so dropping tokens before it
   * equals dropping them after it, and merged tokens are what it would have seen.
   */
  async adapt({ tokens }: Heard, selection: Selection): Promise<Audio> {
    const { pack, runtime } = this.base;
    const { input, output: name } = pack.adapter;
    const kept = selection.groups.length;
    const tensor = new runtime.Tensor('float32', gatherSlots(tokens, selection), [1, kept, tokens.columns]);
    return { rows: floats(output(await this.sessions.adapter.run({ [input]: tensor }), name)), kept, padding: 0 };
  }

  /** Puts audio embeddings where the pack's template has `{audio}`, between the embeddings of the text around it. */
  async prompt({ rows, kept }: Audio, question: string): Promise<Prompt> {
    const { pack, tokenizer } = this.base;
    const { before, after } = promptIds(tokenizer, pack.prompt.template, question);
    const embeddings = joined([await this.embed(before), rows, await this.embed(after)]);
    const { width } = pack.decoder;
    return {
      split: { textBefore: before.length, audio: kept, textAfter: after.length },
      positions: embeddings.length / width,
      begin: () => this.begin(embeddings),
    };
  }

  /** A second decoder whose attention can be read, and through which prompt and caption go in one pass. */
  async loadExplainer(): Promise<Explainer> {
    const { pack, runtime } = this.base;
    const { width, inputsEmbeds, attentionMask, layers } = pack.decoder;
    const decoder = await loadTappedDecoder(this.base, groupQueryAttention);
    return {
      attention: async ({ rows, kept }, question, tokenIds) => {
        const { before, after } = promptIds(this.base.tokenizer, pack.prompt.template, question);
        const text = [await this.embed(before), rows, await this.embed(after)];
        // The last token said nothing.
        const embeddings = joined([...text, await this.embed(tokenIds.slice(0, -1))]);
        const positions = embeddings.length / width;
        const generated = tokenIds.length;
        const results = await decoder.run(
          {
            ...emptyCache(runtime, pack.decoder),
            [inputsEmbeds]: new runtime.Tensor('float32', embeddings, [1, positions, width]),
            [attentionMask]: new runtime.Tensor('int64', new BigInt64Array(positions).fill(1n), [1, positions]),
            [firstQuery]: new runtime.Tensor('int64', BigInt64Array.of(BigInt(positions - generated)), [1]),
          },
          [decoderAttention],
        );
        const columns = { start: before.length, count: kept };
        return meanOverLayers(floats(output(results, decoderAttention)), layers, generated, positions, columns);
      },
      release: () => decoder.release(),
    };
  }

  async release(): Promise<void> {
    const { adapter, embeddings, decoder } = this.sessions;
    for (const session of [adapter, embeddings, decoder]) {
      await session.release();
    }
  }

  private begin(prompt: Float32Array): Reading {
    const { pack, runtime } = this.base;
    let cache = emptyCache(runtime, pack.decoder);
    let past = 0;
    return {
      read: async (token) => {
        const input = token === undefined ? prompt : await this.embed([token]);
        const results = await this.step(input, past, cache);
        cache = keptCache(pack.decoder, results);
        past += input.length / pack.decoder.width;
        return floats(output(results, pack.decoder.logits));
      },
      get kvBytes() {
        return cacheBytes(pack.decoder, past);
      },
    };
  }

  private async step(input: Float32Array, past: number, cache: KvCache): Promise<InferenceSession.OnnxValueMapType> {
    const { pack, runtime } = this.base;
    const { width, inputsEmbeds, attentionMask } = pack.decoder;
    const positions = input.length / width;
    const mask = new BigInt64Array(past + positions).fill(1n);
    return this.sessions.decoder.run({
      ...cache,
      [inputsEmbeds]: new runtime.Tensor('float32', input, [1, positions, width]),
      [attentionMask]: new runtime.Tensor('int64', mask, [1, mask.length]),
    });
  }

  /** Embeddings of token ids: [ids * width]. */
  private async embed(ids: readonly number[]): Promise<Float32Array> {
    const { pack, runtime } = this.base;
    const { input, output: name } = pack.embeddings;
    if (ids.length === 0) {
      return new Float32Array(0);
    }
    const tensor = new runtime.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
    return floats(output(await this.sessions.embeddings.run({ [input]: tensor }), name));
  }
}

/** Token ids of the text before and after the audio. */
export function promptIds(
  tokenizer: Tokenizer,
  template: string,
  question: string,
): { readonly before: readonly number[]; readonly after: readonly number[] } {
  const [before = '', after = ''] = template.split('{audio}');
  const encode = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
  // A replacer function, so that `$` in a question is no pattern.
  return { before: encode(before), after: encode(after.replace('{question}', () => question)) };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
