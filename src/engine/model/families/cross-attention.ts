import type { InferenceSession } from 'onnxruntime-node';
import * as path from 'node:path';
import type { Selection } from '../../../pruning/selection';
import { attentionTo, decoderAttention, firstQuery } from '../decoder-tap';
import { output } from '../encode';
import { loadTappedDecoder, meanOverLayers } from '../explainer';
import { floats } from '../half';
import { emptyCache, keptCache, layersOf, type KvCache } from '../kv-cache';
import { cacheBytes } from '../needs';
import type { CrossAttentionPack } from '../pack';
import { gatherSlots } from '../slots';
import type { Audio, Explainer, Family, FamilyBase, Heard, Prompt, Reading } from './family';

type Base = FamilyBase<CrossAttentionPack>;

/** Loads the graphs of a pack whose decoder looks at encoder tokens by cross-attention, as Whisper's does. */
export async function loadCrossAttentionFamily(base: Base): Promise<Family> {
  const { folder, pack, runtime } = base;
  const load = (file: string) => runtime.createSession(path.join(folder, file));
  return new CrossAttentionFamily(base, await load(pack.cross.file), await load(pack.decoder.file));
}

class CrossAttentionFamily implements Family {
  constructor(
    private readonly base: Base,
    private readonly cross: InferenceSession,
    private readonly decoder: InferenceSession,
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
    const decoder = await loadTappedDecoder(this.base, attentionTo(layersOf(layers, pack.cross.value)));
    return {
      attention: async (audio, _question, tokenIds) => {
        const generated = tokenIds.length;
        const results = await decoder.run(
          {
            ...(await this.project(audio)),
            ...emptyCache(runtime, decoder, pack.decoder),
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
    const { pack, runtime } = this.base;
    const { startTokens, suppress, suppressFirst } = pack.prompt;
    const looked = audio.kept + audio.padding;
    let cross: KvCache = {};
    let cache = emptyCache(runtime, this.decoder, pack.decoder);
    let past = 0;
    return {
      read: async (token) => {
        const first = token === undefined;
        if (first) {
          cross = await this.project(audio);
        }
        const ids = first ? startTokens : [token];
        const results = await this.decoder.run({ ...cross, ...cache, ...this.ids(ids) });
        cache = keptCache(pack.decoder, results);
        past += ids.length;
        const logits = floats(output(results, pack.decoder.logits));
        for (const id of first ? [...suppress, ...suppressFirst] : suppress) {
          logits[id] = -Infinity;
        }
        return logits;
      },
      get kvBytes() {
        return past === 0 ? 0 : cacheBytes(pack.decoder, past + looked);
      },
    };
  }

  /** Keys and values of the kept tokens in every layer: what pruning makes smaller. Computed once a run. */
  private async project({ rows, kept, padding }: Audio): Promise<KvCache> {
    const { pack, runtime } = this.base;
    const { width } = pack.encoder;
    const tokens = new runtime.Tensor('float32', rows, [1, kept + padding, width]);
    const { input, key, value } = pack.cross;
    return this.cross.run({ [input]: tokens }, layersOf(pack.decoder.layers, key, value));
  }

  private ids(ids: readonly number[]): KvCache {
    const { pack, runtime } = this.base;
    return { [pack.decoder.inputIds]: new runtime.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]) };
  }
}
