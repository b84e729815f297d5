import { changesOf, type Change } from './differences';
import { button, element } from './element';
import { checkbox, type Field } from './fields';
import type { TracedWord } from './traced-words';
import { clock, percent, plural } from './words-for-numbers';

export interface TraceEvents {
  /** A word is pointed at, chosen (and so to be brought into view), or none is. */
  light(word: TracedWord | null, chosen: boolean): void;
  showDecoder(shown: boolean): void;
}

/** When a token of a window was heard. */
export type TokenTimes = (word: TracedWord, token: number) => readonly [startSeconds: number, endSeconds: number];

const hint =
  'Point at a word to see which tokens it looked at, or go from word to word with the arrow keys. Enter keeps a word lit, Escape lets it go.';

/** A caption whose words lead back to the sound: the words themselves, and beneath them what they say. */
export class WordTrace {
  readonly caption = element('p', {
    class: 'caption traced',
    attributes: { 'role': 'group', 'aria-label': 'Words of the caption, traced to the sound' },
  });
  private readonly said = element('p', { class: 'said', text: hint, attributes: { role: 'status' } });
  private readonly correlation = element('p', { class: 'facts correlation' });
  private readonly decoder: Field<boolean>;
  readonly panel: HTMLElement;
  private spans: HTMLElement[] = [];
  private shownWith: string | null | undefined;
  private pinned: number | null = null;

  constructor(
    readonly words: readonly TracedWord[],
    private readonly times: TokenTimes,
    private readonly events: TraceEvents,
  ) {
    this.decoder = checkbox(
      {
        label: 'Decoder attention on the timeline',
        description: 'What the language model looked at while it wrote all words, beside what the encoder attends to.',
      },
      false,
      (shown) => events.showDecoder(shown),
    );
    this.panel = element(
      'div',
      { class: 'trace' },
      this.said,
      this.decoder.node,
      this.correlation,
      element(
        'details',
        {},
        element('summary', { text: 'What each word looked at, as a table' }),
        element(
          'div',
          { class: 'table', attributes: { 'tabindex': '0', 'role': 'region', 'aria-label': 'Words and their tokens' } },
          this.table(),
        ),
      ),
    );
    this.caption.addEventListener('keydown', (event) => this.key(event));
  }

  /** Draws the words, with the differences from the caption of all tokens where it is known. */
  show(reference: string | undefined): void {
    if (this.shownWith === (reference ?? null)) return;
    this.shownWith = reference ?? null;
    const text = this.words.map((word) => word.text).join(' ');
    const changes = reference === undefined ? [] : changesOf(reference, text);
    this.spans = this.words.map((word, i) => this.span(word, i));
    this.caption.replaceChildren(...this.laidOut(changes));
  }

  showDecoder(shown: boolean): void {
    this.decoder.set(shown);
  }

  showCorrelation(text: string): void {
    this.correlation.textContent = text;
    this.correlation.hidden = text === '';
  }

  /** Another caption's word was chosen. */
  letGo(): void {
    this.pinned = null;
    this.mark(null);
  }

  focus(): void {
    this.spans[0]?.focus({ preventScroll: true });
  }

  private laidOut(changes: readonly Change[]): Node[] {
    const nodes: Node[] = [];
    const removed = changes.filter(({ kind }) => kind === 'removed');
    const added = changes.filter(({ kind }) => kind === 'added');
    let start = 0;
    for (const [i, word] of this.words.entries()) {
      const end = start + word.text.length;
      while (removed[0] && removed[0].start <= start) nodes.push(struck(removed.shift()!), text(' '));
      const isNew = added.some((change) => change.start < end && change.start + change.text.trimEnd().length > start);
      const span = this.spans[i]!;
      nodes.push(isNew ? element('ins', {}, span) : span, text(' '));
      start = end + 1;
    }
    return [...nodes, ...removed.map(struck)];
  }

  private span(word: TracedWord, i: number): HTMLElement {
    const leave = () => this.light(this.pinned, false);
    return element('span', {
      class: 'word',
      text: word.text,
      attributes: { 'role': 'button', 'tabindex': i === 0 ? '0' : '-1', 'aria-pressed': 'false' },
      on: {
        pointerenter: () => this.light(i, false),
        pointerleave: leave,
        focus: () => this.light(i, false),
        blur: leave,
        click: () => this.toggle(i),
      },
    });
  }

  private toggle(i: number): void {
    this.pinned = this.pinned === i ? null : i;
    this.light(this.pinned, this.pinned !== null);
  }

  private light(i: number | null, chosen: boolean): void {
    this.mark(i);
    this.events.light(i === null ? null : this.words[i]!, chosen);
  }

  private mark(lit: number | null): void {
    for (const [i, span] of this.spans.entries()) {
      span.classList.toggle('lit', i === lit);
      span.setAttribute('aria-pressed', String(i === this.pinned));
    }
    const word = lit === null ? undefined : this.words[lit];
    this.said.textContent = word ? wordSentence(word, this.times) : hint;
  }

  private key(event: KeyboardEvent): void {
    const at = this.spans.indexOf(event.target as HTMLElement);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const targets: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: this.spans.length - 1,
    };
    const target = targets[event.key];
    if (target !== undefined) this.move(target);
    else if (event.key === 'Enter' || event.key === ' ') this.toggle(at);
    else if (event.key === 'Escape') {
      this.pinned = null;
      this.light(null, false);
    } else return;
    event.preventDefault();
  }

  private move(to: number): void {
    const span = this.spans[to];
    if (!span) return;
    for (const other of this.spans) other.tabIndex = other === span ? 0 : -1;
    span.focus();
  }

  private table(): HTMLElement {
    const head = ['Word', 'Looked most at', 'Token', 'To the sound'];
    return element(
      'table',
      { attributes: { 'aria-label': 'What each word of the caption looked at' } },
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...head.map((text, i) =>
            element('th', { class: i > 0 ? 'numeric' : '', text, attributes: { scope: 'col' } }),
          ),
        ),
      ),
      element(
        'tbody',
        {},
        ...this.words.map((word) =>
          element(
            'tr',
            {},
            element('td', { text: word.text }),
            ...[
              spanWords(this.times(word, word.peak.token)),
              String(word.firstToken + word.peak.token),
              percent(word.toSound),
            ].map((value) => element('td', { class: 'numeric', text: value })),
          ),
        ),
      ),
    );
  }
}

/** '“bell” looked most at 4.68–4.72 s (token 117); 18 % of its attention went to the sound.' */
export function wordSentence(word: TracedWord, times: TokenTimes): string {
  const { token, group } = word.peak;
  const merged = group.length > 1 ? `, merged with ${String(group.length - 1)} more` : '';
  const number = String(word.firstToken + token);
  const name = word.text.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '') || word.text;
  return `“${name}” looked most at ${spanWords(times(word, token))} (token ${number}${merged}); ${percent(word.toSound)} of its attention went to the sound.`;
}

/** What the rank correlation is, and why one would want to know. */
export function correlationWords(correlation: number, kept: number, everything: boolean): string {
  if (!Number.isFinite(correlation)) {
    return `Encoder scores and decoder attention can not be ranked against each other over ${plural(kept, 'token')}.`;
  }
  const fair = everything
    ? ''
    : ' Only kept tokens can be looked at: trace the caption of all tokens for the whole answer.';
  return `Rank correlation of encoder scores and decoder attention: ${correlation.toFixed(2)} (over ${plural(kept, 'token')}). Does the encoder’s attention know what the language model will need? Near 1 it does, and pruning by it loses little; near 0 other tokens are needed than those it picks.${fair}`;
}

function spanWords([start, end]: readonly [number, number]): string {
  return end < 60 ? `${start.toFixed(2)}–${end.toFixed(2)} s` : `${clock(start, 2)}–${clock(end, 2)}`;
}

function struck(change: Change): HTMLElement {
  return element('del', { text: change.text.trim() });
}

function text(value: string): Text {
  return document.createTextNode(value);
}

/** The way into a trace: asks for it, and lets the person take the wish back while it is made. */
export function traceButton(name: string, tracing: boolean, trace: () => void, cancel: () => void): HTMLElement {
  if (!tracing) {
    const node = button('Trace words to sound', 'target', trace);
    node.title = `Finds which tokens each word of the caption of ${name} looked at; takes a few seconds.`;
    return element('div', { class: 'trace-start' }, node);
  }
  return element(
    'div',
    { class: 'trace-start' },
    // It calls itself an alert; the words beside it say what goes on.
    element('vscode-progress-ring', { attributes: { 'aria-hidden': 'true' } }),
    element('span', { text: 'Tracing words to the sound…' }),
    button('Cancel tracing', 'debug-stop', cancel),
  );
}
