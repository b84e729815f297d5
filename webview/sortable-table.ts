import { button, element } from './element';
import { enableTurning, successorOfFocus } from './place';
import { grouped } from './words-for-numbers';

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
  /** Rows that stand first however the others are sorted. */
  readonly pinned?: (row: Row) => boolean;
  /** Most rows that are drawn at once; buttons turn to the others. */
  readonly pageSize?: number;
}

interface TableOrder {
  readonly name: string;
  readonly falling: boolean;
}

/** How tables were left, by their labels: one that is made anew goes on like that. */
const left = new Map<string, { readonly sorted: TableOrder | undefined; readonly page: number }>();

/** A table whose headers are buttons: a press sorts, another turns the order around. */
export class SortableTable<Row> {
  readonly node: HTMLElement;
  private readonly table = element('table');
  private rows: readonly Row[] = [];
  private ordered: readonly Row[] = [];
  private sorted: TableOrder | undefined;
  /** The one that is wanted: its rows may still be to come. */
  private page: number;
  private readonly place = element('span', { class: 'hint', attributes: { role: 'status' } });
  private readonly back = button('Previous rows', 'chevron-left', () => this.turn(-1), 'icon');
  private readonly on = button('Next rows', 'chevron-right', () => this.turn(1), 'icon');
  /** Turns the pages, where there are any. */
  readonly pager = element('div', { class: 'pager' }, this.back, this.place, this.on);
  private readonly head = element('tr');
  private readonly body = element('tbody');

  constructor(
    private readonly label: string,
    private columns: readonly Column<Row>[],
    private readonly look: RowLook<Row> = {},
  ) {
    const before = left.get(label);
    this.sorted = before?.sorted;
    this.page = before?.page ?? 0;
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
    this.order();
  }

  /** Goes back to the first page: other rows are meant. */
  rewind(): void {
    this.leave(this.sorted, 0);
  }

  private sort(name: string): void {
    this.leave({ name, falling: this.sorted?.name === name && !this.sorted.falling }, 0);
    this.order();
  }

  private turn(by: number): void {
    this.leave(this.sorted, this.shownPage + by);
    this.render();
    this.node.scrollTop = 0;
  }

  private leave(sorted: TableOrder | undefined, page: number): void {
    this.sorted = sorted;
    this.page = page;
    left.set(this.label, { sorted, page });
  }

  private order(): void {
    const { sorted, rows } = this;
    const { pinned } = this.look;
    const column = this.columns.find(({ label }) => label === sorted?.name);
    const ordered = column ? sortedBy(column, rows, sorted!.falling) : rows;
    this.ordered = pinned ? [...ordered.filter(pinned), ...ordered.filter((row) => !pinned(row))] : ordered;
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
    const rows = this.shownRows();
    // Rows are drawn anew while runs go on; whoever stands on a button of one must not lose the place.
    const successor = successorOfFocus(this.body, 'key', 'button, vscode-button');
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
    successor()?.focus();
  }

  private shownRows(): readonly Row[] {
    const { pageSize } = this.look;
    if (pageSize === undefined) return this.ordered;
    const count = this.ordered.length;
    const page = this.shownPage;
    const first = page * pageSize;
    const last = Math.min(first + pageSize, count);
    this.place.textContent = `${grouped(Math.min(first + 1, last))}–${grouped(last)} of ${grouped(count)}`;
    enableTurning(this.back, this.on, { first: page === 0, last: last >= count });
    return this.ordered.slice(first, last);
  }

  private get shownPage(): number {
    const { pageSize = Infinity } = this.look;
    return Math.max(0, Math.min(this.page, Math.ceil(this.ordered.length / pageSize) - 1));
  }
}

/** Item 10 comes after item 9. */
const collator = new Intl.Collator(undefined, { numeric: true });

/** Values are read once a row; what is undefined stands last either way. */
function sortedBy<Row>({ value }: Column<Row>, rows: readonly Row[], falling: boolean): Row[] {
  const keyed = rows.map((row) => ({ row, key: value?.(row) }));
  keyed.sort(({ key: x }, { key: y }) => {
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : collator.compare(String(x), String(y));
    return falling ? -order : order;
  });
  return keyed.map(({ row }) => row);
}
