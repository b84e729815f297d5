import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapMean, bootstrapStatistic, pairedDifference } from './bootstrap';
import { accuracyBy, namedChoices, officialMatch, oneChoiceNamed } from '../../../src/metrics/mmau';
import { normaliseBasic, normaliseEnglish } from '../../../src/metrics/whisper-normalizer';
import { characterErrorRates, wordErrorRates } from '../../../src/metrics/word-error-rate';

describe('matches of MMAU', () => {
  const choices = ['The dog', 'A hot dog', 'Rain', 'Wind'];
  const match = (prediction: string, answer = 'Rain'): [boolean, boolean] => {
    const given = { answer, prediction, choices };
    return [officialMatch(given), oneChoiceNamed(given)];
  };

  it('agree on plain answers', () => {
    expect(match('rain')).toEqual([true, true]);
    expect(match('It rains')).toEqual([false, false]);
    expect(match('')).toEqual([false, false]);
    expect(match('rain or wind')).toEqual([false, false]);
  });

  it('differ where the official one minds a word that is not meant as a choice, or minds no order', () => {
    expect(match('The answer is rain.')).toEqual([false, true]);
    expect(match('dog, the')).toEqual([false, false]);
    expect(match('dog the', 'The dog')).toEqual([true, false]);
  });

  it('do not find a choice inside a longer one', () => {
    expect(namedChoices('It is a hot dog', [...choices, 'dog'])).toEqual(['A hot dog']);
    expect(namedChoices('a hot dog and a dog', [...choices, 'dog'])).toEqual(['A hot dog', 'dog']);
  });

  it('are counted in every group of an item', () => {
    const accuracies = accuracyBy([
      { correct: true, groups: ['sound', 'music'] },
      { correct: false, groups: ['sound'] },
    ]);
    expect(accuracies.get('sound')).toEqual({ correct: 1, total: 2, accuracy: 0.5 });
    expect(accuracies.get('music')).toEqual({ correct: 1, total: 1, accuracy: 1 });
  });
});

describe('error rates', () => {
  it('are those of the whole set, not the mean of its texts', () => {
    const { corpus, items } = wordErrorRates([
      { reference: 'a b c d', hypothesis: 'a b c d' },
      { reference: 'x', hypothesis: 'y z' },
    ]);
    expect(items.map(({ rate }) => rate)).toEqual([0, 2]);
    expect(corpus).toEqual({ errors: 2, length: 5, rate: 0.4 });
  });

  it('count characters, not halves of them', () => {
    expect(characterErrorRates([{ reference: '🔔🔔 a', hypothesis: '🔔 b' }]).corpus).toEqual({
      errors: 2,
      length: 4,
      rate: 0.5,
    });
  });
});

describe("Whisper's normalisers", () => {
  it('read numbers', () => {
    expect(normaliseEnglish('Twenty-one dollars and five cents for room one oh one or two and a half million')).toBe(
      '$21.05 for room 101 or 2500000',
    );
    expect(normaliseEnglish("It's the nineteen sixties; fifty percent (laughs) organise!")).toBe(
      'it is the 1960s 50% organize',
    );
  });

  it('keep the basic one basic', () => {
    expect(normaliseBasic('Été, [noise] 50%!')).toBe('été 50 ');
    expect(normaliseBasic('Été', { removeDiacritics: true })).toBe('ete');
  });

  it('change nothing the second time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 40 }), (text) => {
        const once = normaliseBasic(text);
        expect(normaliseBasic(once)).toBe(once);
      }),
    );
  });
});

describe('bootstrap', () => {
  const values = Array.from({ length: 300 }, (_, i) => (i * 7919) % 101);

  it('gives about what the normal approximation gives', () => {
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
    const half = (1.96 * deviation) / Math.sqrt(values.length);
    const { value, low, high } = bootstrapMean(values, { resamples: 4000 });
    expect(value).toBeCloseTo(mean, 12);
    expect(Math.abs(low - (mean - half))).toBeLessThan(half * 0.1);
    expect(Math.abs(high - (mean + half))).toBeLessThan(half * 0.1);
  });

  it('depends on the seed alone', () => {
    expect(bootstrapMean(values, { seed: 3 })).toEqual(bootstrapMean(values, { seed: 3 }));
    expect(bootstrapMean(values, { seed: 3 })).not.toEqual(bootstrapMean(values, { seed: 4 }));
  });

  it('has no width where all items are the same, and stays within them', () => {
    expect(bootstrapMean([2, 2, 2])).toEqual({ value: 2, low: 2, high: 2 });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 9 }), (some) => {
        const { low, high } = bootstrapMean(some, { resamples: 50 });
        expect(low).toBeGreaterThanOrEqual(Math.min(...some) - 1e-12);
        expect(high).toBeLessThanOrEqual(Math.max(...some) + 1e-12);
        expect(low).toBeLessThanOrEqual(high);
      }),
    );
  });

  it('takes any statistic of the items drawn', () => {
    const most = bootstrapStatistic(values.length, (drawn) => Math.max(...Array.from(drawn, (i) => values[i]!)));
    expect(most.value).toBe(100);
    expect(most.high).toBe(100);
  });

  it('finds a small difference that all pairs share, and none between the same', () => {
    const more = pairedDifference(
      values.map((x, i) => x + 1 + (i % 3)),
      values,
    );
    expect(more.low).toBeGreaterThan(1.5);
    expect(more.value).toBeCloseTo(2, 12);
    expect(more.p).toBeLessThan(0.01);
    expect(pairedDifference(values, values)).toEqual({ value: 0, low: 0, high: 0, p: 1 });
  });
});
