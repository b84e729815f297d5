import type { Explanation, WindowExplanation } from '../src/protocol/explanation';
import { rankCorrelation } from '../src/pruning/study/rank-correlation';
import type { ClipTokens } from './clip-tokens';

/** A word of a caption with what the language model looked at when it wrote it. */
export interface TracedWord {
  /** As it stands in the caption, punctuation and all. */
  readonly text: string;
  /** Window of the clip that the word was written for. */
  readonly window: number;
  readonly firstToken: number;
  /** Share of the word's attention that each kept slot received, mean over the word's pieces: [kept]. */
  readonly slots: Float32Array;
  /** The same by token of the window, a merged slot's share spread evenly over its tokens; 0 where dropped. */
  readonly tokens: Float32Array;
  /** Share of the word's attention that went to the sound; the rest went to the text. */
  readonly toSound: number;
  /** The token of the window looked at most, and the tokens that share its slot. */
  readonly peak: { readonly token: number; readonly group: readonly number[] };
}

/**
 * The words of a caption. A piece that begins with a space begins a word; other pieces (the rest of a word, a comma)
 * belong to the word before. Pieces without text, such as the end mark, belong to none, but those that begin a character
 * belong where it is completed.
 */
export function tracedWords(explanation: Explanation): TracedWord[] {
  return explanation.windows.flatMap((window) =>
    groupPieces(window.pieces).map((pieces) => tracedWord(window, pieces)),
  );
}

/** Numbers of the pieces of each word. */
function groupPieces(pieces: WindowExplanation['pieces']): number[][] {
  const words: number[][] = [];
  let begun = false;
  let incomplete: number[] = [];
  for (const [piece, text] of pieces.entries()) {
    if (text === null) {
      incomplete.push(piece);
      continue;
    }
    if (text === '') continue;
    const completed = [...incomplete, piece];
    incomplete = [];
    if (/^\s/.test(text) || words.length === 0) begun = false;
    if (text.trim() === '') continue;
    if (begun) words.at(-1)!.push(...completed);
    else words.push(completed);
    begun = true;
  }
  return words;
}

function tracedWord(window: WindowExplanation, pieces: readonly number[]): TracedWord {
  const { groups, attention, index, firstToken } = window;
  const slots = new Float32Array(groups.length);
  for (const piece of pieces) {
    for (let slot = 0; slot < slots.length; slot++) {
      slots[slot]! += attention[piece * slots.length + slot]! / pieces.length;
    }
  }
  const tokens = spread(groups, slots);
  const token = tokens.reduce((best, value, i) => (value > tokens[best]! ? i : best), groups[0]?.[0] ?? 0);
  return {
    text: pieces
      .map((piece) => window.pieces[piece])
      .join('')
      .trim(),
    window: index,
    firstToken,
    slots,
    tokens,
    toSound: slots.reduce((sum, value) => sum + value, 0),
    peak: { token, group: groups.find((group) => group.includes(token)) ?? [token] },
  };
}

/** Values of slots as values of tokens: a merged slot's is shared evenly, so that the sum stays. */
function spread(groups: readonly (readonly number[])[], slots: Float32Array): Float32Array {
  const last = groups.reduce((highest, group) => Math.max(highest, group.at(-1) ?? 0), -1);
  const tokens = new Float32Array(last + 1);
  for (const [slot, group] of groups.entries()) {
    for (const token of group) tokens[token]! += slots[slot]! / group.length;
  }
  return tokens;
}

/** What the whole caption looked at, beside what the encoder thought of the same tokens. */
export interface DecoderAttention {
  /** By token of the clip, as a multiple of what an average kept slot received; 0 where it was dropped. */
  readonly multiples: Float32Array;
  /** Spearman's, of scores and decoder attention over the kept slots; NaN where it can not be told. */
  readonly correlation: number;
  readonly kept: number;
}

/** Windows count alike: both sides are taken as multiples of their window's average before they are ranked together. */
export function decoderAttention(
  explanation: Explanation,
  words: readonly TracedWord[],
  tokens: ClipTokens,
): DecoderAttention {
  const multiples = new Float32Array(tokens.total);
  const encoder: number[] = [];
  const decoder: number[] = [];
  for (const { index, firstToken, groups } of explanation.windows) {
    const received = new Float32Array(groups.length);
    for (const word of words) {
      if (word.window === index) word.slots.forEach((value, slot) => (received[slot]! += value));
    }
    const average = received.reduce((sum, value) => sum + value, 0) / groups.length;
    if (!(average > 0)) continue;
    for (const [slot, group] of groups.entries()) {
      const multiple = received[slot]! / average;
      for (const token of group) multiples[firstToken + token] = multiple;
      decoder.push(multiple);
      encoder.push(group.reduce((sum, token) => sum + tokens.multiple(firstToken + token), 0) / group.length);
    }
  }
  return { multiples, correlation: rankCorrelation(encoder, decoder), kept: decoder.length };
}
