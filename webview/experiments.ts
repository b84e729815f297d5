import type { MessageConnection } from 'vscode-jsonrpc/browser';
import { experimentNamed, experiments } from '../src/experiments/registry';
import type { ErrorCode } from '../src/protocol/errors';
import type { ExperimentResult } from '../src/protocol/experiment';
import type { ModelInfo } from '../src/protocol/model';
import type { RunEvent, RunSettings } from '../src/protocol/run';
import * as view from '../src/protocol/view';
import { missingNeed, whyUnavailable } from '../src/pruning/needs';
import { strategies } from '../src/pruning/registry';
import { segmentsParameter } from '../src/pruning/strategy';
import type { Chart } from './chart';
import { CancellationTokenSource, progressToken, readableError } from './connection';
import { settingsLabel } from './controls';
import { button, element } from './element';
import { experimentChart, experimentSection, type ExperimentExports } from './experiment-result';
import { dropdown, numberField } from './fields';
import type { Notices } from './notice';
import { keepFocus, passFocus } from './place';
import { Stages } from './stages';

export interface ExperimentChoices {
  readonly name: string;
  readonly strategy: string;
  readonly keepRatio: number;
  readonly segments: number;
}

export interface ExperimentHost extends ExperimentExports {
  readonly connection: MessageConnection;
  readonly notices: Notices;
  /** The model and what it is asked, as chosen for the comparison. */
  model(): ModelInfo | undefined;
  settings(): RunSettings;
  /** The sound that is open. */
  clipId(): string | undefined;
  remember(choices: ExperimentChoices, results: readonly ExperimentResult[]): void;
}

/** Asks one question of the sound at a time and keeps what was found, the newest first, one of each. */
export class Experiments {
  readonly node = element('section', { class: 'experiments', attributes: { 'aria-label': 'Experiments' } });
  private readonly form = element('div', { class: 'experiment-form' });
  private readonly problem = element('p', { class: 'hint problem', attributes: { role: 'status', hidden: '' } });
  private readonly stages = new Stages();
  private readonly found = element('div', { class: 'experiment-results' });
  private readonly runButton = button('Run Experiment', 'beaker', () => void this.run(), 'primary');
  private readonly cancelButton = button('Cancel', 'debug-stop', () => this.cancel());
  private cancellation: CancellationTokenSource | undefined;
  private charts: readonly Chart[] = [];
  private ready = false;
  private runs = 0;

  constructor(
    private readonly host: ExperimentHost,
    private choices: ExperimentChoices,
    private shown: readonly ExperimentResult[],
  ) {
    if (!experiments.some(({ name }) => name === choices.name))
      this.choices = { ...choices, name: experiments[0]!.name };
    this.cancelButton.hidden = true;
    this.node.append(this.form, this.stages.node, this.found);
    this.build();
    this.show();
  }

  get results(): readonly ExperimentResult[] {
    return this.shown;
  }

  get running(): boolean {
    return this.cancellation !== undefined;
  }

  choose(name: string): void {
    this.change({ name });
  }

  /** Another model offers other strategies; another sound has no results yet. */
  update(ready: boolean, results = this.shown): void {
    this.ready = ready;
    if (results !== this.shown) {
      this.shown = results;
      this.show();
    }
    this.build();
  }

  cancel(): void {
    if (!this.cancellation) return;
    this.stages.say('Cancelling…');
    this.cancellation.cancel();
  }

  private change(part: Partial<ExperimentChoices>): void {
    const rebuild = part.name !== undefined && part.name !== this.choices.name;
    this.choices = { ...this.choices, ...part };
    this.host.remember(this.choices, this.shown);
    if (rebuild) this.build();
    else this.showButtons();
  }

  private build(): void {
    const { name, strategy, keepRatio, segments } = this.choices;
    const experiment = experimentNamed(name);
    const model = this.host.model();
    const fields = {
      strategy: () =>
        dropdown(
          { label: 'Strategy', description: 'The rule that chooses which tokens are kept.' },
          strategies
            .filter(({ usesKeepRatio }) => usesKeepRatio)
            .map((one) => ({ value: one.name, label: one.label, disabled: missingNeed(one, model) !== undefined })),
          strategy,
          (value) => this.change({ strategy: value }),
        ),
      keepRatio: () =>
        numberField(
          { label: 'Keep ratio', description: 'Share of the tokens to keep.' },
          { minimum: 1, maximum: 100, step: 0.1, unit: '%' },
          Math.round(keepRatio * 1000) / 10,
          (value) => this.change({ keepRatio: value / 100 }),
        ),
      segments: () =>
        numberField(segmentsParameter, { ...segmentsParameter, step: 1 }, segments, (value) =>
          this.change({ segments: value }),
        ),
    };
    keepFocus(this.form, () =>
      this.form.replaceChildren(
        dropdown(
          { label: 'Experiment', description: 'The question that is asked of the sound.' },
          experiments.map((one) => ({
            value: one.name,
            label: one.label,
            // The list can not be left from an option that is disabled.
            disabled: one.name !== name && missingNeed(one, model) !== undefined,
          })),
          name,
          (value) => this.change({ name: value }),
        ).node,
        ...experiment.uses.map((use) => fields[use]().node),
        element('div', { class: 'actions' }, this.runButton, this.cancelButton),
        this.problem,
        element('p', {
          class: 'about',
          text: `${experiment.description} ${experiment.captions ? 'Writes captions, so it takes a while.' : 'Looks at scores only: no caption is written.'}`,
        }),
      ),
    );
    this.showButtons();
  }

  private showButtons(): void {
    const model = this.host.model();
    const problem = this.unavailable(model);
    this.problem.textContent = problem ?? '';
    this.problem.hidden = problem === undefined;
    passFocus(this.runButton, this.cancelButton, () => {
      this.runButton.disabled =
        this.running || !this.ready || !model || model.problem !== undefined || problem !== undefined;
      this.cancelButton.hidden = !this.running;
    });
  }

  /** Why the model can not serve what is chosen. */
  private unavailable(model: ModelInfo | undefined): string | undefined {
    const { strategy, name } = this.choices;
    const experiment = experimentNamed(name);
    const chosen = strategies.filter((one) => one.name === strategy && experiment.uses.includes('strategy'));
    return [experiment, ...chosen].map((one) => whyUnavailable(one, model)).find((words) => words !== undefined);
  }

  private async run(): Promise<void> {
    const { host } = this;
    const model = host.model();
    if (this.runButton.disabled || !model) return;
    const { name, strategy, keepRatio, segments } = this.choices;
    const common = host.settings();
    const settings = { ...common, strategy, keepRatio, parameters: { ...common.parameters, segments } };
    const clipId = host.clipId();
    const cancellation = (this.cancellation = new CancellationTokenSource());
    this.runs = 0;
    host.notices.clear('experiment');
    this.showButtons();
    this.stages.say('Starting…');
    const token = progressToken();
    const progress = host.connection.onProgress(view.runProgress, token, (event) => this.follow(event));
    try {
      const result = await host.connection.sendRequest(
        view.experiment,
        { modelId: model.modelId, name, settings, progress: token },
        cancellation.token,
      );
      if (host.clipId() !== clipId) {
        this.stages.rest('The sound changed meanwhile: run the experiment again.');
        return;
      }
      this.shown = [result, ...this.shown.filter((other) => other.name !== name)];
      host.remember(this.choices, this.shown);
      this.stages.rest('Done.');
      this.show();
    } catch (thrown) {
      const error = readableError(thrown);
      this.stages.rest(unfinished[error.code]);
      host.notices.error(error, undefined, 'experiment');
    } finally {
      progress.dispose();
      cancellation.dispose();
      this.cancellation = undefined;
      this.showButtons();
    }
  }

  private follow(event: RunEvent): void {
    if (this.cancellation?.token.isCancellationRequested) return;
    if (event.kind === 'started') {
      this.runs += 1;
      this.stages.say(`Run ${String(this.runs)}: ${settingsLabel(event.settings)}…`);
    } else if (event.kind === 'stage' && event.stage === 'encode') this.stages.stage(event);
  }

  private show(): void {
    this.charts.forEach((chart) => chart.dispose());
    this.charts = this.shown.map(experimentChart);
    this.found.replaceChildren(
      ...(this.shown.length > 0
        ? this.shown.map((result, i) => experimentSection(result, this.host, this.charts[i]))
        : [
            element('p', {
              class: 'empty',
              text: 'Choose an experiment and run it: a sentence, a figure and a table appear here.',
            }),
          ]),
    );
  }
}

/** What is left to say of an experiment that failed, where its notice says nothing or may go. */
const unfinished: Partial<Record<ErrorCode, string>> = {
  'cancelled': 'Cancelled: an experiment with half of its runs says nothing.',
  'engine-stopped': 'The engine stopped meanwhile: run the experiment again.',
};
