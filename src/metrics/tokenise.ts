/** Tokens that `pycocoevalcap` drops. Its list has "-LRB-" where lower case leaves "-lrb-", so brackets stay. */
const dropped = new Set(["''", "'", '``', '`', '.', '?', '!', ',', ':', '-', '--', '...', ';']);

/** A caption as the words that captioning metrics compare. */
export function tokenise(text: string): string[] {
  const tokens = text.toLowerCase().match(/[\p{L}\p{N}]+(?:[-/'.][\p{L}\p{N}]+)*|\S/gu) ?? [];
  return tokens.filter((token) => !dropped.has(token));
}
