import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, normaliseWords, wordErrorRate, wordErrors } from '../../src/metrics/words';

describe('normaliseWords', () => {
  it('drops case and punctuation and keeps apostrophes inside words', () => {
    expect(normaliseWords(`A bell rings; "don’t" stop -- 'now'!`)).toEqual([
      'a',
      'bell',
      'rings',
      "don't",
      'stop',
      'now',
    ]);
  });

  it('knows letters beyond English', () => {
    expect(normaliseWords('Die Glocke läutet. Été, 北京')).toEqual(['die', 'glocke', 'läutet', 'été', '北京']);
  });

  it('gives no words for an empty text', () => {
    expect(normaliseWords(' … ')).toEqual([]);
  });
});

describe('editDistance', () => {
  it('counts the textbook example', () => {
    expect(editDistance(Array.from('kitten'), Array.from('sitting'))).toBe(3);
  });

  it('is a metric', () => {
    const word = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });
    fc.assert(
      fc.property(word, word, word, (x, y, z) => {
        expect(editDistance(x, x)).toBe(0);
        expect(editDistance(x, y)).toBe(editDistance(y, x));
        expect(editDistance(x, z)).toBeLessThanOrEqual(editDistance(x, y) + editDistance(y, z));
        expect(editDistance(x, y)).toBeGreaterThanOrEqual(Math.abs(x.length - y.length));
      }),
    );
  });
});

describe('wordErrorRate', () => {
  it('counts substitutions, deletions and insertions over the words of the reference', () => {
    expect(wordErrors('a wolf howls and a bell rings', 'a dog howls a bell rings loudly')).toEqual({
      errors: 3,
      words: 7,
    });
    expect(wordErrorRate('a wolf howls', 'A wolf howls.')).toBe(0);
  });

  it('can exceed 1, and is infinite against nothing', () => {
    expect(wordErrorRate('rain', 'rain falls on a roof')).toBe(4);
    expect(wordErrorRate('', 'rain')).toBe(Infinity);
    expect(wordErrorRate('', '')).toBe(0);
  });
});
