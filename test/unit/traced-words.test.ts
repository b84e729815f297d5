import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/protocol/explanation';
import type { WindowAnalysis } from '../../src/protocol/run';
import { ClipTokens } from '../../webview/clip-tokens';
import { decoderAttention, tracedWords } from '../../webview/traced-words';

/** Two plain tokens and a merged pair; the second window begins at token 10. */
const explanation: Explanation = {
  runId: 'run',
  windows: [
    {
      index: 0,
      firstToken: 0,
      pieces: [' An', ' ele', 'phant', ',', ''],
      groups: [[0], [2, 5], [3]],
      attention: Float32Array.of(0.1, 0.2, 0, 0, 0.3, 0, 0, 0.6, 0, 0, 0, 0.3, 0.9, 0, 0),
    },
    { index: 1, firstToken: 10, pieces: ['Rain', '.'], groups: [[1]], attention: Float32Array.of(0.5, 0.3) },
  ],
};

describe('the words of a caption', () => {
  const words = tracedWords(explanation);

  it('joins pieces to words, punctuation to the word before, and leaves the end mark out', () => {
    expect(words.map(({ text, window }) => [text, window])).toEqual([
      ['An', 0],
      ['elephant,', 0],
      ['Rain.', 1],
    ]);
  });

  it('takes the mean over the pieces', () => {
    expect([...words[1]!.slots]).toEqual([0, 0.3, 0.1].map((value) => expect.closeTo(value, 6) as number));
    expect(words[1]!.toSound).toBeCloseTo(0.4);
    expect(words[2]!.toSound).toBeCloseTo(0.4);
  });

  it('spreads a merged slot over its tokens, so that nothing is counted twice', () => {
    expect([...words[1]!.tokens]).toEqual(
      [0, 0, 0.15, 0.1, 0, 0.15].map((value) => expect.closeTo(value, 6) as number),
    );
    expect(words[1]!.peak).toEqual({ token: 2, group: [2, 5] });
    expect(words[0]!.peak.group.length).toBeLessThanOrEqual(2);
  });

  it('counts tokens that only begin a character to the word that the character is in', () => {
    const pieces = ['A', null, null, ' 日', null, '本', '', null, '\u3000', ' ok'];
    const attention = Float32Array.of(0.9, 0.1, 0.2, 0.3, 0.4, 0.5, 0.9, 0.9, 0.9, 0.8);
    const window = { index: 0, firstToken: 0, pieces, groups: [[0]], attention };
    const found = tracedWords({ runId: 'run', windows: [window] });
    expect(found.map(({ text }) => text)).toEqual(['A', '日本', 'ok']);
    expect(found.map(({ toSound }) => toSound)).toEqual(
      [0.9, 0.3, 0.8].map((value) => expect.closeTo(value, 6) as number),
    );
  });

  it('has no words where nothing was said', () => {
    const window = { index: 0, firstToken: 0, pieces: [], groups: [[0]], attention: new Float32Array() };
    expect(tracedWords({ runId: 'run', windows: [window] })).toEqual([]);
  });
});

describe('the decoder beside the encoder', () => {
  const kept = (scores: number[], received: number[]) => {
    const groups = scores.map((_, token) => [token]);
    const one: Explanation = {
      runId: 'run',
      windows: [{ index: 0, firstToken: 0, pieces: ['a'], groups, attention: Float32Array.from(received) }],
    };
    const window = {
      index: 0,
      startSeconds: 0,
      endSeconds: scores.length * 0.04,
      firstToken: 0,
      heads: 1,
      receivedPerHead: Float32Array.from(scores),
    } as unknown as WindowAnalysis;
    return decoderAttention(
      one,
      tracedWords(one),
      new ClipTokens({ windows: [window], secondsPerToken: 0.04 }, 'mean'),
    );
  };

  it('ranks both over the kept tokens', () => {
    expect(kept([1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4]).correlation).toBeCloseTo(1);
    expect(kept([1, 2, 3, 4], [0.4, 0.3, 0.2, 0.1]).correlation).toBeCloseTo(-1);
    const nearly = kept([1, 2, 3, 4], [0.1, 0.3, 0.2, 0.4]);
    expect(nearly.kept).toBe(4);
    expect(nearly.correlation).toBeCloseTo(0.8);
  });

  it('gives multiples of an average kept token', () => {
    expect([...kept([1, 1, 1, 1], [0.1, 0.1, 0.2, 0]).multiples]).toEqual([1, 1, 2, 0]);
  });

  it('can not rank what is all the same', () => {
    expect(kept([1, 1, 1], [0.1, 0.2, 0.3]).correlation).toBeNaN();
  });
});
