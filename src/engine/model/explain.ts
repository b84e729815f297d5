import type { WindowExplanation } from '../../protocol/explanation';
import type { WindowRun } from '../../protocol/run';
import type { Explainer, Heard } from './families/family';
import type { Model } from './load';
import { piecesOf } from './text-stream';

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
  return {
    index,
    firstToken,
    pieces: piecesOf(tokenizer, tokenIds),
    groups: selection.groups,
    attention,
  };
}
