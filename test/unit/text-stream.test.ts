import { Tokenizer } from '@huggingface/tokenizers';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from '../../scripts/cache-folder.mjs';
import { piecesOf, TextStream } from '../../src/engine/model/text-stream';
import type { Explanation } from '../../src/protocol/explanation';
import { tracedWords } from '../../webview/traced-words';

const json = (name: string): object =>
  JSON.parse(readFileSync(path.join(repository, 'media', 'models', 'earmark-mini', name), 'utf8')) as object;

describe('text, token by token', () => {
  const tokenizer = new Tokenizer(json('tokenizer.json'), json('tokenizer_config.json'));
  const idsOf = (text: string): readonly number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
  const words = (pieces: readonly (string | null)[]): string[] => {
    const attention = new Float32Array(pieces.length);
    const explanation: Explanation = {
      runId: 'run',
      windows: [{ index: 0, firstToken: 0, pieces, groups: [[0]], attention }],
    };
    return tracedWords(explanation).map(({ text }) => text);
  };

  it.each(['A man says 日本語 🙂 ok', '♪', 'naïve café “ł” ♪'])(
    'is %s when it is joined, and so are its words',
    (text) => {
      const ids = idsOf(text);
      const pieces = piecesOf(tokenizer, ids);
      expect(pieces).toHaveLength(ids.length);
      expect(pieces).toContain(null);
      expect(pieces.join('')).toBe(text);
      expect(words(pieces)).toEqual(text.split(' '));
    },
  );

  it('keeps what is left of a character that nothing completes', () => {
    const pieces = piecesOf(tokenizer, idsOf('a ♪').slice(0, -1));
    expect(pieces.at(-1)).toMatch(/^ ?\uFFFD+$/);
    expect(pieces.join('')).toMatch(/^a \uFFFD+$/);
  });

  it('is empty where nothing was said', () => {
    expect(piecesOf(tokenizer, [])).toEqual([]);
    expect(new TextStream(tokenizer).text()).toBe('');
  });
});
