import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { mersenne } from 'pure-rand/generator/mersenne';
import { describe, expect, it } from 'vitest';
import { bleu } from '../../../src/metrics/bleu';
import { ciderD, type TokenisedItem } from '../../../src/metrics/cider-d';
import { officialMatch } from '../../../src/metrics/mmau';
import { rougeL } from '../../../src/metrics/rouge-l';
import { normaliseBasic, normaliseEnglish } from '../../../src/metrics/whisper-normalizer';
import { characterErrorRates, wordErrorRates, type ErrorRates } from '../../../src/metrics/word-error-rate';
import { referenceScores } from './reference';

/** The same numbers and texts as the Python packages, on random sets that have few words and so many in common. */
const generator = mersenne(20251124);
const between = (low: number, high: number): number => uniformInt(generator, low, high);
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const oneOf = <T>(values: readonly T[]): T => values[between(0, values.length - 1)]!;
const listed = (text: string): string[] => text.split(' ');

const captionWords = listed('a the dog barks rain falls on roof man speaks while bird chirps -lrb- 2 café __proto__');
const caption = (): string => times(oneOf([0, 1, 2, 5, 9, 14]), () => oneOf(captionWords)).join(' ');
const captionItem = () => ({ candidate: caption(), references: times(between(1, 5), caption) });
/** Sets without any word in a reference are left out: pycocoevalcap fails there. */
const captions = times(650, (i) => times(between(1, i % 20 === 0 ? 40 : 8), captionItem)).filter((items) =>
  items.some(({ references }) => references.some((reference) => reference !== '')),
);

const spoken = times(12, (i) => String.fromCodePoint(oneOf([97, 233, 0x4eac, 0x1f514]) + i));
const speech = (): string => times(between(0, 9), () => `${oneOf(spoken)}${oneOf([' ', '  ', ''])}`).join('');
const transcript = () => ({ reference: `${oneOf(spoken)} ${speech()}`, hypothesis: speech() });
const transcripts = times(600, () => times(between(1, 6), transcript));

const numerals = listed(
  'o oh zero one two three five six nine ten eleven twelve nineteen twenty thirty eighty hundred thousand million ' +
    'decillion ones sixes tens first second third fifth nineth ninth twelfth eighteenth zeroth twenties sixtieth ' +
    'hundreds thousandth millions minus negative plus positive pound euros dollar dollars cent cents per percent and ' +
    'double triple point half 0 00 1 1s 2 3rd 7 10 12 100 007 1.5 2.50 3.0 1,000 12,345 ٣ ४२ ½ ² $5 £20 €3.99 ¢7 $0.07 50% 5:30 ' +
    '1960s 2nd 4x4 mp3 -3 +4 3/4 . .. 192.168.0.1',
);
const speechWords = listed(
  "Hmm uh um mhm won't can't let's ain't y'all wanna gotta gonna I'ma imma woulda shoulda ma'am Mr Mr. Mrs St. dr prof gen " +
    "sen lt col jr he'd been she's been gone they'd done it's got don't we're dog's I'd I'll 't I've I'm cause kinda " +
    'colour organise aeroplane travelled theatre (laughs) [noise] <unk> (open [half close] Œuvre naïve Straße ÉTÉ İstanbul ' +
    "ΣΊΣΥΦΟΣ ﬁne ℡ Ångström don’t — – … ! ? , ; : \" ' '' ` & * # @ _ a_b snake_case 北京 เสียง हिन्दी 한국어 🔔 e\u0301 \u00ad x",
);
const gaps = [' ', ' ', ' ', ' ', ' ', '  ', '', '\n', '\t', '\u00a0', '\u001c', '\u0085', '\u3000', '\ufeff'];
const text = (words: readonly string[]): string =>
  times(between(0, 12), () => `${oneOf(words)}${oneOf(gaps)}`).join('');
const texts = [
  ...times(3000, () => text(numerals)),
  ...times(1500, () => text(speechWords)),
  ...times(1500, () => text([...numerals, ...speechWords])),
];

const choiceWords = listed('A the Dog dog barks is rain It’s 2 é non-stop _');
const phrase = (most: number): string => times(between(0, most), () => oneOf(choiceWords)).join(oneOf([' ', ', ']));
const answers = times(2000, () => {
  const choices = times(between(2, 5), () => phrase(3));
  const answer = oneOf(choices);
  return { answer, choices, prediction: oneOf([answer, `${answer} ${phrase(2)}`, phrase(5)]) };
});

const reference = referenceScores({ captions, transcripts, texts, answers });

const tokens = (line: string): string[] => line.split(' ').filter((token) => token !== '');
const tokenised = (items: (typeof captions)[number]): TokenisedItem[] =>
  items.map((item) => ({ candidate: tokens(item.candidate), references: item.references.map(tokens) }));

/** All numbers within 1e-9 of each other, in nested lists of the same shape. */
function expectClose(found: unknown, expected: unknown, context: string): void {
  const numbers = (value: unknown): number[] => [value].flat(4) as number[];
  expect(numbers(found).length, context).toBe(numbers(expected).length);
  numbers(found).forEach((value, i) => {
    expect(Math.abs(value - numbers(expected)[i]!), context).toBeLessThanOrEqual(1e-9);
  });
}

describe('the same scores as pycocoevalcap', () => {
  it.each(['ciderD', 'bleu', 'rougeL'] as const)('%s', (metric) => {
    const score = { ciderD, bleu, rougeL }[metric];
    captions.forEach((items, i) => {
      const { corpus, items: each } = score(tokenised(items));
      expectClose([corpus, each], reference.captions[i]![metric], JSON.stringify(items));
    });
  });
});

describe('the same error rates as jiwer', () => {
  const rates = ({ corpus, items }: ErrorRates): unknown => [corpus.rate, items.map(({ rate }) => rate)];
  it.each(['wer', 'cer'] as const)('%s', (metric) => {
    const score = { wer: wordErrorRates, cer: characterErrorRates }[metric];
    transcripts.forEach((items, i) => {
      expectClose(rates(score(items)), reference.transcripts[i]![metric], JSON.stringify(items));
    });
  });
});

describe('the same texts as whisper-normalizer', () => {
  const normalisers = {
    basic: (given: string) => normaliseBasic(given),
    plain: (given: string) => normaliseBasic(given, { removeDiacritics: true }),
    letters: (given: string) => normaliseBasic(given, { splitLetters: true }),
    english: normaliseEnglish,
  };
  it.each(Object.entries(normalisers))('%s', (name, normalise) => {
    texts.forEach((given, i) => {
      expect(normalise(given), JSON.stringify(given)).toBe(reference.texts[i]![name as keyof typeof normalisers]);
    });
  });
});

it('the same answers accepted as by the rule of MMAU', () => {
  expect(answers.map(officialMatch)).toEqual(reference.answers);
  expect(reference.answers.filter((accepted) => accepted).length).toBeGreaterThan(200);
  expect(reference.answers.filter((accepted) => !accepted).length).toBeGreaterThan(200);
});
