import type { MetricInfo, SettingSummary } from '../src/protocol/evaluation-summary';
import type { ResultsOverview } from '../src/protocol/results';
import { element } from './element';
import { bestOf, estimateCell, fewItemsWords, itemsWords } from './estimate-cell';
import { betterWords } from './metric-words';
import { ratiosOf, seriesOf, settingAt, type Series } from './series';
import { SortableTable, type Column } from './sortable-table';
import { percent } from './words-for-numbers';

/** The table of a paper: strategies down, keep ratios across, one metric at a time. */
export class MetricTable {
  readonly node = element('div', { class: 'metric-table' });
  private readonly note = element('p', { class: 'hint' });
  private readonly table: SortableTable<Series>;
  private readonly ratios: readonly number[];

  constructor(private readonly summary: ResultsOverview) {
    this.ratios = ratiosOf(summary);
    this.table = new SortableTable<Series>('Strategies by keep ratio', [], {
      key: ({ label }) => label,
      pinned: ({ baseline }) => baseline,
      decorate: (series, row) => {
        if (series.baseline) this.spread(row);
      },
    });
    this.node.append(this.table.node, this.note);
  }

  show(metric: MetricInfo): void {
    const { summary } = this;
    const series = seriesOf(summary);
    this.table.show(series, [strategyColumn, ...this.ratios.map((ratio) => this.ratioColumn(metric, series, ratio))]);
    const estimates = summary.settings.map(({ values }) => values[metric.name]);
    const compared =
      summary.baseline === undefined
        ? 'There is no unpruned run to compare with.'
        : 'Differences are to the unpruned run on the same items; p is two-sided and not corrected for the number of comparisons.';
    this.note.textContent = `${metric.label}: ${metric.description} ${capital(betterWords(metric))}. Of ${itemsWords(estimates)}; below each value its 95 % interval, by bootstrap over clips. ${compared}${fewItemsWords(estimates)}`;
  }

  private ratioColumn(metric: MetricInfo, series: readonly Series[], ratio: number): Column<Series> {
    const valueOf = (one: Series): number | undefined =>
      settingAt(this.summary, one, ratio)?.values[metric.name]?.value;
    const rivals = series.filter(({ baseline }) => !baseline);
    const marks = bestOf(metric, rivals.map(valueOf));
    const best = new Set(rivals.filter((_, i) => marks[i]).map(({ label }) => label));
    return {
      label: percent(ratio),
      description: `${metric.label} where ${percent(ratio)} of the tokens were asked to be kept`,
      numeric: true,
      value: valueOf,
      cell: (one) => this.cell(metric, one, one.baseline ? 1 : ratio, best.has(one.label)),
    };
  }

  private cell(metric: MetricInfo, series: Series, ratio: number, best: boolean): HTMLElement {
    const { summary } = this;
    const setting = series.baseline ? summary.settings[series.settings[0]!] : settingAt(summary, series, ratio);
    return estimateCell({
      metric,
      estimate: setting?.values[metric.name],
      difference: setting?.differences[metric.name],
      best,
      remark: setting && keptRemark(setting),
    });
  }

  /** The unpruned run has one value, whatever is asked of the others. */
  private spread(row: HTMLTableRowElement): void {
    row.classList.add('baseline');
    const [, first, ...others] = [...row.cells];
    others.forEach((cell) => cell.remove());
    if (first) {
      first.colSpan = this.ratios.length;
      first.classList.add('spread');
    }
  }
}

export const strategyColumn: Column<Series> = {
  label: 'Strategy',
  description: 'The rule that chose the tokens, and what else sets it apart here',
  value: ({ label }) => label,
  cell: ({ label, baseline }) =>
    element(
      'span',
      {},
      label,
      baseline ? element('span', { class: 'hint', text: ' unpruned, what the others are compared with' }) : null,
    ),
};

/** Where not what was asked was kept: budgets that round down, models with few tokens. */
function keptRemark({ keepRatio, keptShare, done }: SettingSummary): string | undefined {
  return done > 0 && Math.abs(keptShare - keepRatio) > 0.01 ? `kept ${percent(keptShare)}` : undefined;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
