import { pythonPattern, splitAtSpace } from './python-text';

/**
 * Numbers in words as digits, after the rules of EnglishNumberNormalizer in OpenAI's Whisper (MIT licence), with their
 * oddities ("nineth" is an ordinal, "ninth" is not), so that error rates compare with published ones:
 *
 *     "twenty one dollars and five cents" -> "$21.05"      "one oh one" -> "101"      "nineteen sixties" -> "1960s"
 */

/** What a word can mean within a number. `suffix` is what stays of a plural or an ordinal. */
type Meaning =
  | { readonly kind: 'zero' }
  | { readonly kind: 'one' | 'ten' | 'multiplier'; readonly value: bigint; readonly suffix?: string }
  | { readonly kind: 'sign' | 'unit'; readonly symbol: string }
  | { readonly kind: 'percent' | 'per' | 'and' | 'repeat' | 'point' };

type Quantity = Extract<Meaning, { readonly value: bigint }>;

const ones =
  'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen';
const tens = 'twenty thirty forty fifty sixty seventy eighty ninety';
const powersOfThousand =
  'thousand million billion trillion quadrillion quintillion sextillion septillion octillion nonillion decillion';
const irregularOrdinals: Readonly<Record<string, [string, string]>> = {
  one: ['first', 'st'],
  two: ['second', 'nd'],
  three: ['third', 'rd'],
  five: ['fifth', 'th'],
  twelve: ['twelfth', 'th'],
};

const meanings = new Map<string, Meaning>([
  ...['o', 'oh', 'zero'].map((name) => [name, { kind: 'zero' }] as const),
  ['zeroth', { kind: 'one', value: 0n, suffix: 'th' }],
  ...ones.split(' ').flatMap((name, i) => {
    const plural = name === 'six' ? 'sixes' : `${name}s`;
    const [ordinal, suffix] = irregularOrdinals[name] ?? [`${name}${name.endsWith('t') ? 'h' : 'th'}`, 'th'];
    return withSuffixes('one', BigInt(i + 1), [name], [plural, 's'], [ordinal, suffix]);
  }),
  ...tens.split(' ').flatMap((name, i) => {
    const stem = name.slice(0, -1);
    return withSuffixes('ten', BigInt(10 * (i + 2)), [name], [`${stem}ies`, 's'], [`${stem}ieth`, 'th']);
  }),
  ...['hundred', ...powersOfThousand.split(' ')].flatMap((name, i) =>
    withSuffixes('multiplier', i === 0 ? 100n : 1000n ** BigInt(i), [name], [`${name}s`, 's'], [`${name}th`, 'th']),
  ),
  ...Object.entries({ minus: '-', negative: '-', plus: '+', positive: '+' }).map(
    ([name, symbol]) => [name, { kind: 'sign', symbol }] as const,
  ),
  ...Object.entries({ pound: '£', euro: '€', dollar: '$', cent: '¢' }).flatMap(([name, symbol]) =>
    [name, `${name}s`].map((word) => [word, { kind: 'unit', symbol }] as const),
  ),
  ['per', { kind: 'per' }],
  ['percent', { kind: 'percent' }],
  ['and', { kind: 'and' }],
  ['double', { kind: 'repeat' }],
  ['triple', { kind: 'repeat' }],
  ['point', { kind: 'point' }],
]);

function withSuffixes(kind: Quantity['kind'], value: bigint, ...names: (readonly [string, string?])[]) {
  return names.map(([name, suffix]) => [name, { kind, value, ...(suffix !== undefined && { suffix }) }] as const);
}

function meaningOf(word: string | undefined): Meaning | undefined {
  return word === undefined ? undefined : meanings.get(word);
}

/** Whether the word is a number below 20, of tens or a multiplier as it is, neither plural nor ordinal. */
function isPlain(word: string | undefined, ...kinds: readonly Quantity['kind'][]): boolean {
  const meaning = meaningOf(word);
  return meaning !== undefined && 'value' in meaning && meaning.suffix === undefined && kinds.includes(meaning.kind);
}

/** Whether a fraction in digits can begin with the word: "five", "twenty", "oh". */
function isDecimal(word: string | undefined): boolean {
  return meaningOf(word)?.kind === 'zero' || isPlain(word, 'one', 'ten');
}

const figures = pythonPattern(String.raw`^\d+(\.\d+)?$`, 'u');
const signs = '-+£€$¢';

function isFigures(word: string | undefined): boolean {
  return word !== undefined && figures.test(word);
}

/** Decimal digits of any script as those of ASCII. Each script's ten digits stand in a row, zero first. */
function asciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0)!;
    let first = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) {
      first--;
    }
    return String((code - first) % 10);
  });
}

/** `text` times `factor` where that is a whole number; nothing where it is none, or the text is no number. */
function wholeProduct(text: string, factor: bigint): bigint | undefined {
  const [, whole = '', fraction = ''] = /^(?=\d|\.\d)(\d*)(?:\.(\d*))?$/.exec(asciiDigits(text)) ?? [];
  if (whole === '' && fraction === '') {
    return undefined;
  }
  const product = BigInt(whole + fraction) * factor;
  const scale = 10n ** BigInt(fraction.length);
  return product % scale === 0n ? product / scale : undefined;
}

/** Reads words from left to right and holds back the number that the last ones make up. */
class NumberReader {
  /** The number so far: a bigint while it can grow by sums, a text once digits were strung together. */
  private value: bigint | string | undefined;
  /** The sign or currency to write before the next output. */
  private prefix = '';
  private readonly written: string[] = [];

  constructor(private readonly words: readonly string[]) {}

  read(): string[] {
    for (let i = 0; i < this.words.length; i++) {
      i += this.readWord(this.words[i]!, this.words[i - 1], this.words[i + 1]);
    }
    this.writeValue();
    return this.written;
  }

  /** Returns how many of the following words are read as well. */
  private readWord(word: string, previous: string | undefined, next: string | undefined): number {
    const bare = signs.includes(word[0]!) ? word.slice(1) : word;
    if (isFigures(bare)) {
      this.readFigures(word, bare);
      return 0;
    }
    const meaning = meaningOf(word);
    switch (meaning?.kind) {
      case 'zero':
        this.value = `${this.digits()}0`;
        return 0;
      case 'one':
        this.readQuantity(meaning, this.joinOne(meaning.value, previous));
        return 0;
      case 'ten':
        this.readQuantity(meaning, this.joinSum(meaning.value, 100n));
        return 0;
      case 'multiplier':
        this.readMultiplier(meaning);
        return 0;
      case 'sign':
        this.readSign(word, meaning.symbol, next);
        return 0;
      case 'unit':
        this.readUnit(word, meaning.symbol);
        return 0;
      case 'percent':
        this.write(this.value === undefined ? word : `${this.value}%`);
        return 0;
      case 'per':
        return this.readPer(word, next);
      case 'and':
      case 'repeat':
      case 'point':
        return this.readSpecial(meaning.kind, word, previous, next);
      case undefined:
        this.writeValueAnd(word);
        return 0;
    }
  }

  private write(text: string): void {
    this.written.push(this.prefix + text);
    this.value = undefined;
    this.prefix = '';
  }

  private writeValue(): void {
    if (this.value !== undefined) {
      this.write(String(this.value));
    }
  }

  private writeValueAnd(word: string): void {
    this.writeValue();
    this.write(word);
  }

  /** The number so far to string digits to; a zero that is a number vanishes. */
  private digits(): string {
    return this.value === undefined || this.value === 0n ? '' : String(this.value);
  }

  private readFigures(word: string, bare: string): void {
    if (typeof this.value === 'string' && this.value.endsWith('.')) {
      // The places after "point", or the next part of an address.
      this.value += word;
      return;
    }
    this.writeValue();
    this.prefix = bare === word ? this.prefix : word[0]!;
    this.value = wholeProduct(bare, 1n) ?? bare;
  }

  private readQuantity({ suffix }: Quantity, value: bigint | string): void {
    if (suffix === undefined) {
      this.value = value;
    } else {
      this.write(`${value}${suffix}`);
    }
  }

  /** 1 to 19 after what is there: "twenty" "one" is 21, "two" "one" is 21 as well, "hundred" "twelve" is 112. */
  private joinOne(one: bigint, previous: string | undefined): bigint | string {
    if (typeof this.value === 'string' && isPlain(previous, 'ten') && one < 10n) {
      return `${this.value.slice(0, -1)}${one}`;
    }
    if (this.value !== undefined && isPlain(previous, 'one')) {
      return `${this.value}${one}`;
    }
    return this.joinSum(one, one < 10n ? 10n : 100n);
  }

  /** The sum where the number ends in enough zeros, or else the digits one after the other. */
  private joinSum(quantity: bigint, room: bigint): bigint | string {
    if (this.value === undefined) {
      return quantity;
    }
    return typeof this.value === 'bigint' && this.value % room === 0n
      ? this.value + quantity
      : `${this.value}${quantity}`;
  }

  private readMultiplier({ value: factor, suffix = '' }: Quantity): void {
    let product: bigint | undefined;
    if (typeof this.value === 'string') {
      product = wholeProduct(this.value, factor);
      if (product === undefined) {
        this.writeValue();
      }
    } else if (this.value !== undefined) {
      const residual = this.value % 1000n;
      product = this.value - residual + residual * factor;
    }
    this.value = product ?? factor;
    if (suffix !== '') {
      this.write(`${this.value}${suffix}`);
    }
  }

  private readSign(word: string, symbol: string, next: string | undefined): void {
    this.writeValue();
    if (meaningOf(next) !== undefined || isFigures(next)) {
      this.prefix = symbol;
    } else {
      this.write(word);
    }
  }

  /** Currencies count after a number only, and are written before it. */
  private readUnit(word: string, symbol: string): void {
    if (this.value === undefined) {
      this.write(word);
    } else {
      this.prefix = symbol;
      this.writeValue();
    }
  }

  private readPer(word: string, next: string | undefined): number {
    if (this.value !== undefined && next === 'cent') {
      this.write(`${this.value}%`);
      return 1;
    }
    this.writeValueAnd(word);
    return 0;
  }

  private readSpecial(
    kind: 'and' | 'repeat' | 'point',
    word: string,
    previous: string | undefined,
    next: string | undefined,
  ): number {
    if (meaningOf(next) === undefined && !isFigures(next)) {
      this.writeValueAnd(word);
    } else if (kind === 'and') {
      if (!isPlain(previous, 'multiplier')) {
        this.writeValueAnd(word);
      }
    } else if (kind === 'point') {
      if (isDecimal(next) || isFigures(next)) {
        this.value = `${this.digits()}.`;
      }
    } else if (meaningOf(next)?.kind === 'zero' || isPlain(next, 'one')) {
      const meaning = meaningOf(next)!;
      const digit = 'value' in meaning ? String(meaning.value) : '0';
      this.value = this.digits() + digit.repeat(word === 'double' ? 2 : 3);
      return 1;
    } else {
      this.writeValueAnd(word);
    }
    return 0;
  }
}

const andAHalf = pythonPattern(String.raw`\band\s+a\s+half\b`);
const spacedSuffix = pythonPattern(String.raw`([0-9])\s+(st|nd|rd|th|s)\b`);

/** "two and a half" as "two point five"; a space where figures and letters meet, but not before "th" and its like. */
function prepared(text: string): string {
  const segments = text.split(andAHalf);
  const results = segments.flatMap((segment, i) => {
    const last = splitAtSpace(segment).at(-1);
    if (last === undefined) {
      return [];
    }
    const half = isDecimal(last) || isPlain(last, 'multiplier') ? 'point five' : 'and a half';
    return i === segments.length - 1 ? [segment] : [segment, half];
  });
  return results
    .join(' ')
    .replace(/([a-z])([0-9])/g, '$1 $2')
    .replace(/([0-9])([a-z])/g, '$1 $2')
    .replace(spacedSuffix, '$1$2');
}

const unitsAndCents = pythonPattern(String.raw`([€£$])([0-9]+) (?:and )?¢([0-9]{1,2})\b`);
const centsOnly = pythonPattern(String.raw`[€£$]0.([0-9]{1,2})\b`);
const soleOne = pythonPattern(String.raw`\b1(s?)\b`);

/** "$2 and ¢7" as "$2.07", "$0.07" as "¢7", and "1" as "one". */
function finished(text: string): string {
  return text
    .replace(unitsAndCents, (_, currency: string, whole: string, cents: string) => {
      return `${currency}${whole}.${cents.padStart(2, '0')}`;
    })
    .replace(centsOnly, (_, cents: string) => `¢${Number(cents)}`)
    .replace(soleOne, 'one$1');
}

export function normaliseEnglishNumbers(text: string): string {
  return finished(new NumberReader(splitAtSpace(prepared(text))).read().join(' '));
}
