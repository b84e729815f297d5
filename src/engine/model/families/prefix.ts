import type { Tokenizer } from '@huggingface/tokenizers';
import type { InferenceSession } from 'onnxruntime-node';
import * as path from 'node:path';
import type { Selection } from '../../../pruning/selection';
import { decoderAttention, firstQuery, groupQueryAttention } from '../decoder-tap';
import { output } from '../encode';
import { loadTappedDecoder, meanOverLayers } from '../explainer';
import { floats, floatTensor } from '../half';
import { cacheValueBytes, emptyCache, keptCache, type KvCache } from '../kv-cache';
import { lastRow } from '../logits';
import { cacheBytes } from '../needs';
import { orRelease } from '../or-release';
import type { PrefixPack } from '../pack';
import { gatherSlots } from '../slots';
import type { Audio, Explainer, Family, FamilyBase, Heard, Prompt, Reading } from './family';

type Base = FamilyBase<PrefixPack>;

/** Loads the graphs of a pack whose audio tokens stand in the prompt of a language model. */
export async function loadPrefixFamily(base: Base): Promise<Family> {
  const { folder, pack, runtime } = base;
  const load = (file: string) => runtime.createSession(path.join(folder, file));
  const adapter = pack.adapter && (await load(pack.adapter.file));
  const embeddings = await orRelease(load(pack.embeddings.file), [adapter]);
  const decoder = await orRelease(load(pack.decoder.file), [adapter, embeddings]);
  return new PrefixFamily(base, { ...(adapter && { adapter }), embeddings, decoder });
}

interface Sessions {
  /** Absent where the encoder adapts. */
  readonly adapter?: InferenceSession;
  readonly embeddings: InferenceSession;
  readonly decoder: InferenceSession;
}

class PrefixFamily implements Family {
  constructor(
    private readonly base: Base,
    private readonly sessions: Sessions,
  ) {}

  get paddingTokens(): number {
    return this.base.pack.encoder.extraRows ?? 0;
  }

  /**
   * Kept tokens to the language model's embeddings. The adapter works token by token, so dropping tokens before it
   * equals dropping them after it, and merged tokens are what it would have seen. Where the encoder adapts, tokens are
   * embeddings already; what merges mixes these.
   */
  async adapt({ tokens, padding }: Heard, selection: Selection): Promise<Audio> {
    const { pack, runtime } = this.base;
    const kept = selection.groups.length;
    if (!pack.adapter || !this.sessions.adapter) {
      return { rows: joined([gatherSlots(tokens, selection), padding.data]), kept, padding: padding.rows };
    }
    const { input, output: name } = pack.adapter;
    const tensor = new runtime.Tensor('float32', gatherSlots(tokens, selection), [1, kept, tokens.columns]);
    return { rows: floats(output(await this.sessions.adapter.run({ [input]: tensor }), name)), kept, padding: 0 };
  }

  /** Puts audio embeddings where the pack's template has `{audio}`, between the embeddings of the text around it. */
  async prompt({ rows, kept, padding }: Audio, question: string): Promise<Prompt> {
    const { pack, tokenizer } = this.base;
    const { before, after } = promptIds(tokenizer, pack.prompt.template, question);
    const embeddings = joined([await this.embed(before), rows, await this.embed(after)]);
    const { width } = pack.decoder;
    return {
      split: { textBefore: before.length, audio: kept, textAfter: padding + after.length },
      positions: embeddings.length / width,
      begin: () => this.begin(embeddings),
    };
  }

  /** A second decoder whose attention can be read, and through which prompt and caption go in one pass. */
  async loadExplainer(): Promise<Explainer> {
    const { pack, runtime } = this.base;
    const { width, layers } = pack.decoder;
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
            ...emptyCache(runtime, decoder, pack.decoder),
            ...this.inputs(decoder, embeddings, 0),
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
      await session?.release();
    }
  }

  private begin(prompt: Float32Array): Reading {
    const { pack, runtime } = this.base;
    const { decoder } = this.sessions;
    let cache = emptyCache(runtime, decoder, pack.decoder);
    let past = 0;
    return {
      read: async (token) => {
        const input = token === undefined ? prompt : await this.embed([token]);
        const results = await decoder.run({ ...cache, ...this.inputs(decoder, input, past) });
        cache = keptCache(pack.decoder, results);
        past += input.length / pack.decoder.width;
        return lastRow(output(results, pack.decoder.logits));
      },
      get kvBytes() {
        return cacheBytes(pack.decoder, past, cacheValueBytes(decoder, pack.decoder));
      },
    };
  }

  /** What a decoder takes beside its cache; some exports want positions, and how many logits to compute. */
  private inputs(decoder: InferenceSession, input: Float32Array, past: number): KvCache {
    const { pack, runtime } = this.base;
    const { width, inputsEmbeds, attentionMask } = pack.decoder;
    const positions = input.length / width;
    const integers = (values: BigInt64Array, dims: readonly number[]) => new runtime.Tensor('int64', values, dims);
    const places = BigInt64Array.from({ length: positions }, (_, i) => BigInt(past + i));
    const wanted: KvCache = {
      position_ids: integers(places, [1, positions]),
      num_logits_to_keep: integers(BigInt64Array.of(1n), []),
    };
    return {
      [inputsEmbeds]: floatTensor(runtime, decoder, inputsEmbeds, input, [1, positions, width]),
      [attentionMask]: integers(new BigInt64Array(past + positions).fill(1n), [1, past + positions]),
      ...Object.fromEntries(Object.entries(wanted).filter(([name]) => decoder.inputNames.includes(name))),
    };
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
