/**
 * Where a person is in a part of the page that is about to be made anew: what has the focus, what is unfolded, how far
 * tables are scrolled. Found again by what things are called, because other rows may stand there then.
 */
export class Place {
  private readonly focused: { readonly name: string; readonly selection: Selection | undefined } | undefined;
  private readonly unfolded: readonly string[];
  private readonly scrolled: readonly { readonly name: string; readonly left: number; readonly top: number }[];
  /** Charts draw a moment later: until then they leave the page as long as it was. */
  private readonly heights: readonly string[];

  constructor(root: HTMLElement) {
    const { activeElement } = document;
    if (activeElement && activeElement !== root && root.contains(activeElement)) {
      this.focused = { name: nameOf(activeElement), selection: selectionIn(activeElement) };
    }
    this.unfolded = [...root.querySelectorAll('details[open] > summary')].map(nameOf);
    this.scrolled = [...root.querySelectorAll('.table')].map((table) => ({
      name: nameOf(table),
      left: table.scrollLeft,
      top: table.scrollTop,
    }));
    this.heights = plotsIn(root).map(({ style }) => style.height);
  }

  /** Brings the person back there, as far as it is still there. */
  restore(root: HTMLElement): void {
    for (const [i, { style }] of plotsIn(root).entries()) style.height = this.heights[i] ?? '';
    for (const summary of root.querySelectorAll<HTMLElement>('details > summary')) {
      if (this.unfolded.includes(nameOf(summary))) summary.parentElement!.setAttribute('open', '');
    }
    for (const { name, left, top } of this.scrolled) find(root, name)?.scrollTo({ left, top, behavior: 'instant' });
    if (!this.focused) return;
    const { name, selection } = this.focused;
    const node = find(root, name);
    node?.focus({ preventScroll: true });
    if (selection) (node as HTMLInputElement | undefined)?.setSelectionRange(...selection);
  }
}

/** Draws a form anew; whoever stands on one of its controls stands on its successor, the one of the same kind and name. */
export function keepFocus(form: HTMLElement, draw: () => void): void {
  const { activeElement } = document;
  const name = activeElement && form.contains(activeElement) ? nameOf(activeElement) : undefined;
  draw();
  if (name !== undefined) find(form, name)?.focus({ preventScroll: true });
}

/**
 * For entries of a list that are about to be made anew, each with a key in `data-<key>`: finds, after that, the button in
 * the same place of the same entry as the one that has the focus now, or of the entry that follows where this one was
 * removed. It may say something else by then. While it can not be pressed it can not have the focus: the entry stands in
 * for it, also the next time.
 */
export function successorOfFocus(list: HTMLElement, key: string, buttons: string): () => HTMLElement | undefined {
  const { activeElement } = document;
  const entry = activeElement?.closest<HTMLElement>(`[data-${key}]`);
  if (!entry || !list.contains(activeElement)) return () => undefined;
  const entries = () => [...list.querySelectorAll<HTMLElement>(`[data-${key}]`)];
  const of = entry.dataset[key];
  const among = entries().indexOf(entry);
  const place =
    activeElement === entry
      ? Number(entry.dataset['place'])
      : [...entry.querySelectorAll(buttons)].indexOf(activeElement!);
  return () => {
    const left = entries();
    const successor = left.find(({ dataset }) => dataset[key] === of) ?? left[among] ?? left.at(-1);
    if (!successor) {
      // Nothing is left: the list itself stands in for its entries.
      list.tabIndex = -1;
      return list;
    }
    const button = [...successor.querySelectorAll<Pressable>(buttons)][place];
    if (!button?.disabled) return button;
    successor.tabIndex = -1;
    successor.dataset['place'] = String(place);
    return successor;
  };
}

type Pressable = HTMLElement & { disabled: boolean };

/**
 * Changes which of two buttons can be pressed, as what begins something and what ends it, or what turns pages: whoever
 * stands on the one that can no longer be pressed goes on with the other.
 */
export function passFocus(one: Pressable, other: Pressable, change: () => void): void {
  const { activeElement } = document;
  change();
  const [from, to] = activeElement === other ? [other, one] : [one, other];
  if (activeElement !== from || !(from.hidden || from.disabled)) return;
  // The toolkit enables a button in the next frame; by then the person may be elsewhere.
  requestAnimationFrame(() => {
    const { activeElement: now } = document;
    if ((now === document.body || now === from) && !to.hidden && !to.disabled) to.focus({ preventScroll: true });
  });
}

/** Enables what turns pages. Whoever stands on the one that has come to its end goes on with the other. */
export function enableTurning(
  back: Pressable,
  on: Pressable,
  ends: { readonly first: boolean; readonly last: boolean },
) {
  passFocus(back, on, () => {
    back.disabled = ends.first;
    on.disabled = ends.last;
  });
}

type Selection = readonly [from: number, to: number];

function selectionIn(node: Element): Selection | undefined {
  if (!(node instanceof HTMLInputElement) || node.selectionStart === null) return undefined;
  return [node.selectionStart, node.selectionEnd ?? node.selectionStart];
}

function plotsIn(root: HTMLElement): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>('.chart-plot')];
}

function find(root: HTMLElement, name: string): HTMLElement | undefined {
  const [tag] = JSON.parse(name) as [string];
  return [...root.querySelectorAll<HTMLElement>(tag)].find((node) => nameOf(node) === name);
}

/** What a node is, what it says or is labelled, in which row and in which part of the page. */
function nameOf(node: Element): string {
  // A slider and the number beside it have one label: their types differ.
  const { labels, type } = node as Partial<HTMLInputElement>;
  return JSON.stringify([
    node.localName,
    type,
    node.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? node.textContent,
    node.closest<HTMLElement>('tr[data-key]')?.dataset['key'],
    node.parentElement?.closest('[aria-label]')?.getAttribute('aria-label'),
  ]);
}
