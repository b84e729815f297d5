import type { WindowExplanation } from '../../protocol/explanation';
import type { WindowRun } from '../../protocol/run';
import type { Explainer, Heard } from './families/family';
import type { Model } from './load';

/**
 * What each generated token looked at: prompt and caption go through the decoder once more, and the attention of the
 * positions that said something is kept.
 */
export async function explainWindow(
  { family, tokenizer }: Model,
  explainer: Explainer,
  { index, firstToken, selection, tokenIds }: Pick<WindowRun, 'index' | 'firstToken' | 'selection' | 'tokenIds'>,
  heard: Heard,
  question: string,
): Promise<WindowExplanation> {
  const attention =
    tokenIds.length === 0
      ? new Float32Array(0)
      : await explainer.attention(await family.adapt(heard, selection), question, tokenIds);
  const texts = tokenIds.map((_, i) => tokenizer.decode(tokenIds.slice(0, i + 1), { skip_special_tokens: true }));
  return {
    index,
    firstToken,
    pieces: texts.map((text, i) => text.slice(texts[i - 1]?.length ?? 0)),
    groups: selection.groups,
    attention,
  };
}
