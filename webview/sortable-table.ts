import { element } from './element';

export interface Column<Row> {
  readonly label: string;
  readonly description: string;
  /** What is shown; numbers stand right. */
  readonly cell: (row: Row) => string | Node;
  /** What is sorted by; undefined values stand last. */
  readonly value: (row: Row) => number | string | undefined;
  readonly numeric?: boolean;
}

/** A table whose headers are buttons: a press sorts, another turns the order around. */
export class SortableTable<Row> {
  readonly node: HTMLElement;
  private readonly table = element('table');
  private rows: readonly Row[] = [];
  private sorted: { readonly column: number; readonly falling: boolean } | undefined;
  private readonly body = element('tbody');
  private readonly headers: HTMLTableCellElement[];

  constructor(
    label: string,
    private readonly columns: readonly Column<Row>[],
    private readonly decorate: (row: Row, node: HTMLTableRowElement) => void = () => undefined,
  ) {
    this.headers = columns.map(({ label: name, description, numeric }, column) =>
      element(
        'th',
        { class: numeric ? 'numeric' : '', attributes: { scope: 'col' } },
        element('button', {
          text: name,
          title: description,
          attributes: { type: 'button' },
          on: { click: () => this.sort(column) },
        }),
      ),
    );
    this.table.append(element('thead', {}, element('tr', {}, ...this.headers)), this.body);
    this.table.setAttribute('aria-label', label);
    // Wide tables scroll in themselves; a scrolling region must be reachable by keyboard.
    this.node = element(
      'div',
      { class: 'table', attributes: { 'tabindex': '0', 'role': 'region', 'aria-label': label } },
      this.table,
    );
  }

  show(rows: readonly Row[]): void {
    this.rows = rows;
    this.render();
  }

  private sort(column: number): void {
    this.sorted = { column, falling: this.sorted?.column === column && !this.sorted.falling };
    this.render();
  }

  private render(): void {
    const { sorted } = this;
    for (const [column, header] of this.headers.entries()) {
      if (sorted?.column === column) header.setAttribute('aria-sort', sorted.falling ? 'descending' : 'ascending');
      else header.removeAttribute('aria-sort');
    }
    const rows = sorted ? this.rows.toSorted((a, b) => this.compare(a, b, sorted)) : this.rows;
    this.body.replaceChildren(
      ...rows.map((row) => {
        const node = element('tr');
        for (const { cell, numeric } of this.columns) {
          const content = cell(row);
          node.append(element('td', { class: numeric ? 'numeric' : '' }, content));
        }
        this.decorate(row, node);
        return node;
      }),
    );
  }

  private compare(a: Row, b: Row, { column, falling }: { readonly column: number; readonly falling: boolean }): number {
    const { value } = this.columns[column]!;
    const [x, y] = [value(a), value(b)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
    return falling ? -order : order;
  }
}
