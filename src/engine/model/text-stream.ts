import type { Tokenizer } from '@huggingface/tokenizers';

/** Turns token ids to text piece by piece, holding back characters whose bytes are not complete. */
export class TextStream {
  private readonly ids: number[] = [];
  private said = '';

  constructor(private readonly tokenizer: Tokenizer) {}

  /** @returns what the token adds to the text; null where it only begins a character that a later one completes */
  push(id: number): string | null {
    this.ids.push(id);
    const text = this.text();
    return text.endsWith('\uFFFD') ? null : this.say(text);
  }

  /** @returns what is still held back: a character that nothing completes any more */
  rest(): string {
    return this.say(this.text());
  }

  text(): string {
    return this.ids.length === 0 ? '' : this.tokenizer.decode(this.ids, { skip_special_tokens: true });
  }

  private say(text: string): string {
    const piece = text.slice(this.said.length);
    this.said += piece;
    return piece;
  }
}

/** The text of each token, as a stream of them gives it; joined, it is the whole text. */
export function piecesOf(tokenizer: Tokenizer, ids: readonly number[]): (string | null)[] {
  const stream = new TextStream(tokenizer);
  const pieces = ids.map((id) => stream.push(id));
  const rest = stream.rest();
  return rest === '' ? pieces : [...pieces.slice(0, -1), rest];
}
