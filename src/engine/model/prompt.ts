import type { PromptSplit } from '../../protocol/run';
import { floats, output } from './encode';
import type { Model } from './load';

/** A prompt ready for prefill: text before, audio, text after. */
export interface Prompt {
  /** [positions * width] */
  readonly embeddings: Float32Array;
  readonly split: PromptSplit;
}

/**
 * Puts audio embeddings where the pack's template has `{audio}`, between the embeddings of the text around it.
 *
 * @param audio [kept * width]
 */
export async function buildPrompt(model: Model, question: string, audio: Float32Array): Promise<Prompt> {
  const { width } = model.pack.decoder;
  const { before, after } = promptIds(model, question);
  const head = await embed(model, before);
  const tail = await embed(model, after);
  const embeddings = new Float32Array(head.length + audio.length + tail.length);
  embeddings.set(head);
  embeddings.set(audio, head.length);
  embeddings.set(tail, head.length + audio.length);
  return {
    embeddings,
    split: { textBefore: before.length, audio: audio.length / width, textAfter: after.length },
  };
}

/** Token ids of the text before and after the audio. */
export function promptIds(
  { pack, tokenizer }: Pick<Model, 'pack' | 'tokenizer'>,
  question: string,
): { readonly before: readonly number[]; readonly after: readonly number[] } {
  const [before = '', after = ''] = pack.prompt.template.split('{audio}');
  const encode = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
  // A replacer function, so that `$` in a question is no pattern.
  return { before: encode(before), after: encode(after.replace('{question}', () => question)) };
}

/** Embeddings of token ids: [ids * width]. */
export async function embed(model: Model, ids: readonly number[]): Promise<Float32Array> {
  const { embeddings } = model.pack;
  if (ids.length === 0) {
    return new Float32Array(0);
  }
  const input = new model.runtime.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
  return floats(output(await model.embeddings.run({ [embeddings.input]: input }), embeddings.output));
}
