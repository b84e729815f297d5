import { normaliseEnglishNumbers } from './english-numbers';
import spellings from './english-spelling.json';
import { joinSpaces, pythonPattern, splitAtSpace } from './python-text';

/**
 * The two text normalisers of OpenAI's Whisper (MIT licence), whose error rates nearly all papers give: Radford et al.,
 * "Robust speech recognition via large-scale weak supervision" (2022), appendix C. The rules and `english-spelling.json`
 * are theirs. Equal to the originals character by character. The package `whisper-normalizer` holds them as well, but
 * its English one replaces four more words ("kinda", "sorta", "dunno" and "cause", which it makes "because").
 */

export interface BasicNormaliserOptions {
  /** "é" as "e", "ß" as "ss". */
  readonly removeDiacritics?: boolean;
  /** A space between all letters, for scripts without spaces between words. */
  readonly splitLetters?: boolean;
}

/** Letters that decomposition leaves whole. */
const plainLetters: Readonly<Record<string, string>> = {
  œ: 'oe',
  Œ: 'OE',
  ø: 'o',
  Ø: 'O',
  æ: 'ae',
  Æ: 'AE',
  ß: 'ss',
  ẞ: 'SS',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  Ð: 'D',
  þ: 'th',
  Þ: 'th',
  ł: 'l',
  Ł: 'L',
};

function withoutSymbolsAndDiacritics(text: string, kept = ''): string {
  return text.normalize('NFKD').replace(/[\p{M}\p{S}\p{P}œŒøØæÆßẞđĐðÐþÞłŁ]/gu, (character) => {
    if (kept.includes(character)) {
      return character;
    }
    return plainLetters[character] ?? (/\p{Mn}/u.test(character) ? '' : ' ');
  });
}

function withoutSymbols(text: string): string {
  return text.normalize('NFKC').replace(/[\p{M}\p{S}\p{P}]/gu, ' ');
}

function withoutBrackets(text: string): string {
  return text.replace(/[<[][^>\]]*[>\]]/gu, '').replace(/\(([^)]+?)\)/gu, '');
}

/** BasicTextNormalizer: lower case, no bracketed passages, marks, symbols and punctuation as spaces. */
export function normaliseBasic(
  text: string,
  { removeDiacritics = false, splitLetters = false }: BasicNormaliserOptions = {},
): string {
  const plain = withoutBrackets(text.toLowerCase());
  const clean = (removeDiacritics ? withoutSymbolsAndDiacritics(plain) : withoutSymbols(plain)).toLowerCase();
  const letters = (): string[] => Array.from(new Intl.Segmenter('en').segment(clean), ({ segment }) => segment);
  return joinSpaces(splitLetters ? letters().join(' ') : clean);
}

const hesitations = pythonPattern(String.raw`\b(hmm|mm|mhm|mmm|uh|um)\b`);
const spaceBeforeApostrophe = pythonPattern(String.raw`\s+'`);
const digitsAroundComma = pythonPattern(String.raw`(\d),(\d)`);

/** In this order: contractions, titles, perfect tenses, then what is left of contractions in general. */
const replacements = Object.entries({
  "\\bwon't\\b": 'will not',
  "\\bcan't\\b": 'can not',
  "\\blet's\\b": 'let us',
  "\\bain't\\b": 'aint',
  "\\by'all\\b": 'you all',
  '\\bwanna\\b': 'want to',
  '\\bgotta\\b': 'got to',
  '\\bgonna\\b': 'going to',
  "\\bi'ma\\b": 'i am going to',
  '\\bimma\\b': 'i am going to',
  '\\bwoulda\\b': 'would have',
  '\\bcoulda\\b': 'could have',
  '\\bshoulda\\b': 'should have',
  "\\bma'am\\b": 'madam',
  '\\bmr\\b': 'mister ',
  '\\bmrs\\b': 'missus ',
  '\\bst\\b': 'saint ',
  '\\bdr\\b': 'doctor ',
  '\\bprof\\b': 'professor ',
  '\\bcapt\\b': 'captain ',
  '\\bgov\\b': 'governor ',
  '\\bald\\b': 'alderman ',
  '\\bgen\\b': 'general ',
  '\\bsen\\b': 'senator ',
  '\\brep\\b': 'representative ',
  '\\bpres\\b': 'president ',
  '\\brev\\b': 'reverend ',
  '\\bhon\\b': 'honorable ',
  '\\basst\\b': 'assistant ',
  '\\bassoc\\b': 'associate ',
  '\\blt\\b': 'lieutenant ',
  '\\bcol\\b': 'colonel ',
  '\\bjr\\b': 'junior ',
  '\\bsr\\b': 'senior ',
  '\\besq\\b': 'esquire ',
  "'d been\\b": ' had been',
  "'s been\\b": ' has been',
  "'d gone\\b": ' had gone',
  "'s gone\\b": ' has gone',
  "'d done\\b": ' had done',
  "'s got\\b": ' has got',
  "n't\\b": ' not',
  "'re\\b": ' are',
  "'s\\b": ' is',
  "'d\\b": ' would',
  "'ll\\b": ' will',
  "'t\\b": ' not',
  "'ve\\b": ' have',
  "'m\\b": ' am',
}).map(([pattern, replacement]) => [pythonPattern(pattern), replacement] as const);

const spellingOf = new Map(Object.entries(spellings));

/**
 * EnglishTextNormalizer: as the basic one, with contractions written out, hesitations dropped, numbers in figures and
 * American spelling.
 */
export function normaliseEnglish(text: string): string {
  let result = withoutBrackets(text.toLowerCase()).replace(hesitations, '').replace(spaceBeforeApostrophe, "'");
  for (const [pattern, replacement] of replacements) {
    result = result.replace(pattern, replacement);
  }
  result = result.replace(digitsAroundComma, '$1$2').replace(/\.([^0-9]|$)/gu, ' $1');
  result = normaliseEnglishNumbers(withoutSymbolsAndDiacritics(result, '.%$¢€£'));
  result = splitAtSpace(result)
    .map((word) => spellingOf.get(word) ?? word)
    .join(' ');
  return joinSpaces(result.replace(/[.$¢€£]([^0-9])/gu, ' $1').replace(/([^0-9])%/gu, '$1 '));
}
