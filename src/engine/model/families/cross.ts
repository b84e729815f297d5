import type { InferenceSession, Tensor } from 'onnxruntime-node';
import * as path from 'node:path';
import { attentionTo, startBranch, type FindAttention } from '../decoder-tap';
import { floatTensor } from '../half';
import { emptyCache, keptCache, layersOf, type KvCache } from '../kv-cache';
import type { AnyDecoder, CrossAttentionPack, CrossGraph, CrossInDecoder } from '../pack';
import type { Audio, FamilyBase } from './family';

export type Base = FamilyBase<CrossAttentionPack>;

/** One step of a decoder, given its token ids and its own cache. */
type Step = (inputs: KvCache) => Promise<InferenceSession.OnnxValueMapType>;

/** How a decoder comes to the keys and values of the tokens that it looks at. */
export interface Cross {
  /** Steps of a decoder that looks at these tokens. Their keys and values, what pruning makes smaller, come with the first. */
  look(audio: Audio): Step;
  /** Finds the decoder's attention to the tokens, for a decoder that reads all in one step. */
  readonly attention: FindAttention;
  /** What that decoder takes beside token ids. */
  whole(audio: Audio, decoder: InferenceSession): Promise<KvCache>;
  release(): Promise<void>;
}

/** Loads what projects a pack's tokens to keys and values. */
export async function loadCross(base: Base, decoder: InferenceSession): Promise<Cross> {
  const { folder, pack, runtime } = base;
  const { cross } = pack;
  return 'file' in cross
    ? new ProjectingGraph(base, cross, decoder, await runtime.createSession(path.join(folder, cross.file)))
    : new ProjectingDecoder(base, cross, decoder);
}

class ProjectingGraph implements Cross {
  readonly attention: FindAttention;

  constructor(
    private readonly base: Base,
    private readonly cross: CrossGraph,
    private readonly decoder: InferenceSession,
    private readonly graph: InferenceSession,
  ) {
    this.attention = attentionTo(layersOf(base.pack.decoder.layers, cross.value));
  }

  look(audio: Audio): Step {
    let projected: KvCache | undefined;
    return async (inputs) => {
      projected ??= await this.project(audio);
      return this.decoder.run({ ...projected, ...inputs });
    };
  }

  async whole(audio: Audio, decoder: InferenceSession): Promise<KvCache> {
    const { pack, runtime } = this.base;
    return { ...(await this.project(audio)), ...emptyCache(runtime, decoder, pack.decoder) };
  }

  release(): Promise<void> {
    return this.graph.release();
  }

  private project(audio: Audio): Promise<KvCache> {
    const { input, key, value } = this.cross;
    const tokens = tokensOf(this.base, this.graph, input, audio);
    return this.graph.run({ [input]: tokens }, layersOf(this.base.pack.decoder.layers, key, value));
  }
}

class ProjectingDecoder implements Cross {
  readonly attention: FindAttention;
  /** The keys and values of the tokens are a cache too, which is filled once. */
  private readonly cache: AnyDecoder;

  constructor(
    private readonly base: Base,
    private readonly cross: CrossInDecoder,
    private readonly decoder: InferenceSession,
  ) {
    const { key, value, presentKey, presentValue, useCache } = cross;
    this.cache = { ...base.pack.decoder, pastKey: key, pastValue: value, presentKey, presentValue };
    this.attention = (graph) => {
      startBranch(graph, useCache);
      return attentionTo(layersOf(base.pack.decoder.layers, presentValue))(graph);
    };
  }

  look(audio: Audio): Step {
    const { runtime } = this.base;
    const { input, useCache } = this.cross;
    const tokens = tokensOf(this.base, this.decoder, input, audio);
    let projected: KvCache | undefined;
    return async (inputs) => {
      const results = await this.decoder.run({
        [input]: tokens,
        [useCache]: new runtime.Tensor('bool', [projected !== undefined], [1]),
        ...(projected ?? emptyCache(runtime, this.decoder, this.cache)),
        ...inputs,
      });
      projected ??= keptCache(this.cache, results);
      return results;
    };
  }

  whole(audio: Audio, decoder: InferenceSession): Promise<KvCache> {
    const { input } = this.cross;
    return Promise.resolve({ [input]: tokensOf(this.base, decoder, input, audio) });
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}

function tokensOf({ pack, runtime }: Base, session: InferenceSession, input: string, audio: Audio): Tensor {
  const { rows, kept, padding } = audio;
  return floatTensor(runtime, session, input, rows, [1, kept + padding, pack.encoder.width]);
}
