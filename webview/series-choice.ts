import { element } from './element';
import type { Series } from './series';
import { lookOf } from './series-look';
import { onThemeChange, readPalette } from './theme';

/** The legend of figures, whose entries are switches: which series are shown, and which one is pointed at. */
export class SeriesChoice {
  readonly node = element('div', {
    class: 'series-choice',
    attributes: { 'role': 'group', 'aria-label': 'Strategies in the figures' },
  });
  private pointed: string | undefined;
  private readonly hidden: Set<string>;
  private readonly stop: () => void;

  constructor(
    private readonly series: readonly Series[],
    hidden: readonly string[],
    private readonly changed: (hidden: readonly string[]) => void,
  ) {
    this.hidden = new Set(hidden);
    this.render();
    this.stop = onThemeChange(() => this.render());
  }

  dispose(): void {
    this.stop();
  }

  isShown({ label }: Series): boolean {
    return !this.hidden.has(label);
  }

  /** How strongly a series is drawn: the others step back from the one that is pointed at. */
  strength({ label }: Series): number {
    return this.pointed === undefined || this.pointed === label ? 1 : 0.22;
  }

  private render(): void {
    const palette = readPalette();
    const before = document.activeElement;
    const place = before instanceof HTMLElement ? [...this.node.children].indexOf(before) : -1;
    this.node.replaceChildren(
      ...this.series.map((one) => this.entry(one, lookOf(one.look, palette))),
      this.all('All', () => this.hidden.clear()),
      this.all('None', () => this.series.forEach(({ label }) => this.hidden.add(label))),
    );
    (this.node.children[place] as HTMLElement | undefined)?.focus();
  }

  private entry(series: Series, look: ReturnType<typeof lookOf>): HTMLElement {
    const { label } = series;
    const point = (name: string | undefined) => () => {
      if (this.pointed === name) return;
      this.pointed = name;
      this.changed([...this.hidden]);
    };
    return element(
      'button',
      {
        class: 'series-entry',
        title: `Show or hide ${label}`,
        attributes: { 'type': 'button', 'aria-pressed': String(!this.hidden.has(label)) },
        on: {
          click: () => {
            if (!this.hidden.delete(label)) this.hidden.add(label);
            this.render();
            this.changed([...this.hidden]);
          },
          pointerenter: point(label),
          pointerleave: point(undefined),
          focus: point(label),
          blur: point(undefined),
        },
      },
      glyph(look),
      element('span', { text: label }),
    );
  }

  private all(text: string, change: () => void): HTMLElement {
    return element('button', {
      class: 'small-button',
      text,
      attributes: { 'type': 'button', 'aria-label': `${text} strategies in the figures` },
      on: {
        click: () => {
          change();
          this.render();
          this.changed([...this.hidden]);
        },
      },
    });
  }
}

const strokes: Readonly<Record<string, string>> = { solid: '', dash: '5 3', dot: '1.5 2.5', dashdot: '5 2 1.5 2' };

function glyph({ colour, outline, dash }: ReturnType<typeof lookOf>): SVGElement {
  const node = svg('svg', { 'class': 'glyph', 'viewBox': '-13 -6 26 12', 'aria-hidden': 'true' });
  node.append(
    svg('path', { 'd': 'M-13 0H13', 'stroke': colour, 'stroke-width': '1.5', 'stroke-dasharray': strokes[dash] ?? '' }),
    svg('path', { d: outline, fill: colour }),
  );
  return node;
}

function svg(tag: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
