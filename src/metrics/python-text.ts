/** Python's classes of characters in texts, where JavaScript's differ: \w, \d and \s know all of Unicode. */
const word = String.raw`[\p{L}\p{N}_]`;
const digit = String.raw`\p{Nd}`;
const space = String.raw`[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]`;
const boundary = `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`;
const meanings: Readonly<Record<string, string>> = { w: word, d: digit, s: space, b: boundary };

/** A regular expression with \w, \d, \s and \b as Python's `re` has them for texts; none of them inside brackets. */
export function pythonPattern(source: string, flags = 'gu'): RegExp {
  return new RegExp(
    source.replace(/\\([wdsb])/g, (_, letter: string) => meanings[letter]!),
    flags,
  );
}

const spaces = pythonPattern(String.raw`\s+`);
const outerSpaces = pythonPattern(String.raw`^\s+|\s+$`);

/** Python's `text.split()`. */
export function splitAtSpace(text: string): string[] {
  return text.split(spaces).filter((part) => part !== '');
}

/** Python's `text.strip()`. */
export function stripSpace(text: string): string {
  return text.replace(outerSpaces, '');
}

/** Each run of white space as one space. */
export function joinSpaces(text: string): string {
  return text.replace(spaces, ' ');
}
