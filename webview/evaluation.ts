import '@vscode/codicons/dist/codicon.css';
import type { MetricInfo, SummaryRow } from '../src/protocol/evaluation-summary';
import type { ResultsOverview } from '../src/protocol/results';
import * as view from '../src/protocol/view';
import { toCsv } from '../src/report/csv';
import { connect, progressToken, readableError } from './connection';
import { button, element } from './element';
import { EvaluationPage, type EvaluationChoices } from './evaluation-page';
import type { Picture } from './figure';
import { Notices } from './notice';
import { Place } from './place';
import { Memory } from './remembered';
import { Stages } from './stages';
import { startView } from './start';
import { registerToolkit } from './toolkit';
import { grouped } from './words-for-numbers';

registerToolkit();
const api = acquireVsCodeApi();
const connection = connect(api);
const memory = new Memory<{ readonly choices?: EvaluationChoices }>(api);

/** So many rows at once keep the view moving while the rest comes. */
const rowsAtOnce = 4000;

/** The results of an evaluation: tables and figures at once, rows as they come. */
class Evaluation {
  private readonly notices = new Notices((command) => void connection.sendNotification(view.hostCommand, { command }));
  private readonly stages = new Stages();
  private readonly place = element('div');
  private readonly title = element('h1');
  private overview: ResultsOverview | undefined;
  private page: EvaluationPage | undefined;
  private opening = false;
  /** The results changed while they were read. */
  private outdated = false;

  constructor(private state: view.ViewState) {
    this.title.textContent = 'Evaluation';
    connection.onNotification(view.stateChanged, (next) => this.takeState(next));
    connection.onNotification(view.command, ({ command }) => {
      if (command === 'exportReport') void this.exporting(() => this.exportReport());
    });
    window.addEventListener('pagehide', () => connection.dispose());
  }

  get node(): HTMLElement {
    return element(
      'div',
      { class: 'comparison' },
      element(
        'header',
        { class: 'title' },
        this.title,
        element('p', { class: 'about', text: this.state.fileName ?? '' }),
        this.stages.node,
      ),
      this.notices.node,
      this.place,
    );
  }

  /** What is shown stays until what replaces it is there, rows and all: a person may be among them. */
  async open(): Promise<void> {
    // One after the other: results may change faster than they are read, and those must be seen too.
    this.outdated = this.opening;
    if (this.opening) return;
    this.opening = true;
    const token = progressToken();
    this.stages.say('Reading the results…');
    const progress = connection.onProgress(view.resultsProgress, token, (stage) => {
      if (stage.stage === 'summarising') this.stages.say(`Measuring ${grouped(stage.rows)} runs…`);
    });
    try {
      const overview = await connection.sendRequest(view.openResults, { progress: token });
      this.notices.clear('results');
      if (this.page) {
        const rows: SummaryRow[] = [];
        await this.readRows(overview, (some) => rows.push(...some));
        this.show(overview, rows);
      } else {
        const page = this.show(overview, []);
        await this.readRows(overview, (rows) => page.add(rows));
      }
      this.stages.rest();
    } catch (thrown) {
      this.stages.rest();
      this.notices.clear('results');
      if (!this.outdated) this.notices.error(readableError(thrown), () => void this.open(), 'results');
    } finally {
      progress.dispose();
      this.opening = false;
      if (this.outdated) void this.open();
    }
  }

  /** Shows the results in place of those before, and leaves the person where they are. */
  private show(overview: ResultsOverview, rows: readonly SummaryRow[]): EvaluationPage {
    const before = new Place(this.place);
    this.page?.dispose();
    this.overview = overview;
    this.title.textContent = `Evaluation on ${overview.manifest.dataset.name}`;
    const page = new EvaluationPage(overview, memory.read().choices ?? {}, {
      open: ({ audio, setting, question }) =>
        void connection.sendNotification(view.openResultRow, { audio, setting, question }),
      chosen: (choices) => memory.write({ choices }),
      savePicture: (name, format, picture) => void this.savePicture(name, format, picture),
      exports: (metric) => this.exports(metric),
    });
    page.add(rows);
    this.page = page;
    this.place.replaceChildren(page.node);
    before.restore(this.place);
    return page;
  }

  private async readRows(overview: ResultsOverview, take: (rows: readonly SummaryRow[]) => void): Promise<void> {
    const { resultsId, rowCount } = overview;
    for (let start = 0; start < rowCount; start += rowsAtOnce) {
      this.stages.say(`Reading rows, ${grouped(start)} of ${grouped(rowCount)}…`);
      take(await connection.sendRequest(view.readResultRows, { resultsId, start, count: rowsAtOnce }));
    }
  }

  private takeState(next: view.ViewState): void {
    const changed = next.revision !== this.state.revision;
    this.state = next;
    this.notices.follow(next);
    if (changed) void this.open();
  }

  private exports(metric: () => MetricInfo | undefined): readonly HTMLElement[] {
    return [
      element('span', { class: 'hint', text: 'Export' }),
      button('HTML Report', 'file-code', () => void this.exporting(() => this.exportReport())),
      button('CSV', 'table', () => void this.exporting(() => this.exportTable(metric()))),
    ];
  }

  private exportReport(): Promise<boolean> {
    return connection.sendRequest(view.exportResults, { suggestedName: `${this.baseName}.html` });
  }

  private exportTable(metric: MetricInfo | undefined): Promise<boolean> {
    const content = this.overview && metric ? metricCsv(this.overview, metric) : '';
    const suggestedName = `${this.baseName}-${metric?.name ?? 'results'}.csv`;
    return connection.sendRequest(view.save, { suggestedName, content });
  }

  private async savePicture(name: string, format: 'png' | 'svg', picture: Picture): Promise<void> {
    await this.exporting(async () => {
      const content = await picture(format);
      const suggestedName = `${this.baseName}-${name}.${format}`;
      return content !== undefined && connection.sendRequest(view.save, { suggestedName, content });
    });
  }

  private async exporting(task: () => Promise<boolean>): Promise<void> {
    this.notices.clear('export');
    try {
      if (await task()) this.stages.rest('Saved.');
    } catch (thrown) {
      this.notices.error(readableError(thrown), undefined, 'export');
    }
  }

  private get baseName(): string {
    return (this.overview?.manifest.dataset.name ?? 'results')
      .replace(/[^\p{L}\p{N}._-]+/gu, '-')
      .replace(/\.[^.]*$/, '');
  }
}

/** A row a setting, unrounded, for other programs. */
function metricCsv({ settings }: ResultsOverview, { name }: MetricInfo): string {
  const header = ['strategy', 'setting', 'keep_ratio', 'kept_share', name, 'low', 'high', 'items', 'difference', 'p'];
  return toCsv(
    header,
    settings.map(({ strategy, label, keepRatio, keptShare, values, differences }) => {
      const { value = '', low = '', high = '', items = '' } = values[name] ?? {};
      const difference = differences[name];
      return [
        strategy,
        label,
        keepRatio,
        keptShare,
        value,
        low,
        high,
        items,
        difference?.value ?? '',
        difference?.p ?? '',
      ];
    }),
  );
}

void startView(connection, async (root, state) => {
  const evaluation = new Evaluation(state);
  root.replaceChildren(evaluation.node);
  await evaluation.open();
});
