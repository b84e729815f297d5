import type { InferenceSession } from 'onnxruntime-node';
import * as path from 'node:path';
import type { Selection } from '../../../pruning/selection';
import { decoderAttention, firstQuery } from '../decoder-tap';
import { output } from '../encode';
import { loadTappedDecoder, meanOverLayers } from '../explainer';
import { floats } from '../half';
import { cacheValueBytes, emptyCache, keptCache, type KvCache } from '../kv-cache';
import { lastRow } from '../logits';
import { cacheBytes } from '../needs';
import { orRelease } from '../or-release';
import { gatherSlots } from '../slots';
import { loadCross, type Base, type Cross } from './cross';
import type { Audio, Explainer, Family, Heard, Prompt, Reading } from './family';

/** Loads the graphs of a pack whose decoder looks at encoder tokens by cross-attention, as Whisper's does. */
export async function loadCrossAttentionFamily(base: Base): Promise<Family> {
  const { folder, pack, runtime } = base;
  const decoder = await runtime.createSession(path.join(folder, pack.decoder.file));
  return new CrossAttentionFamily(base, decoder, await orRelease(loadCross(base, decoder), [decoder]));
}

class CrossAttentionFamily implements Family {
  constructor(
    private readonly base: Base,
    private readonly decoder: InferenceSession,
    private readonly cross: Cross,
  ) {}

  get paddingTokens(): number {
    return this.base.pack.cross.paddingTokens;
  }

  /**
   * The kept encoder tokens themselves: nothing stands between encoder and decoder. A merged slot is the mix of its
   * tokens, and becomes one key and one value in each layer. Behind them comes the padding that says that the sound is
   * over.
   */
  adapt({ tokens, padding }: Heard, selection: Selection): Promise<Audio> {
    const slots = gatherSlots(tokens, selection);
    const rows = new Float32Array(slots.length + padding.data.length);
    rows.set(slots);
    rows.set(padding.data, slots.length);
    return Promise.resolve({ rows, kept: selection.groups.length, padding: padding.rows });
  }

  /** Kept tokens beside the start tokens that say what is to be written; there is no question to ask. */
  prompt(audio: Audio): Promise<Prompt> {
    const { startTokens } = this.base.pack.prompt;
    return Promise.resolve({
      split: { textBefore: startTokens.length, audio: audio.kept, textAfter: audio.padding },
      positions: startTokens.length,
      begin: () => this.begin(audio),
    });
  }

  async loadExplainer(): Promise<Explainer> {
    const { pack, runtime } = this.base;
    const { layers } = pack.decoder;
    const { startTokens } = pack.prompt;
    const decoder = await loadTappedDecoder(this.base, this.cross.attention);
    return {
      attention: async (audio, _question, tokenIds) => {
        const generated = tokenIds.length;
        const results = await decoder.run(
          {
            ...(await this.cross.whole(audio, decoder)),
            // The last token said nothing.
            ...this.ids([...startTokens, ...tokenIds.slice(0, -1)]),
            [firstQuery]: new runtime.Tensor('int64', BigInt64Array.of(BigInt(startTokens.length - 1)), [1]),
          },
          [decoderAttention],
        );
        const rows = floats(output(results, decoderAttention));
        const { kept, padding } = audio;
        return meanOverLayers(rows, layers, generated, kept + padding, { start: 0, count: kept });
      },
      release: () => decoder.release(),
    };
  }

  async release(): Promise<void> {
    await this.cross.release();
    await this.decoder.release();
  }

  private begin(audio: Audio): Reading {
    const { decoder } = this;
    const { pack, runtime } = this.base;
    const { startTokens, suppress, suppressFirst } = pack.prompt;
    const step = this.cross.look(audio);
    let cache = emptyCache(runtime, decoder, pack.decoder);
    let past = 0;
    return {
      read: async (token) => {
        const first = token === undefined;
        const ids = first ? startTokens : [token];
        const results = await step({ ...cache, ...this.ids(ids) });
        cache = keptCache(pack.decoder, results);
        past += ids.length;
        const logits = lastRow(output(results, pack.decoder.logits));
        for (const id of first ? [...suppress, ...suppressFirst] : suppress) {
          logits[id] = -Infinity;
        }
        return logits;
      },
      get kvBytes() {
        const positions = past === 0 ? 0 : past + audio.kept + audio.padding;
        return cacheBytes(pack.decoder, positions, cacheValueBytes(decoder, pack.decoder));
      },
    };
  }

  private ids(ids: readonly number[]): KvCache {
    const { pack, runtime } = this.base;
    return { [pack.decoder.inputIds]: new runtime.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]) };
  }
}
