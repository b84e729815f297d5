import { describe, expect, it } from 'vitest';
import { requireContext } from '../../src/engine/model/decode';
import type { Prompt } from '../../src/engine/model/families/family';
import type { Pack } from '../../src/engine/model/pack';

const pack = { decoder: { maxContext: 448 } } as Pack;
const wanting = (prompt: Pick<Prompt, 'split' | 'positions'>, maxNewTokens: number) => (): void => {
  requireContext(pack, prompt as Prompt, { maxNewTokens, tokens: 800 });
};

describe('the context of a decoder', () => {
  it('holds neither audio nor padding that is looked at from outside', () => {
    const whisper = { split: { textBefore: 4, audio: 200, textAfter: 150 }, positions: 4 };
    expect(wanting(whisper, 444)).not.toThrow();
    expect(wanting(whisper, 445)).toThrow(
      expect.objectContaining({
        message: 'The prompt is too long for the model: 4 text tokens and 445 new tokens exceed its context of 448.',
        action: 'Choose at most 444 new tokens.',
      }),
    );
  });

  it('holds audio that stands in the prompt', () => {
    const prefix = { split: { textBefore: 10, audio: 300, textAfter: 20 }, positions: 330 };
    expect(wanting(prefix, 118)).not.toThrow();
    expect(wanting(prefix, 128)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(': 300 audio tokens, 30 text tokens and 128 new tokens exceed') as string,
        action: 'At least 10 audio tokens must go: a keep ratio of 36 % fits. Or choose fewer new tokens.',
      }),
    );
    expect(wanting(prefix, 418)).toThrow(
      expect.objectContaining({ action: 'Choose fewer new tokens or a shorter question.' }),
    );
  });
});
