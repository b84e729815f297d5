import { element } from './element';

export interface Tab {
  readonly name: string;
  readonly label: string;
  readonly content: HTMLElement;
}

/** Pages of which one is shown. Arrow keys go from tab to tab, as the pattern for tabs asks. */
export class Tabs {
  readonly list: HTMLElement;
  readonly panels: readonly HTMLElement[];
  private readonly buttons: readonly HTMLElement[];
  private inFront!: string;

  constructor(
    private readonly tabs: readonly Tab[],
    shown: string,
    private readonly changed: (name: string) => void,
  ) {
    this.buttons = tabs.map(({ name, label }) =>
      element('button', {
        class: 'tab',
        id: `tab-${name}`,
        text: label,
        attributes: { 'type': 'button', 'role': 'tab', 'aria-controls': `panel-${name}` },
        on: { click: () => this.show(name), keydown: (event) => this.key(event as KeyboardEvent) },
      }),
    );
    this.list = element('div', { class: 'tabs', attributes: { role: 'tablist' } }, ...this.buttons);
    this.panels = tabs.map(({ name, content }) =>
      element(
        'div',
        {
          class: 'tab-panel',
          id: `panel-${name}`,
          attributes: { 'role': 'tabpanel', 'aria-labelledby': `tab-${name}` },
        },
        content,
      ),
    );
    this.mark(tabs.some(({ name }) => name === shown) ? shown : tabs[0]!.name);
  }

  /** The name of the one that is shown. */
  get shown(): string {
    return this.inFront;
  }

  show(name: string): void {
    this.mark(name);
    this.changed(name);
  }

  private mark(name: string): void {
    this.inFront = name;
    for (const [i, tab] of this.tabs.entries()) {
      const chosen = tab.name === name;
      this.buttons[i]!.setAttribute('aria-selected', String(chosen));
      this.buttons[i]!.tabIndex = chosen ? 0 : -1;
      this.panels[i]!.hidden = !chosen;
    }
  }

  private key(event: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    const at = this.buttons.indexOf(event.currentTarget as HTMLElement);
    const next = (at + by + this.tabs.length) % this.tabs.length;
    this.show(this.tabs[next]!.name);
    this.buttons[next]!.focus();
  }
}
