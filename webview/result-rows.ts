import type { Expected } from '../src/datasets/dataset';
import type { MetricInfo, SummaryRow } from '../src/protocol/evaluation-summary';
import type { ResultsOverview } from '../src/protocol/results';
import { differences } from './differences';
import { element } from './element';
import type { Status } from './evaluation-head';
import { dropdown, type Field, type Option } from './fields';
import { betterWords, metricText } from './metric-words';
import { ratiosOf, seriesOf } from './series';
import { SortableTable, type Column } from './sortable-table';
import { grouped, percent, plural } from './words-for-numbers';

/** Which rows are shown; '' means all. */
export interface RowFilter {
  readonly text: string;
  readonly strategy: string;
  readonly ratio: string;
  readonly status: string;
}

export const everyRow: RowFilter = { text: '', strategy: '', ratio: '', status: '' };

const pageSize = 50;
/** Whoever types is not disturbed by a search at each letter. */
const typingMs = 150;

/** Every item under every setting, a page at a time: what was said beside what was expected and what is said unpruned. */
export class ResultRows {
  readonly node = element('section', { class: 'result-rows', attributes: { 'aria-label': 'Runs' } });
  private readonly count = element('p', { class: 'hint', attributes: { 'role': 'status', 'aria-live': 'polite' } });
  private readonly table: SortableTable<SummaryRow>;
  private readonly search: HTMLInputElement;
  private readonly fields: Readonly<Record<'strategy' | 'ratio' | 'status', Field<string>>>;
  private readonly rows: SummaryRow[] = [];
  /** What the unpruned run said of each item. */
  private readonly unpruned = new Map<string, string>();
  private metric: MetricInfo | undefined;
  private columns: readonly Column<SummaryRow>[] = [];
  private pending: ReturnType<typeof setTimeout> | undefined;

  /** @param open opens the sound of a row; absent where there is no VS Code */
  constructor(
    private readonly summary: ResultsOverview,
    private filter: RowFilter,
    private readonly events: {
      readonly open?: ((row: SummaryRow) => void) | undefined;
      readonly filtered: (filter: RowFilter) => void;
    },
  ) {
    const { open } = events;
    this.table = new SortableTable<SummaryRow>('Runs', [], {
      key: (row) => `${String(row.setting)} ${row.item}`,
      pageSize,
      decorate: (row, node) => {
        node.classList.toggle('opens', open !== undefined);
        if (open) node.addEventListener('click', (event) => opened(event) && open(row));
      },
    });
    this.search = this.searchField();
    this.fields = this.filterFields();
    this.node.append(
      element('div', { class: 'section-head' }, element('h2', { text: 'Runs' }), this.table.pager),
      element(
        'div',
        { class: 'row-filters' },
        element('label', { class: 'field' }, element('span', { text: 'Search' }), this.search),
        ...Object.values(this.fields).map(({ node }) => node),
      ),
      this.count,
      this.table.node,
    );
    this.table.node.addEventListener('keydown', (event) => this.key(event));
  }

  showMetric(metric: MetricInfo | undefined): void {
    this.metric = metric;
    this.columns = this.columnsOf();
    this.show();
  }

  add(rows: readonly SummaryRow[]): void {
    for (const row of rows) {
      this.rows.push(row);
      if (row.setting === this.summary.baseline && row.outcome.status === 'done') {
        this.unpruned.set(row.item, row.outcome.text);
      }
    }
    this.show();
  }

  /** Shows the rows with this outcome and nothing else, and goes there. */
  showStatus(status: Status): void {
    this.search.value = '';
    this.fields.strategy.set('');
    this.fields.ratio.set('');
    this.fields.status.set(status);
    this.change({ ...everyRow, status });
    this.node.scrollIntoView({ block: 'start' });
    this.table.node.focus({ preventScroll: true });
  }

  /** What was typed last goes to whoever shows the rows next, though nobody searched for it yet. */
  dispose(): void {
    clearTimeout(this.pending);
    this.events.filtered({ ...this.filter, text: this.search.value });
  }

  private change(part: Partial<RowFilter>): void {
    this.filter = { ...this.filter, ...part };
    this.events.filtered(this.filter);
    this.table.rewind();
    this.show();
  }

  private show(): void {
    const shown = this.filtered();
    const { rowCount } = this.summary;
    const loading = this.rows.length < rowCount ? `, ${grouped(this.rows.length)} of them read` : '';
    this.count.textContent =
      shown.length === this.rows.length
        ? `${grouped(rowCount)} runs${loading}.`
        : `${grouped(shown.length)} of ${grouped(rowCount)} runs${loading}.`;
    this.table.show(shown, this.columns);
  }

  private filtered(): readonly SummaryRow[] {
    const { strategy, ratio, status } = this.filter;
    const { settings } = this.summary;
    const wanted = settings.map(
      ({ label, keepRatio }) =>
        (strategy === '' || label === strategy) && (ratio === '' || String(keepRatio) === ratio),
    );
    const text = this.filter.text.trim().toLowerCase();
    const found = new Map<string, boolean>();
    // What an item asks and expects is the same in all of its rows.
    const itemHolds = (row: SummaryRow): boolean => {
      const known = found.get(row.item) ?? itemWords(row).some((words) => words.toLowerCase().includes(text));
      found.set(row.item, known);
      return known;
    };
    return this.rows.filter(
      (row) =>
        wanted[row.setting] !== false &&
        (status === '' || row.outcome.status === status) &&
        (text === '' || itemHolds(row) || saidIn(row).toLowerCase().includes(text)),
    );
  }

  private searchField(): HTMLInputElement {
    const field = element('input', {
      class: 'number wide',
      attributes: { type: 'search', placeholder: 'Item, sound, question, text …', value: this.filter.text },
      on: {
        input: () => {
          clearTimeout(this.pending);
          this.pending = setTimeout(() => this.change({ text: field.value }), typingMs);
        },
      },
    });
    return field;
  }

  private filterFields() {
    const field = (name: 'strategy' | 'ratio' | 'status', label: string, options: readonly Option[]) =>
      dropdown(
        { label, description: `Shows the rows of this ${label.toLowerCase()}.` },
        [{ value: '', label: 'All' }, ...options],
        this.filter[name],
        (value) => this.change({ [name]: value }),
      );
    const { summary } = this;
    const same = (value: string): Option => ({ value, label: value });
    return {
      strategy: field(
        'strategy',
        'Strategy',
        seriesOf(summary).map(({ label }) => same(label)),
      ),
      ratio: field(
        'ratio',
        'Keep ratio',
        ratiosOf(summary).map((ratio) => ({ value: String(ratio), label: percent(ratio) })),
      ),
      status: field('status', 'Outcome', [
        { value: 'done', label: 'Done' },
        { value: 'missing', label: 'Without a sound' },
        { value: 'invalid', label: 'Makes no sense' },
        { value: 'failed', label: 'Failed' },
      ]),
    };
  }

  private columnsOf(): readonly Column<SummaryRow>[] {
    const { metric, summary } = this;
    const setting = ({ setting: place }: SummaryRow) => summary.settings[place];
    return [
      {
        label: 'Item',
        description: 'Its name in the dataset, and its sound',
        value: ({ item }) => item,
        cell: (row) => this.itemCell(row),
      },
      {
        label: 'Setting',
        description: 'Strategy and keep ratio',
        value: (row) => `${setting(row)?.label ?? ''} ${(setting(row)?.keepRatio ?? 0).toFixed(4)}`,
        cell: (row) => settingCell(setting(row)),
      },
      {
        label: 'Kept',
        description: 'Share of the tokens that were kept',
        numeric: true,
        value: keptOf,
        cell: (row) => textOr(keptOf(row), percent),
      },
      ...(metric ? [metricColumn(metric)] : []),
      {
        label: 'Said',
        description: 'What the model said; changes against the unpruned run are underlined or struck through',
        value: saidIn,
        cell: (row) => this.saidCell(row),
      },
      {
        label: 'Expected',
        description: 'What a good answer is, and what was asked',
        value: ({ expected }) => expectedWords(expected)[0],
        cell: expectedCell,
      },
    ];
  }

  private itemCell({ item, audio }: SummaryRow): HTMLElement {
    const name = this.events.open
      ? element('button', {
          class: 'link-button item',
          text: item,
          title: `Open ${audio} with these settings`,
          attributes: { type: 'button' },
        })
      : element('span', { class: 'item', text: item });
    return element(
      'div',
      { class: 'stacked' },
      name,
      audio === item ? null : element('span', { class: 'hint', text: audio }),
    );
  }

  private saidCell(row: SummaryRow): HTMLElement {
    const { outcome } = row;
    if (outcome.status !== 'done') {
      return element(
        'span',
        { class: 'row-problem' },
        element('span', { class: 'status-mark', text: statusMarks[outcome.status] }),
        outcome.problem,
      );
    }
    const unpruned = row.setting === this.summary.baseline ? undefined : this.unpruned.get(row.item);
    if (outcome.text === '' && !unpruned) return element('span', { class: 'hint', text: 'Nothing was said.' });
    if (unpruned === outcome.text) {
      return element(
        'span',
        { class: 'caption' },
        outcome.text,
        element('span', { class: 'hint', text: ' as unpruned' }),
      );
    }
    return element(
      'span',
      { class: 'caption' },
      ...(unpruned === undefined ? [outcome.text] : differences(unpruned, outcome.text).nodes),
    );
  }

  /** From row to row of the page by arrows; Enter on a row's name opens it. */
  private key(event: KeyboardEvent): void {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = (event.target as HTMLElement).closest<HTMLElement>('tbody tr');
    if (by === undefined || !row) return;
    const next = by > 0 ? row.nextElementSibling : row.previousElementSibling;
    next?.querySelector<HTMLElement>('.item')?.focus();
    event.preventDefault();
  }
}

const statusMarks: Readonly<Record<Exclude<Status, 'done'>, string>> = {
  missing: 'No sound',
  invalid: 'Makes no sense',
  failed: 'Failed',
};

/** Whoever marks a text with the pointer does not want to open anything. */
function opened(event: Event): boolean {
  const target = event.target as HTMLElement;
  const control = target.closest('button, summary, a');
  return (control === null || control.classList.contains('item')) && document.getSelection()?.isCollapsed !== false;
}

function settingCell(setting: ResultsOverview['settings'][number] | undefined): HTMLElement | string {
  if (!setting) return '–';
  return element(
    'div',
    { class: 'stacked' },
    setting.label,
    setting.strategy === 'none' ? null : element('span', { class: 'hint', text: percent(setting.keepRatio) }),
  );
}

function keptOf({ outcome }: SummaryRow): number | undefined {
  return outcome.status === 'done' && outcome.tokens.valid > 0 ? outcome.tokens.kept / outcome.tokens.valid : undefined;
}

function metricColumn(metric: MetricInfo): Column<SummaryRow> {
  const valueOf = ({ scores }: SummaryRow): number | undefined => scores[metric.name];
  return {
    label: metric.label,
    description: `${metric.label} of this item alone; ${betterWords(metric)}`,
    numeric: true,
    value: valueOf,
    cell: (row) => textOr(valueOf(row), (value) => metricText(metric, value)),
  };
}

function textOr(value: number | undefined, text: (value: number) => string): string {
  return value === undefined ? '–' : text(value);
}

function saidIn({ outcome }: SummaryRow): string {
  return outcome.status === 'done' ? outcome.text : outcome.problem;
}

function itemWords({ item, audio, question, expected, groups }: SummaryRow): readonly string[] {
  return [item, audio, question, ...expectedWords(expected), ...Object.values(groups).flat()];
}

/** The right answer first. */
function expectedWords(expected: Expected): readonly string[] {
  switch (expected.kind) {
    case 'captions':
      return expected.references;
    case 'transcript':
      return [expected.text];
    case 'choice':
      return [expected.answer, ...expected.choices.filter((choice) => choice !== expected.answer)];
    case 'answers':
      return [...new Set(expected.answers)];
  }
}

const moreWords: Readonly<Record<Expected['kind'], string>> = {
  captions: 'more reference',
  transcript: 'more transcript',
  choice: 'other choice',
  answers: 'more answer',
};

/** The first of what is expected, the rest where there is more, and the question. */
function expectedCell({ question, expected }: SummaryRow): HTMLElement {
  const [first = '–', ...others] = expectedWords(expected);
  return element(
    'div',
    { class: 'stacked' },
    first,
    others.length === 0
      ? null
      : element(
          'details',
          {},
          element('summary', { text: plural(others.length, moreWords[expected.kind]) }),
          ...others.map((text) => element('p', { text })),
        ),
    question === '' ? null : element('span', { class: 'hint', text: `Asked: ${question}` }),
  );
}
