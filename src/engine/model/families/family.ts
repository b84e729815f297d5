import type { Tokenizer } from '@huggingface/tokenizers';
import type { PromptSplit } from '../../../protocol/run';
import type { Matrix } from '../../../pruning/strategy';
import type { Selection } from '../../../pruning/selection';
import type { Pack } from '../pack';
import type { Runtime } from '../runtime';

/**
 * What becomes of the tokens that were kept. Everything before is the same for every model, and so is choosing token
 * after token; between the two, families differ.
 */
export interface Family {
  /** Padded tokens behind the clip's own that the decoder wants to hear; they are never pruned. */
  readonly paddingTokens: number;

  /** The kept slots as the decoder takes them. */
  adapt(heard: Heard, selection: Selection): Promise<Audio>;

  /** @param question passed over by a family that is asked nothing */
  prompt(audio: Audio, question: string): Promise<Prompt>;

  /** Needs the memory of a second decoder until it is released. */
  loadExplainer(): Promise<Explainer>;

  release(): Promise<void>;
}

/** What the encoder gave of a window. */
export interface Heard {
  /** The clip's tokens: [N, width]. */
  readonly tokens: Matrix;
  /** Of the padding behind them, the first few: [at most `paddingTokens`, width]. */
  readonly padding: Matrix;
}

/** Sound as the decoder takes it. */
export interface Audio {
  /** [(kept + padding) * width of the decoder's input], row by row. */
  readonly rows: Float32Array;
  readonly kept: number;
  readonly padding: number;
}

/** A prompt, not yet read. */
export interface Prompt {
  readonly split: PromptSplit;
  /** Positions that it takes of the decoder's context. */
  readonly positions: number;
  /** A decoder that has read nothing. */
  begin(): Reading;
}

/** A decoder that reads a prompt, then token after token, and remembers it all in its KV cache. */
export interface Reading {
  /**
   * Reads the prompt, or one more token behind it.
   *
   * @param token undefined the first time, and only then
   * @returns logits of what may come next: [vocabulary]
   */
  read(token: number | undefined): Promise<Float32Array>;
  /** Bytes of keys and values so far. */
  readonly kvBytes: number;
}

/** A decoder whose attention can be read. */
export interface Explainer {
  /**
   * @param tokenIds what was said, at least one token
   * @returns attention that the position which said token g pays to kept slot k, mean over heads and layers:
   * [generated * kept], row by row
   */
  attention(audio: Audio, question: string, tokenIds: readonly number[]): Promise<Float32Array>;
  release(): Promise<void>;
}

/** What a family needs of the model that it is a part of. */
export interface FamilyBase<FamilyPack extends Pack = Pack> {
  readonly folder: string;
  readonly pack: FamilyPack;
  readonly runtime: Runtime;
  readonly tokenizer: Tokenizer;
}
