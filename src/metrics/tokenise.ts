/** Tokens that `pycocoevalcap` drops. Its list has "-LRB-" where lower case leaves "-lrb-", so brackets stay. */
const dropped = new Set(["''", "'", '``', '`', '.', '?', '!', ',', ':', '-', '--', '...', ';']);

/**
 * One kind of token. The longest match at a place wins, and among equally long ones the first rule, as in the original.
 * The token is the first group; what the match has after it only decides and is read again.
 */
interface Rule {
  readonly pattern: RegExp;
  readonly token?: (text: string) => string;
}

const apostrophe = `['\u2018\u2019]`;
const straight = (text: string): string => text.replace(/[\u2018\u2019]/gu, "'");
const rule = (pattern: string, token?: Rule['token'], flags = 'yiu'): Rule => ({
  pattern: new RegExp(pattern, flags),
  ...(token && { token }),
});

const part = String.raw`[\p{L}\p{N}][\p{L}\p{M}\p{N}]*`;
const word = String.raw`\p{L}[\p{L}\p{M}\p{N}]*(?:[.!?]\p{L}[\p{L}\p{M}\p{N}]*)*`;
const joined = String.raw`(?:${word}|${part})(?:[-_]${part})*(?:\/${part}(?:-${part})*){0,2}`;
const tail = `${apostrophe}(?:[msd]|re|ve|ll)(?!\\p{L})`;
const abbreviations = [
  'mr|mrs|ms|drs?|profs?|sens?|reps?|lt|col|gen|gov|adm|rev|maj|sgt|capt|ste?|pres|hon|inc|cos?|corp|ltd|dept|univ',
  'jr|sr|bros|blvd|rd|esq|etc|vs|al|ft',
  'jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thurs?|fri',
].join('|');

const rules: readonly Rule[] = [
  rule(String.raw`(\s+)`, () => ''),
  rule(String.raw`((?:https?|ftp):\/\/[^\s"<>|(){}]+[^\s"<>|(){}.,!?;:\-])`),
  rule(String.raw`((?:www\.)[^\s"<>|(){}]+[^\s"<>|(){}.,!?;:\-])`),
  rule(String.raw`([\w.%+-]+@[\w-]+(?:\.[\w-]+)+)`),
  rule(String.raw`([#@][a-z_][\w]*)`),
  rule('([\u00bc-\u00be])', (fraction) => fraction.normalize('NFKD').replace('\u2044', '/')),
  rule(`(n${apostrophe}t)(?!\\p{L})`, (tail) => tail.replace('\u2018', '`').replace('\u2019', "'")),
  rule(`(${tail})`, straight),
  rule(`(\\p{L}+)n${apostrophe}t(?!\\p{L})`),
  rule(`((?:${joined}|${word}))${tail}`),
  rule(`(can)not(?!\\p{L})`),
  rule(`(gon)na(?!\\p{L})`),
  rule(`(got)ta(?!\\p{L})`),
  rule(`(wan)na(?!\\p{L})`),
  rule(`(lem)me(?!\\p{L})`),
  rule(`(gim)me(?!\\p{L})`),
  rule(`(${word})`),
  rule(`(${joined})`),
  rule(`([dol]${apostrophe}\\p{L}+|(?:ma${apostrophe}am|cap${apostrophe}n|ol${apostrophe}))`, straight),
  rule(`(y${apostrophe})(?!\\p{L}\\p{L}?\\b)`, straight),
  rule(`(${apostrophe}t)(?:is|was)(?!\\p{L})`, straight),
  rule(`(${apostrophe}(?:em|cause|till?|n${apostrophe}?))(?!\\p{L})`, straight),
  rule(`(${apostrophe}?[0-9]0s)(?!\\p{L})`, straight),
  rule(String.raw`((?:${abbreviations}|\p{L}(?:\.\p{L})+)\.)`),
  rule(`(${word}\\.)(?=[,;:])`),
  rule(`([a-z]\\.)(?!\\p{L})`),
  rule(`(nos?\\.)(?=\\s*\\p{Nd})`),
  rule(`(${apostrophe}n${apostrophe})`, straight),
  rule(String.raw`([-+]?(?:\p{Nd}*(?:[.:,]\p{Nd}+)+|\p{Nd}+))`),
  rule(String.raw`(\p{Nd}{1,4}\/\p{Nd}{1,4})(?!\p{Nd})`),
  rule(String.raw`(\p{Nd}{1,4}[-\/]\p{Nd}{1,2}[-\/]\p{Nd}{2,4})`),
  rule('([A-Z]+(?:&[A-Z]+)+)', undefined, 'yu'),
  rule(String.raw`([\u2013-\u2015]|-{2,})`, () => '--'),
  rule(String.raw`(\.{2,}|\u2026)`, () => '...'),
  rule(String.raw`(&amp;)`, () => '&'),
  rule(String.raw`(["\u201c\u201d\u2018\u2019])`, () => "''"),
  rule(String.raw`(<\/?[a-z][^<>\s]*>)`),
  rule(String.raw`([!?]+|\*+|_+)`),
  rule('([\u20ac\u20a0])', () => '$'),
  rule('(\u00a3)', () => '#'),
  rule(String.raw`([\p{So}\p{Cn}\p{Cf}])`, () => ''),
  ...Object.entries({ '(': '-lrb-', ')': '-rrb-', '[': '-lsb-', ']': '-rsb-', '{': '-lcb-', '}': '-rcb-' }).map(
    ([bracket, name]) => rule(`(\\${bracket})`, () => name),
  ),
  rule(String.raw`(.)`),
];

function tokenAt(text: string, start: number): { readonly token: string; readonly end: number } {
  let longest = 0;
  let found = { token: '', end: text.length };
  for (const { pattern, token = (same: string) => same } of rules) {
    pattern.lastIndex = start;
    const match = pattern.exec(text);
    if (match !== null && match[0].length > longest) {
      longest = match[0].length;
      found = { token: token(match[1]!), end: start + match[1]!.length };
    }
  }
  return found;
}

/**
 * A caption as the words that captioning metrics compare: Penn Treebank tokens ("doesn't" is "does" "n't", "dog's" is
 * "dog" "'s", "high-pitched" stays whole) in lower case without punctuation.
 *
 * After PTBTokenizer of Stanford CoreNLP 3.4.1 with `-lowerCase`, which `pycocoevalcap` runs in Java, and its list of
 * punctuation. The original is a grammar of some hundred rules. These are the ones that plain captions meet; lesser used
 * abbreviations, smileys, addresses, fractions in one character and the like may be cut at other places.
 */
export function tokenise(text: string): string[] {
  const tokens: string[] = [];
  for (let place = 0; place < text.length;) {
    const { token, end } = tokenAt(text, place);
    place = end;
    if (token !== '' && !dropped.has(token)) {
      tokens.push(token.toLowerCase());
    }
  }
  return tokens;
}
