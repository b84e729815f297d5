type Child = Node | string | null | undefined | false;

interface Options {
  readonly class?: string;
  readonly text?: string;
  readonly id?: string;
  readonly title?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly on?: Readonly<Record<string, (event: Event) => void>>;
}

/**
 * Builds a DOM element. Text only ever becomes text nodes: file names and captions come from outside and nothing in them
 * may be read as markup.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options?: Options,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K];
export function element(tag: string, options?: Options, ...children: readonly Child[]): HTMLElement;
export function element(tag: string, options: Options = {}, ...children: readonly Child[]): HTMLElement {
  const node = document.createElement(tag);
  if (options.class !== undefined) node.className = options.class;
  if (options.id !== undefined) node.id = options.id;
  if (options.title !== undefined) node.title = options.title;
  if (options.text !== undefined) node.textContent = options.text;
  for (const [name, value] of Object.entries(options.attributes ?? {})) {
    node.setAttribute(name, value);
  }
  for (const [event, listener] of Object.entries(options.on ?? {})) {
    node.addEventListener(event, listener);
  }
  node.append(
    ...children.filter((child): child is Node | string => child instanceof Node || typeof child === 'string'),
  );
  return node;
}

/** A codicon. It says nothing to a screen reader: the words beside it do. */
export function icon(name: string): HTMLElement {
  return element('span', { class: `codicon codicon-${name}`, attributes: { 'aria-hidden': 'true' } });
}

/** A toolkit button with an icon, or with an icon and a label. */
export function button(
  label: string,
  iconName: string,
  press: () => void,
  appearance: 'primary' | 'secondary' | 'icon' = 'secondary',
): HTMLElement & { disabled: boolean } {
  const node = element('vscode-button', {
    attributes: { appearance, ...(appearance === 'icon' && { 'aria-label': label }) },
    ...(appearance === 'icon' && { title: label }),
    on: { click: press },
  }) as HTMLElement & { disabled: boolean };
  if (appearance === 'icon') {
    node.append(icon(iconName));
  } else {
    const mark = icon(iconName);
    mark.slot = 'start';
    node.append(mark, label);
  }
  return node;
}
