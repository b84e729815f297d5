import type { CrossAttentionPack, PrefixPack } from '../engine/model/pack';

/** What an export says of itself. */
export interface ReadExport {
  /** Of `pack.json`, what differs between families. */
  readonly parts:
    | Pick<PrefixPack, 'family' | 'encoder' | 'embeddings' | 'decoder' | 'prompt'>
    | Pick<CrossAttentionPack, 'family' | 'encoder' | 'cross' | 'decoder' | 'prompt'>;
  readonly stopTokens: readonly number[];
  /** What was found, in sentences. */
  readonly found: readonly string[];
  /** What could not be found, or what a person should know. */
  readonly notes: readonly string[];
}
