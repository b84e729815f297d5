import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import soundLabels from '../../../media/metrics/sound-labels-df.json';
import { bleu } from '../../../src/metrics/bleu';
import { ciderD, ciderDOne, documentFrequencies, type TokenisedItem } from '../../../src/metrics/cider-d';
import { longestCommonSubsequence, rougeL } from '../../../src/metrics/rouge-l';
import { tokenise } from '../../../src/metrics/tokenise';

const root = join(import.meta.dirname, '../../..');
const item = (candidate: string, ...references: string[]): TokenisedItem => ({
  candidate: tokenise(candidate),
  references: references.map(tokenise),
});

/** A published check, computed by pycocoevalcap. */
const published = [
  item(
    'a man is speaking',
    'a man speaks',
    'someone speaks',
    'a man is speaking while a bird is chirping in the background',
  ),
  item('rain falls', 'rain is falling hard on a surface'),
];

const tokens = fc.array(fc.constantFrom('a', 'dog', 'barks', 'rain', 'falls'), { maxLength: 9 });
const someTokens = fc.array(fc.constantFrom('a', 'dog', 'barks', 'rain', 'falls'), { minLength: 4, maxLength: 9 });
const anItem = fc.record({ candidate: tokens, references: fc.array(tokens, { minLength: 1, maxLength: 4 }) });
const itemsOf = fc.array(anItem, { minLength: 1, maxLength: 6 });

describe('tokenise', () => {
  it('cuts captions as the tokeniser of pycocoevalcap does', () => {
    const file = readFileSync(join(root, 'test/reference/ptb-tokens.json'), 'utf8');
    const rows = JSON.parse(file) as [string, string[]][];
    expect(rows.length).toBe(800);
    for (const [text, expected] of rows) {
      expect(tokenise(text), text).toEqual(expected);
    }
  });

  it('ends on any text and loses no letters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(tokenise(text).every((token) => token !== '')).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from(`abns'.,-!? ()`)), maxLength: 40 }), (text) => {
        const letters = (from: string): string => from.replaceAll(/-[lr]rb-|[^abns]/g, '');
        expect(letters(tokenise(text).join(''))).toBe(letters(text));
      }),
    );
  });
});

describe('ciderD', () => {
  it('gives the published values', () => {
    const { corpus, items } = ciderD(published);
    expect(corpus).toBeCloseTo(0.9614, 4);
    expect(items[0]).toBeCloseTo(1.3641, 4);
    expect(items[1]).toBeCloseTo(0.5587, 4);
  });

  it('is 0 for one item by its own references', () => {
    expect(ciderD(published.slice(0, 1)).items).toEqual([0]);
  });

  it('gives the same by the table of its references as without one', () => {
    const table = documentFrequencies(
      'these',
      published.map(({ references }) => references),
    );
    expect(ciderD(published, table)).toEqual(ciderD(published));
  });

  it('lies from 0 to 10, and is 10 for the reference itself', () => {
    fc.assert(
      fc.property(itemsOf, (items) => {
        for (const score of ciderD(items).items) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(10 + 1e-9);
        }
      }),
    );
    fc.assert(
      fc.property(someTokens, (caption) => {
        const table = { name: 'none of them', documents: 10, counts: {} };
        expect(ciderD([{ candidate: caption, references: [caption] }], table).corpus).toBeCloseTo(10, 9);
      }),
    );
  });

  it.each(['ciderD', 'bleu', 'rougeL'] as const)('%s does not depend on the order of items and references', (name) => {
    const score = { ciderD, bleu, rougeL }[name];
    fc.assert(
      fc.property(itemsOf, (items) => {
        const turned = items.toReversed().map((each) => ({ ...each, references: each.references.toReversed() }));
        const expected = score(items);
        const found = score(turned);
        const numbers = (values: readonly unknown[]): number[] => values.flat() as number[];
        numbers([...found.items].reverse()).forEach((value, i) => {
          expect(value).toBeCloseTo(numbers([...expected.items])[i]!, 12);
        });
        numbers([found.corpus].flat()).forEach((value, i) => {
          expect(value).toBeCloseTo(numbers([expected.corpus].flat())[i]!, 12);
        });
      }),
    );
  });
});

describe('the table of sound labels', () => {
  const labels = readFileSync(join(root, 'recipes/sound-labels-df/labels.txt'), 'utf8').trimEnd().split('\n');

  it('counts the n-grams of the labels', () => {
    const { documents, counts } = documentFrequencies(
      '',
      labels.map((label) => [tokenise(label)]),
    );
    expect(soundLabels.documents).toBe(documents);
    expect(soundLabels.counts).toEqual({ ...counts });
  });

  it('tells single captions apart', () => {
    const score = (candidate: string): number => ciderDOne(candidate, ['A wolf howls and a bell rings.'], soundLabels);
    expect(score('a wolf howls and a bell rings')).toBeCloseTo(10, 9);
    expect(score('a wolf howls')).toBeGreaterThan(score('a wolf'));
    expect(score('a wolf')).toBeGreaterThan(score('a'));
    expect(score('rain falls')).toBe(0);
    expect(score('')).toBe(0);
  });
});

describe('bleu', () => {
  it('gives the published value', () => {
    expect(bleu(published).corpus[0]).toBeCloseTo(0.4278, 4);
  });

  it('lies from 0 to 1, falls with n, and is 1 for the reference itself', () => {
    fc.assert(
      fc.property(itemsOf, (items) => {
        for (const [one, two, three, four] of [bleu(items).corpus, ...bleu(items).items]) {
          expect(Math.min(one, two, three, four)).toBeGreaterThanOrEqual(0);
          expect(Math.max(one, two, three, four)).toBeLessThanOrEqual(1);
        }
      }),
    );
    fc.assert(
      fc.property(someTokens, (caption) => {
        expect(bleu([{ candidate: caption, references: [['x'], caption] }]).corpus[3]).toBeCloseTo(1, 6);
      }),
    );
  });
});

describe('rougeL', () => {
  it('takes the best precision and the best recall from different references', () => {
    // P = 1 from the first, R = 1 from the second; neither reference has both.
    expect(rougeL([item('a dog barks', 'a dog barks and rain falls', 'dog')]).corpus).toBeCloseTo(1, 12);
    const precision = 2 / 3;
    const recall = 2 / 4;
    expect(rougeL([item('a dog barks', 'one dog barks twice')]).corpus).toBeCloseTo(
      (2.44 * precision * recall) / (recall + 1.44 * precision),
      12,
    );
  });

  it('finds the longest common subsequence', () => {
    expect(longestCommonSubsequence(Array.from('AGGTAB'), Array.from('GXTXAYB'))).toBe(4);
    fc.assert(
      fc.property(tokens, tokens, (one, other) => {
        const length = longestCommonSubsequence(one, other);
        expect(length).toBe(longestCommonSubsequence(other, one));
        expect(length).toBeLessThanOrEqual(Math.min(one.length, other.length));
        expect(longestCommonSubsequence(one, one)).toBe(one.length);
      }),
    );
  });
});
