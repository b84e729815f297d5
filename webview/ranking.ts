import { button, element } from './element';
import type { ClipTokens } from './clip-tokens';
import { enableTurning } from './place';
import { clock, grouped, times } from './words-for-numbers';

const pageSize = 50;

/** The tokens by falling attention, a page at a time: a clip of hours has hundreds of thousands. */
export class Ranking {
  readonly node: HTMLElement;
  private readonly body = element('tbody');
  private readonly unknown = element('p', {
    class: 'hint',
    text: 'Which tokens are kept is not known before a run.',
    attributes: { hidden: '' },
  });
  private readonly place = element('span', { class: 'hint' });
  private readonly back = button('Higher ranks', 'chevron-left', () => this.turn(-1), 'icon');
  private readonly on = button('Lower ranks', 'chevron-right', () => this.turn(1), 'icon');
  private tokens: ClipTokens | undefined;
  private kept: ReadonlySet<number> | null = null;
  private order: Uint32Array = new Uint32Array();
  private placeOf: Uint32Array = new Uint32Array();
  private page = 0;
  private pointed: number | null = null;

  constructor(private readonly point: (token: number | null) => void) {
    const table = element(
      'table',
      { attributes: { 'aria-label': 'Tokens by received attention' } },
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...['Rank', 'Token', 'Time', '× average', 'Kept'].map((text) =>
            element('th', { text, attributes: { scope: 'col' } }),
          ),
        ),
      ),
      this.body,
    );
    this.node = element(
      'div',
      { class: 'ranking' },
      this.unknown,
      element('div', { class: 'table' }, table),
      element('div', { class: 'pager' }, this.back, this.place, this.on),
    );
    this.body.addEventListener('pointerover', (event) => this.point(tokenOf(event.target)));
    this.body.addEventListener('pointerleave', () => this.point(null));
    this.body.addEventListener('focusin', (event) => this.point(tokenOf(event.target)));
    this.body.addEventListener('keydown', (event) => this.key(event));
  }

  /** @param kept null where only a run can tell */
  show(tokens: ClipTokens, multiples: Float32Array, kept: ReadonlySet<number> | null): void {
    if (tokens !== this.tokens) {
      this.order = Uint32Array.from(multiples.keys()).sort((a, b) => multiples[b]! - multiples[a]! || a - b);
      this.placeOf = new Uint32Array(multiples.length);
      for (let place = 0; place < this.order.length; place++) this.placeOf[this.order[place]!] = place;
      this.page = Math.floor((this.placeOf[this.focused ?? -1] ?? 0) / pageSize);
    }
    this.tokens = tokens;
    this.kept = kept;
    this.render();
  }

  /** Lights a token up, and turns to its page unless the person is in the table. */
  light(token: number | null): void {
    this.pointed = token;
    const place = token === null ? undefined : this.placeOf[token];
    if (place !== undefined && !this.node.matches(':focus-within, :hover')) {
      const page = Math.floor(place / pageSize);
      if (page !== this.page) {
        this.page = page;
        this.render();
      }
    }
    for (const row of this.body.rows) row.classList.toggle('lit', Number(row.dataset['token']) === token);
    if (!this.node.matches(':focus-within, :hover')) {
      this.body.querySelector('.lit')?.scrollIntoView({ block: 'nearest' });
    }
  }

  private turn(by: number): void {
    this.page += by;
    this.render();
  }

  /** The token of the row on which a person is. */
  private get focused(): number | null {
    const { activeElement } = document;
    return this.body.contains(activeElement) ? tokenOf(activeElement) : null;
  }

  private render(): void {
    const { tokens, kept } = this;
    if (!tokens) return;
    this.unknown.hidden = kept !== null;
    const { focused } = this;
    const first = this.page * pageSize;
    const last = Math.min(first + pageSize, this.order.length);
    this.body.replaceChildren(
      ...Array.from(this.order.subarray(first, last), (token, i) => {
        const cells = [
          grouped(first + i + 1),
          String(token),
          clock(tokens.startOf(token), 2),
          times(tokens.multiple(token)),
          kept === null ? '?' : kept.has(token) ? '✓ kept' : '–',
        ];
        const row = element(
          'tr',
          { class: token === this.pointed ? 'lit' : '', attributes: { tabindex: i === 0 ? '0' : '-1' } },
          ...cells.map((text) => element('td', { class: 'numeric', text })),
        );
        row.dataset['token'] = String(token);
        return row;
      }),
    );
    this.place.textContent = `${grouped(first + 1)}–${grouped(last)} of ${grouped(this.order.length)}`;
    enableTurning(this.back, this.on, { first: this.page === 0, last: last >= this.order.length });
    // Rows are made anew while a person goes through them.
    if (focused !== null) {
      this.focus(
        Math.max(
          0,
          [...this.body.rows].findIndex(({ dataset }) => Number(dataset['token']) === focused),
        ),
      );
    }
  }

  private key(event: KeyboardEvent): void {
    const rows = [...this.body.rows];
    const at = rows.indexOf((event.target as HTMLElement).closest('tr')!);
    const targets: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    if (event.key === 'PageDown' && !this.on.disabled) this.turn(1);
    else if (event.key === 'PageUp' && !this.back.disabled) this.turn(-1);
    else if (event.key in targets) {
      event.preventDefault();
      this.focus(targets[event.key]!);
      return;
    } else return;
    event.preventDefault();
    this.focus(0);
  }

  private focus(index: number): void {
    const row = this.body.rows[index];
    if (!row) return;
    for (const other of this.body.rows) other.tabIndex = other === row ? 0 : -1;
    row.focus();
  }
}

function tokenOf(target: EventTarget | null): number | null {
  const row = target instanceof Element ? target.closest('tr') : null;
  return row?.dataset['token'] === undefined ? null : Number(row.dataset['token']);
}
