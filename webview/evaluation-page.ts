import './style.css';
import './comparison.css';
import './evaluation.css';
import type { MetricInfo, SummaryRow } from '../src/protocol/evaluation-summary';
import type { ResultsOverview } from '../src/protocol/results';
import type { Chart } from './chart';
import { element } from './element';
import { evaluationHead } from './evaluation-head';
import { costChart, ratioChart, type FigureChoice } from './evaluation-figures';
import { dropdown, type Option } from './fields';
import { figure, type SavePicture } from './figure';
import { GroupTable } from './group-table';
import { betterWords } from './metric-words';
import { MetricTable } from './metric-table';
import { everyRow, ResultRows, type RowFilter } from './result-rows';
import { ratiosOf, seriesOf } from './series';
import { SeriesChoice } from './series-choice';
import { percent } from './words-for-numbers';

/** What a person looks at, and comes back to. */
export interface EvaluationChoices {
  readonly metric?: string;
  readonly cost?: string;
  /** '' for all items together. */
  readonly group?: string;
  /** Of the table by groups; '' for all. */
  readonly ratio?: string;
  readonly hidden?: readonly string[];
  readonly filter?: RowFilter;
}

export interface EvaluationEvents {
  readonly open?: (row: SummaryRow) => void;
  readonly savePicture?: SavePicture;
  readonly chosen?: (choices: EvaluationChoices) => void;
  /** Buttons beside the heading of the table. */
  readonly exports?: (metric: () => MetricInfo | undefined) => readonly HTMLElement[];
}

/** An evaluation as tables, figures and rows: the same in VS Code and in a report. */
export class EvaluationPage {
  readonly node: HTMLElement;
  private readonly rows: ResultRows;
  private readonly table: MetricTable;
  private readonly groupTable: GroupTable;
  private readonly series: SeriesChoice;
  private readonly charts: readonly Chart[];
  private readonly ratioField = element('div', { class: 'optional-field' });
  private readonly tablePlace = element('div');

  constructor(
    private readonly summary: ResultsOverview,
    private choices: EvaluationChoices,
    private readonly events: EvaluationEvents = {},
  ) {
    this.table = new MetricTable(summary);
    this.groupTable = new GroupTable(summary);
    this.rows = new ResultRows(summary, choices.filter ?? everyRow, {
      open: events.open,
      filtered: (filter) => this.remember({ filter }),
    });
    this.series = new SeriesChoice(
      seriesOf(summary).filter(({ baseline }) => !baseline),
      choices.hidden ?? [],
      (hidden) => {
        this.remember({ hidden });
        this.charts.forEach((chart) => chart.draw());
      },
    );
    this.charts = [ratioChart(summary, () => this.figureChoice), costChart(summary, () => this.figureChoice)];
    this.node = element(
      'div',
      { class: 'evaluation' },
      evaluationHead(summary, (status) => this.rows.showStatus(status)),
      ...(this.metric ? this.results() : [this.nothing()]),
      this.rows.node,
    );
    this.show();
  }

  add(rows: readonly SummaryRow[]): void {
    this.rows.add(rows);
  }

  /** Figures follow the theme until then. */
  dispose(): void {
    this.charts.forEach((chart) => chart.dispose());
    this.series.dispose();
    this.rows.dispose();
  }

  /** The metric that is shown: the one that was chosen, or the first there is. */
  private get metric(): MetricInfo | undefined {
    const { metrics } = this.summary;
    return metrics.find(({ name }) => name === this.choices.metric) ?? metrics[0];
  }

  private get costs(): readonly MetricInfo[] {
    return this.summary.metrics.filter(({ kind }) => kind === 'cost');
  }

  private get cost(): MetricInfo | undefined {
    const { costs } = this;
    const named = (name: string | undefined) => costs.find((metric) => metric.name === name);
    return named(this.choices.cost) ?? named('prefill-ms') ?? costs[0];
  }

  private get figureChoice(): FigureChoice {
    return {
      quality: this.metric!,
      cost: this.cost ?? this.metric!,
      isShown: (series) => this.series.isShown(series),
      strength: (series) => this.series.strength(series),
    };
  }

  private nothing(): HTMLElement {
    const { rowCount } = this.summary;
    return element('p', {
      class: 'empty',
      text:
        rowCount === 0
          ? 'No run was made yet: tables and figures appear with the first results.'
          : 'No run has a result, so there is nothing to measure. The rows below say why.',
    });
  }

  private results(): HTMLElement[] {
    const [ratio, cost] = this.charts as [Chart, Chart];
    const save = this.events.savePicture;
    return [
      element(
        'section',
        { class: 'page', attributes: { 'aria-label': 'Results' } },
        element(
          'div',
          { class: 'section-head' },
          element('h2', { text: 'Results' }),
          element('div', { class: 'card-actions' }, ...(this.events.exports?.(() => this.metric) ?? [])),
        ),
        element('div', { class: 'row-filters' }, this.metricField(), this.groupField(), this.ratioField),
        this.tablePlace,
      ),
      element(
        'section',
        { class: 'page', attributes: { 'aria-label': 'Figures' } },
        element('div', { class: 'section-head' }, element('h2', { text: 'Figures' }), this.costField()),
        this.series.node,
        element(
          'div',
          { class: 'charts' },
          figure('Quality against keep ratio', 'quality-by-ratio', ratioNote, ratio, save),
          figure('Quality against cost', 'quality-by-cost', costNote, cost, save),
        ),
      ),
    ];
  }

  private metricField(): HTMLElement {
    const label = (metric: MetricInfo): string => `${metric.label} (${betterWords(metric)})`;
    return dropdown(
      { label: 'Metric', description: 'What the tables and figures show.' },
      this.summary.metrics.map((metric) => ({ value: metric.name, label: label(metric) })),
      this.metric?.name ?? '',
      (metric) => this.choose({ metric }),
    ).node;
  }

  private groupField(): HTMLElement {
    const names = Object.keys(this.summary.groups);
    const options: Option[] = [
      { value: '', label: 'All items' },
      ...names.map((name) => ({ value: name, label: `By ${name}` })),
    ];
    return dropdown(
      { label: 'Items', description: 'All items together, or by what the dataset groups them by.' },
      options,
      this.group ?? '',
      (group) => this.choose({ group }),
    ).node;
  }

  private costField(): HTMLElement {
    return element(
      'div',
      { class: 'inline-field' },
      dropdown(
        { label: 'Cost', description: 'What quality is set against.' },
        this.costs.map(({ name, label }) => ({ value: name, label })),
        this.cost?.name ?? '',
        (cost) => this.choose({ cost }),
      ).node,
    );
  }

  private get group(): string | undefined {
    const { group } = this.choices;
    return group !== undefined && Object.hasOwn(this.summary.groups, group) ? group : undefined;
  }

  /** Of the table by groups: the chosen one, or the one in the middle. */
  private get ratio(): number | undefined {
    const { ratio } = this.choices;
    const ratios = ratiosOf(this.summary);
    if (ratio === '') return undefined;
    return ratios.find((one) => String(one) === ratio) ?? ratios[ratios.length >> 1];
  }

  private showRatioField(): void {
    this.ratioField.hidden = this.group === undefined;
    if (this.ratioField.hidden || this.ratioField.childElementCount > 0) return;
    this.ratioField.append(
      dropdown(
        { label: 'Keep ratio', description: 'Shows the settings with this keep ratio beside the unpruned run.' },
        [
          ...ratiosOf(this.summary).map((ratio) => ({ value: String(ratio), label: percent(ratio) })),
          { value: '', label: 'All' },
        ],
        this.ratio === undefined ? '' : String(this.ratio),
        (ratio) => this.choose({ ratio }),
      ).node,
    );
  }

  private choose(part: EvaluationChoices): void {
    this.remember(part);
    this.show();
  }

  private remember(part: EvaluationChoices): void {
    this.choices = { ...this.choices, ...part };
    this.events.chosen?.(this.choices);
  }

  private show(): void {
    const { metric, group } = this;
    this.rows.showMetric(metric);
    if (!metric) return;
    this.showRatioField();
    if (group === undefined) this.table.show(metric);
    else this.groupTable.show(metric, group, this.ratio);
    this.tablePlace.replaceChildren(group === undefined ? this.table.node : this.groupTable.node);
    this.charts.forEach((chart) => chart.draw());
  }
}

const ratioNote =
  'Bars are 95 % intervals, a little apart where they would cover one another. The grey band is the unpruned run.';
const costNote =
  'A point is a setting, with 95 % intervals. On the dotted Pareto front no other setting is better in one and at least as good in the other.';
