import { element } from './element';

export interface Column<Row> {
  readonly label: string;
  readonly description: string;
  /** What is shown; numbers stand right. */
  readonly cell: (row: Row) => string | Node;
  /** What is sorted by; undefined values stand last. A column without it can not be sorted. */
  readonly value?: (row: Row) => number | string | undefined;
  readonly numeric?: boolean;
}

export interface RowLook<Row> {
  /** Names the row, so that the focus inside it outlives a new drawing. */
  readonly key?: (row: Row) => string;
  readonly decorate?: (row: Row, node: HTMLTableRowElement) => void;
}

/** A table whose headers are buttons: a press sorts, another turns the order around. */
export class SortableTable<Row> {
  readonly node: HTMLElement;
  private readonly table = element('table');
  private rows: readonly Row[] = [];
  private sorted: { readonly name: string; readonly falling: boolean } | undefined;
  private readonly head = element('tr');
  private readonly body = element('tbody');

  constructor(
    label: string,
    private columns: readonly Column<Row>[],
    private readonly look: RowLook<Row> = {},
  ) {
    this.table.append(element('thead', {}, this.head), this.body);
    this.table.setAttribute('aria-label', label);
    // Wide tables scroll in themselves; a scrolling region must be reachable by keyboard.
    this.node = element(
      'div',
      { class: 'table', attributes: { 'tabindex': '0', 'role': 'region', 'aria-label': label } },
      this.table,
    );
    this.renderHead();
  }

  show(rows: readonly Row[], columns = this.columns): void {
    this.rows = rows;
    if (columns !== this.columns) {
      this.columns = columns;
      this.renderHead();
    }
    this.render();
  }

  private sort(name: string): void {
    this.sorted = { name, falling: this.sorted?.name === name && !this.sorted.falling };
    this.render();
  }

  private renderHead(): void {
    this.head.replaceChildren(
      ...this.columns.map(({ label, description, numeric, value }) =>
        element(
          'th',
          { class: numeric ? 'numeric' : '', attributes: { scope: 'col' } },
          value
            ? element('button', {
                text: label,
                title: description,
                attributes: { type: 'button' },
                on: { click: () => this.sort(label) },
              })
            : element('span', { text: label, title: description }),
        ),
      ),
    );
  }

  private render(): void {
    const { sorted, look } = this;
    for (const [i, header] of [...this.head.children].entries()) {
      if (sorted?.name === this.columns[i]?.label) {
        header.setAttribute('aria-sort', sorted?.falling ? 'descending' : 'ascending');
      } else header.removeAttribute('aria-sort');
    }
    const column = this.columns.find(({ label }) => label === sorted?.name);
    const rows = column ? this.rows.toSorted((a, b) => compare(column, a, b, sorted!.falling)) : this.rows;
    const focus = this.focusInside();
    this.body.replaceChildren(
      ...rows.map((row) => {
        const node = element('tr');
        for (const { cell, numeric } of this.columns) {
          node.append(element('td', { class: numeric ? 'numeric' : '' }, cell(row)));
        }
        if (look.key) node.dataset['key'] = look.key(row);
        look.decorate?.(row, node);
        return node;
      }),
    );
    if (focus) this.buttonsOf(focus.key)[focus.place]?.focus();
  }

  /** Rows are drawn anew while runs go on; whoever stands on a button of one must not lose the place. */
  private focusInside(): { readonly key: string; readonly place: number } | undefined {
    const { activeElement } = document;
    const key = activeElement?.closest<HTMLElement>('tr[data-key]')?.dataset['key'];
    if (key === undefined || !this.body.contains(activeElement)) return undefined;
    return { key, place: this.buttonsOf(key).indexOf(activeElement as HTMLElement) };
  }

  private buttonsOf(key: string): HTMLElement[] {
    const row = [...this.body.rows].find(({ dataset }) => dataset['key'] === key);
    return [...(row?.querySelectorAll<HTMLElement>('button, vscode-button') ?? [])];
  }
}

function compare<Row>({ value }: Column<Row>, a: Row, b: Row, falling: boolean): number {
  const [x, y] = [value?.(a), value?.(b)];
  if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
  const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
  return falling ? -order : order;
}
