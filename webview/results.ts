import type { Run } from '../src/protocol/run';
import soundLabels from '../media/metrics/sound-labels-df.json';
import { ciderDOne, type DocumentFrequencies } from '../src/metrics/cider-d';
import { wordErrorRate } from '../src/metrics/words';
import { strategyNamed } from '../src/pruning/registry';
import { toCsv as csvOf } from '../src/report/csv';
import { baselineOf, isBaseline, speedUpOf } from './captions';
import { isWhole, type Cell } from './cells';
import { settingsLabel } from './controls';
import { differences } from './differences';
import { button, element } from './element';
import { SortableTable, type Column } from './sortable-table';
import { grouped, milliseconds, percent, plural, times } from './words-for-numbers';

/** A caption is scored by itself here, so the table of a whole set stands in for the set's own references. */
const frequencies: DocumentFrequencies = soundLabels;

/** The numbers of a run beside those of the unpruned one and the captions that a person wrote. */
export interface Measures {
  readonly speedUp?: number;
  readonly bound?: number;
  readonly wordErrorRate?: number;
  readonly ciderD?: number;
}

export function measuresOf(run: Run, runs: readonly Run[], references: readonly string[] = []): Measures {
  if (!isWhole(run)) return {};
  const baseline = isBaseline(run) ? run : baselineOf(run, runs);
  const ciderD = references.length > 0 ? { ciderD: ciderDOne(run.caption, references, frequencies) } : {};
  if (!baseline || !isWhole(baseline)) return ciderD;
  const { measured, bound } = speedUpOf(run, baseline);
  return { speedUp: measured, bound, wordErrorRate: wordErrorRate(baseline.caption, run.caption), ...ciderD };
}

type Row = Cell & { readonly measures: Measures; readonly baseline: Run | undefined };

export interface RowEvents {
  /** Runs one cell again; absent where nothing can be run. */
  again?(cell: Cell): void;
  /** Plays what a run keeps, or stops. */
  hear?(cell: Cell): void;
}

const before: readonly Column<Row>[] = [
  {
    label: 'Strategy',
    description: 'The rule that chose the tokens',
    cell: ({ settings }) => strategyNamed(settings.strategy).label,
    value: ({ settings }) => strategyNamed(settings.strategy).label,
  },
  number('Keep ratio', 'The share of tokens that was asked', percent, ({ settings }) => settings.keepRatio),
  {
    label: 'Tokens kept',
    description: 'Tokens that went on to the language model, of those that hold sound: padding is trimmed before',
    numeric: true,
    value: ({ run }) => run?.tokens.kept,
    cell: ({ run }) => (run ? `${grouped(run.tokens.kept)} / ${grouped(run.tokens.valid)}` : '–'),
  },
  time('Select', 'Time to choose the tokens', ({ run }) => run?.times.selectMs),
  time('Prefill', 'Time to read the prompt', ({ run }) => run?.times.prefillMs),
  number('Speed-up', 'Prefill against that of all tokens, measured', times, ({ measures }) => measures.speedUp),
  number(
    'Bound',
    'All positions over kept ones: the best that a prefill linear in the prompt can gain',
    times,
    ({ measures }) => measures.bound,
  ),
  time('Per token', 'Time of each written token, mean over the caption', ({ run }) => run?.times.decodeMsPerToken),
  time('Total', 'All steps together, encoding included', ({ run }) => run?.times.totalMs),
  number(
    'WER',
    'Word error rate against the caption from all tokens: how much the words changed, not how good they are',
    (rate) => (Number.isFinite(rate) ? percent(rate) : '∞'),
    ({ measures }) => measures.wordErrorRate,
  ),
];

const ciderColumn = number(
  'CIDEr-D',
  `Likeness to the reference captions, 0 to 10, by the ${frequencies.name} (${plural(frequencies.documents, 'document')})`,
  (score) => score.toFixed(2),
  ({ measures }) => measures.ciderD,
);

const captionColumn: Column<Row> = {
  label: 'Caption',
  description: 'What the model wrote; changes against all tokens are underlined or struck through',
  cell: ({ run, text, state, baseline }) => {
    if (run && baseline && isWhole(run) && isWhole(baseline)) {
      return element('span', { class: 'caption' }, ...differences(baseline.caption, run.caption).nodes);
    }
    const cut = run && !isWhole(run) ? element('span', { class: 'hint', text: ' (cut short)' }) : null;
    const words = text || (state === 'done' ? 'Nothing was written.' : `${state}…`);
    return element('span', { class: run ? 'caption' : 'caption waiting' }, words, cut);
  },
  value: ({ text }) => text,
};

function number(
  label: string,
  description: string,
  format: (value: number) => string,
  value: (row: Row) => number | undefined,
): Column<Row> {
  return {
    label,
    description,
    numeric: true,
    value,
    cell: (row) => {
      const known = value(row);
      return known === undefined ? '–' : format(known);
    },
  };
}

/** A time of a round that warmed up is shown, but not as if it counted. */
function time(label: string, description: string, value: (row: Row) => number | undefined): Column<Row> {
  return {
    ...number(label, description, milliseconds, value),
    cell: (row) => {
      const known = value(row);
      if (known === undefined) return '–';
      return row.run?.repeats === 0
        ? element('i', { text: `~${milliseconds(known)}`, title: 'From the round that warms up: it does not count.' })
        : milliseconds(known);
    },
  };
}

/** Names a cell of the grid: a strategy at a keep ratio. */
export function cellKey({ settings }: Pick<Cell, 'settings'>): string {
  return `${settings.strategy} ${String(settings.keepRatio)}`;
}

/** Runs as a table that can be sorted. */
export class Results {
  private readonly table: SortableTable<Row>;
  private readonly facts = element('p', { class: 'facts' });
  readonly node: HTMLElement;
  private readonly columns: readonly Column<Row>[];
  private readonly columnsWithReference: readonly Column<Row>[];
  private busy = false;
  private playing: string | undefined;
  private cells: readonly Cell[] = [];
  private references: readonly string[] = [];

  constructor(private readonly events: RowEvents = {}) {
    const actions = events.again || events.hear ? [this.actions()] : [];
    this.columns = [...before, captionColumn, ...actions];
    this.columnsWithReference = [...before, ciderColumn, captionColumn, ...actions];
    this.table = new SortableTable<Row>('Results', this.columns, {
      key: cellKey,
      decorate: (row, node) => {
        node.classList.toggle('baseline', !strategyNamed(row.settings.strategy).usesKeepRatio);
        if (row.state === 'running') node.setAttribute('aria-busy', 'true');
      },
    });
    this.node = element('div', { class: 'results' }, this.facts, this.table.node);
  }

  show(cells: readonly Cell[], references: readonly string[] = []): void {
    this.cells = cells;
    this.references = references;
    const runs = cells.flatMap(({ run }) => (run ? [run] : []));
    this.facts.textContent = factsOf(runs, references);
    this.table.show(
      cells.map((cell) => {
        const { run } = cell;
        return {
          ...cell,
          measures: run ? measuresOf(run, runs, references) : {},
          baseline: run && !isBaseline(run) ? baselineOf(run, runs) : undefined,
        };
      }),
      references.length > 0 ? this.columnsWithReference : this.columns,
    );
  }

  /** While something runs, rows can not be run again. */
  setBusy(busy: boolean): void {
    this.busy = busy;
    this.show(this.cells, this.references);
  }

  setPlaying(key: string | undefined): void {
    this.playing = key;
    this.show(this.cells, this.references);
  }

  private actions(): Column<Row> {
    return {
      label: 'Actions',
      description: 'Hear what a run keeps; run it again',
      cell: (row) => {
        const name = settingsLabel(row.settings);
        const plays = this.playing === cellKey(row);
        const hear = button(
          plays ? 'Stop' : `Hear what ${name} keeps`,
          plays ? 'debug-stop' : 'unmute',
          () => this.events.hear?.(row),
          'icon',
        );
        hear.disabled = row.run === undefined;
        const again = button(`Run ${name} again`, 'refresh', () => this.events.again?.(row), 'icon');
        again.disabled = this.busy;
        return element('span', { class: 'card-actions' }, hear, again);
      },
    };
  }
}

/** What holds for all rows: how tokens are counted and how times were taken. */
function factsOf(runs: readonly Run[], references: readonly string[]): string {
  const [first] = runs;
  if (!first) return '';
  const { valid, trimmed } = first.tokens;
  const trimming =
    trimmed > 0
      ? `${plural(valid, 'token')} hold sound; ${grouped(trimmed)} more held only padding and were trimmed before any pruning.`
      : `${plural(valid, 'token')} hold sound; there was no padding to trim.`;
  const counts = [...new Set(runs.filter(isWhole).map(({ repeats }) => repeats ?? 1))].sort((a, b) => a - b);
  const most = counts.at(-1) ?? 1;
  const timing =
    most > 1
      ? ` Times are medians of ${counts.filter((count) => count > 0).join(' or ')} runs each, made in alternating order after a round that warms up and is not counted.`
      : ' Each time was measured once; repeat the runs for times to rely on.';
  const cider = references.length > 0 ? ` CIDEr-D uses the ${frequencies.name}.` : '';
  return trimming + timing + cider;
}

const csvHeader = [
  'strategy',
  'keep_ratio',
  'tokens',
  'trimmed',
  'asked',
  'kept',
  'repeats',
  'encode_ms',
  'select_ms',
  'prefill_ms',
  'prefill_speed_up',
  'speed_up_bound',
  'decode_ms_per_token',
  'total_ms',
  'kv_bytes',
  'word_error_rate',
  'cider_d',
  'finish',
  'caption',
];

/** One row a run; what was not measured is empty. */
export function toCsv(runs: readonly Run[], references: readonly string[] = []): string {
  return csvOf(
    csvHeader,
    runs.map((run) => {
      const { speedUp, bound, wordErrorRate: rate, ciderD } = measuresOf(run, runs, references);
      const { settings, tokens, times: took } = run;
      return [
        settings.strategy,
        settings.keepRatio,
        tokens.valid,
        tokens.trimmed,
        tokens.asked,
        tokens.kept,
        run.repeats ?? 1,
        took.encodeMs,
        took.selectMs,
        took.prefillMs,
        speedUp ?? '',
        bound ?? '',
        took.decodeMsPerToken,
        took.totalMs,
        run.kvBytes,
        rate ?? '',
        ciderD ?? '',
        run.finish,
        run.caption,
      ];
    }),
  );
}

export function toJson(runs: readonly Run[], references: readonly string[]): string {
  const measured = runs.map((run) => ({ ...run, measures: measuresOf(run, runs, references) }));
  return `${JSON.stringify({ version: 1, references, runs: measured }, undefined, 2)}\n`;
}
