/** Draws a form anew; whoever stands on one of its controls stands on its successor, the one of the same kind and name. */
export function keepFocus(form: HTMLElement, draw: () => void): void {
  const before = document.activeElement;
  const name = before && form.contains(before) ? nameOf(before) : undefined;
  draw();
  if (name === undefined) return;
  const controls = form.querySelectorAll<HTMLElement>(
    'input, button, summary, vscode-button, vscode-checkbox, vscode-dropdown, vscode-text-area',
  );
  [...controls].find((control) => nameOf(control) === name)?.focus({ preventScroll: true });
}

/** A slider and the number beside it have one label. */
function nameOf(control: Element): string {
  const { labels, type } = control as Partial<HTMLInputElement>;
  const label = control.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? control.textContent;
  return `${control.localName} ${type ?? ''} ${label}`;
}
