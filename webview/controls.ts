import { questionFor, type ModelInfo } from '../src/protocol/model';
import { mostNewTokens, type RunSettings } from '../src/protocol/run';
import { missingNeed, whyUnavailable } from '../src/pruning/needs';
import { strategies, strategyNamed } from '../src/pruning/registry';
import type { BudgetMode, BudgetScope, HeadReduce } from '../src/pruning/selection';
import type { Strategy } from '../src/pruning/strategy';
import { button, element, icon } from './element';
import { dropdown, numberField, textArea, type Field } from './fields';
import { modelOptions } from './model-options';
import { keepFocus, passFocus } from './place';
import { pruningCosts } from './pruning-costs';
import { grouped, percent } from './words-for-numbers';

export interface Choice {
  readonly modelId: string;
  readonly settings: RunSettings;
}

export interface ControlEvents {
  changed(choice: Choice): void;
  run(): void;
  cancel(): void;
  compare(): void;
  showAttention(): void;
  exportReport(): void;
  openSettings(): void;
}

/** What the choice keeps, counted before anything is run. */
export interface Count {
  readonly asked: number;
  readonly kept: number;
  readonly total: number;
  /** Counted from the length of the clip, before the model has said how many tokens there are. */
  readonly estimated: boolean;
  /** Why the kept tokens themselves can not be shown before a run. */
  readonly unseen?: string;
}

/** Everything a person chooses before a run, made from the models and the strategy registry. */
export class Controls {
  private readonly fields = element('div', { class: 'controls' });
  private readonly runBar = element('div', { class: 'run-bar' });
  readonly node = element(
    'section',
    { class: 'side', attributes: { 'aria-label': 'What to keep and what to ask' } },
    this.fields,
    this.runBar,
  );
  private readonly parameters = element('div', { class: 'parameters' });
  private readonly description = element('p', { class: 'hint' });
  private readonly count = element('p', { class: 'count', attributes: { 'role': 'status', 'aria-live': 'polite' } });
  private readonly runButton: HTMLElement & { disabled: boolean };
  private readonly cancelButton: HTMLElement & { disabled: boolean };
  private readonly exportButton: HTMLElement & { disabled: boolean };
  private models: readonly ModelInfo[];
  private choice: Choice;
  /** Said of the heads until the person chooses again. */
  private missingHead: string | undefined;
  private strategyField!: Field<string>;
  private modelField!: Field<string>;
  private keepField!: Field<number>;
  private headField!: Field<string>;
  private budgetField!: Field<string>;
  private scopeField!: Field<string>;
  private windows = 1;
  private questionField!: ReturnType<typeof textArea>;
  private lengthField!: Field<number>;
  private running = false;
  private canRun = false;

  constructor(
    models: readonly ModelInfo[],
    choice: Choice,
    private readonly events: ControlEvents,
  ) {
    this.models = models;
    this.choice = this.fitting(choice);
    this.runButton = button('Prune & Caption', 'play', () => events.run(), 'primary');
    this.cancelButton = button('Cancel', 'debug-stop', () => events.cancel());
    this.exportButton = button('Export Report', 'export', () => events.exportReport());
    this.build();
  }

  get chosen(): Choice {
    return this.choice;
  }

  get model(): ModelInfo | undefined {
    return this.models.find(({ modelId }) => modelId === this.choice.modelId);
  }

  /** Why the model, where it can be used at all, can not serve the chosen strategy. */
  get unavailable(): string | undefined {
    if (this.model?.problem !== undefined) return undefined;
    return whyUnavailable(strategyNamed(this.choice.settings.strategy), this.model);
  }

  /** The settings as they are run. */
  get runSettings(): RunSettings {
    const { settings } = this.choice;
    return { ...settings, question: questionFor(this.model, settings.question) };
  }

  setModels(models: readonly ModelInfo[], modelId: string): void {
    const before = this.choice;
    if (modelId === before.modelId && JSON.stringify(models) === JSON.stringify(this.models)) return;
    this.models = models;
    this.choice = this.fitting({ ...before, modelId });
    this.build();
    if (modelId !== before.modelId || this.choice.settings !== before.settings) this.events.changed(this.choice);
  }

  /** Takes over what was chosen elsewhere; a model that is not here is not taken. */
  show({ modelId, settings }: Choice): void {
    const known = this.models.some((model) => model.modelId === modelId);
    this.missingHead = undefined;
    this.choice = this.fitting({ modelId: known ? modelId : this.choice.modelId, settings });
    this.build();
    this.events.changed(this.choice);
  }

  setHead(headReduce: HeadReduce): void {
    this.change({ headReduce });
    this.build();
  }

  /** How many windows the clip has: what concerns long clips shows only for those. */
  setWindows(windows: number): void {
    this.windows = windows;
    this.showScope();
  }

  setRunning(running: boolean): void {
    this.running = running;
    this.updateButtons();
  }

  setReady(canRun: boolean, canExport: boolean): void {
    this.canRun = canRun;
    this.exportButton.disabled = !canExport;
    this.updateButtons();
  }

  showCount(count: Count | undefined, problem?: string): void {
    this.count.classList.toggle('problem', problem !== undefined);
    if (problem !== undefined || !count) {
      this.count.textContent = problem ?? '';
      return;
    }
    const { asked, kept, total, estimated, unseen } = count;
    const about = estimated ? 'about ' : '';
    const lines = [
      element('strong', {
        text: `keeps ${about}${grouped(kept)} of ${grouped(total)} tokens (${percent(total > 0 ? kept / total : 0)})`,
      }),
    ];
    if (asked !== kept) {
      const why =
        this.choice.settings.budgetMode === 'paper'
          ? 'paper budget'
          : strategyNamed(this.choice.settings.strategy).label;
      lines.push(element('span', { text: `asked ${grouped(asked)}; ${why} keeps ${grouped(kept)}` }));
    }
    if (unseen !== undefined) lines.push(element('span', { class: 'unseen', text: unseen }));
    this.count.replaceChildren(...lines);
  }

  /** A head that the model does not have is told, not taken. */
  private fitting(choice: Choice): Choice {
    const { settings, modelId } = choice;
    const problem = missingHead(settings.headReduce, this.models, modelId);
    if (problem === undefined) return choice;
    this.missingHead = problem;
    return { ...choice, settings: { ...settings, headReduce: 'mean' } };
  }

  // --- building

  private build(): void {
    keepFocus(this.node, () => this.draw());
  }

  private draw(): void {
    const { settings, modelId } = this.choice;
    const model = this.model;
    this.modelField = dropdown(
      { label: 'Model', description: 'The audio language model that listens and writes.' },
      modelOptions(this.models),
      modelId,
      (value) => {
        this.missingHead = undefined;
        this.choice = this.fitting({ ...this.choice, modelId: value });
        this.build();
        this.events.changed(this.choice);
      },
    );
    this.strategyField = dropdown(
      { label: 'Strategy', description: 'The rule that decides which audio tokens go on to the language model.' },
      strategies.map(({ name, label, needs, published }) => {
        const missing = missingNeed({ needs }, model);
        const named = published === null ? `${label} (Earmark’s own)` : label;
        return {
          value: name,
          label: missing === undefined ? named : `${label} (model gives no ${missing})`,
          disabled: missing !== undefined,
        };
      }),
      settings.strategy,
      (strategy) => this.change({ strategy }),
    );
    this.keepField = numberField(
      {
        label: 'Keep ratio',
        description:
          'The share of the audio tokens to keep. Fewer tokens make prefill faster and the KV cache smaller.',
      },
      { minimum: 1, maximum: 100, step: 0.1, sliderStep: 1, unit: '%' },
      Math.round(settings.keepRatio * 1000) / 10,
      (value) => this.change({ keepRatio: value / 100 }),
      true,
    );
    this.headField = headField(model, settings.headReduce, this.missingHead, (headReduce) =>
      this.change({ headReduce }),
    );
    this.budgetField = dropdown(
      {
        label: 'Budget',
        description:
          'Exact keeps as many tokens as asked. Paper rounds down in each segment, as published, and so keeps a few less.',
      },
      [
        { value: 'exact', label: 'Exact: as many as asked' },
        { value: 'paper', label: 'Paper: rounded down in each segment' },
      ],
      settings.budgetMode,
      (value) => this.change({ budgetMode: value as BudgetMode }),
    );
    this.scopeField = dropdown(
      {
        label: 'Budget of long clips',
        description:
          'A clip of several windows can give each window its own budget, or share one out over the whole clip: windows that receive more attention then keep more tokens.',
      },
      [
        { value: 'window', label: 'Each window its own' },
        { value: 'clip', label: 'One for the whole clip (Earmark’s own)' },
      ],
      settings.budgetScope ?? 'window',
      (value) => this.change({ budgetScope: value as BudgetScope }),
    );
    this.questionField = textArea(
      {
        label: 'Question',
        description: 'What the model is asked about the sound. Left empty, the model is asked its usual question.',
      },
      settings.question,
      (question) => this.change({ question }),
    );
    this.questionField.placeholder(model?.question ?? '');
    this.questionField.node.hidden = model?.asks === false;
    this.lengthField = numberField(
      { label: 'Most new tokens', description: 'The caption ends here at the latest.' },
      { minimum: 1, maximum: mostNewTokens, step: 1 },
      settings.maxNewTokens,
      (maxNewTokens) => this.change({ maxNewTokens }),
    );
    this.fields.replaceChildren(
      ...(this.models.length > 0 ? [] : [this.noModel()]),
      this.strategyField.node,
      this.description,
      this.keepField.node,
      this.count,
      element('p', { class: 'note' }, icon('info'), element('span', { text: pruningCosts })),
      this.parameters,
      this.headField.node,
      this.budgetField.node,
      this.scopeField.node,
      this.questionField.node,
      this.lengthField.node,
      ...(this.models.length > 0 ? this.modelNodes(model) : []),
      element(
        'div',
        { class: 'actions' },
        button('Compare…', 'table', () => this.events.compare()),
        button('Show Attention', 'eye', () => this.events.showAttention()),
        this.exportButton,
      ),
    );
    this.runBar.replaceChildren(this.runButton, this.cancelButton);
    this.buildParameters();
    this.updateButtons();
  }

  /** The model, and what is said of it: a problem plainly, its limits on demand. */
  private modelNodes(model: ModelInfo | undefined): Node[] {
    const nodes: Node[] = [this.modelField.node];
    const problem = model?.problem ?? model?.memoryProblem;
    if (problem !== undefined) nodes.push(element('p', { class: 'hint problem', text: problem }));
    if (model && model.problem === undefined) {
      nodes.push(
        element(
          'details',
          { class: 'limits' },
          element('summary', { text: 'What this model can and cannot do' }),
          ...[model.description, model.limits].filter(Boolean).map((text) => element('p', { text })),
        ),
      );
    }
    return nodes;
  }

  private showScope(): void {
    const { usesKeepRatio } = strategyNamed(this.choice.settings.strategy);
    this.scopeField.node.hidden = this.windows < 2 || !usesKeepRatio;
  }

  private noModel(): HTMLElement {
    return element(
      'div',
      { class: 'empty' },
      element('p', { text: 'No model was found. The sound can be seen and heard; captions need a model pack.' }),
      button('Open Settings', 'gear', () => this.events.openSettings()),
    );
  }

  private buildParameters(): void {
    const { settings } = this.choice;
    const strategy = strategyNamed(settings.strategy);
    this.description.replaceChildren(strategy.description, ' ', ...origin(strategy));
    this.parameters.replaceChildren(
      ...strategy.parameters.map(
        ({ name, label, description, minimum, maximum, integer, default: preset }) =>
          numberField(
            {
              label,
              description: `${description} From ${String(minimum)} to ${String(maximum)}; usually ${String(preset)}.`,
            },
            { minimum, maximum, step: integer ? 1 : (maximum - minimum) / 100 },
            settings.parameters[name] ?? preset,
            (value) => this.change({ parameters: { ...this.choice.settings.parameters, [name]: value } }),
            maximum - minimum <= 100,
          ).node,
      ),
    );
    this.keepField.enable(strategy.usesKeepRatio);
    this.budgetField.node.hidden = !strategy.usesBudgetMode;
    this.headField.node.hidden = !strategy.needs.includes('scores') && strategy.usesKeepRatio;
    this.showScope();
  }

  private change(part: Partial<RunSettings>): void {
    this.choice = { ...this.choice, settings: { ...this.choice.settings, ...part } };
    if (part.headReduce !== undefined) this.missingHead = undefined;
    if (part.strategy !== undefined) {
      this.buildParameters();
      this.updateButtons();
    }
    this.events.changed(this.choice);
  }

  private updateButtons(): void {
    const problem = this.model?.problem ?? this.unavailable;
    passFocus(this.runButton, this.cancelButton, () => {
      this.runButton.disabled = this.running || !this.canRun || problem !== undefined;
      this.cancelButton.hidden = !this.running;
    });
  }
}

/** Where a strategy comes from: what is published, and what is Earmark's own. */
function origin({ published, usesKeepRatio }: Strategy): (Node | string)[] {
  if (!usesKeepRatio) return [];
  if (published === null) return [element('strong', { class: 'own', text: 'Earmark’s own.' })];
  const paper = /^arXiv (\d{4}\.\d{4,5})$/.exec(published)?.[1];
  if (paper === undefined) return [`From ${published}.`];
  const link = element('a', { text: published, attributes: { href: `https://arxiv.org/abs/${paper}` } });
  return ['From ', link, '.'];
}

/** How the heads of the encoder's attention become one score; `problem` is said until the person chooses. */
export function headField(
  model: ModelInfo | undefined,
  value: HeadReduce,
  problem: string | undefined,
  change: (value: HeadReduce) => void,
): Field<string> {
  const note = element('p', { class: 'hint problem', text: problem ?? '' });
  note.hidden = problem === undefined;
  const field = dropdown(
    {
      label: 'Attention heads',
      description:
        "How the scores of the encoder's attention heads become one: their mean, their maximum, or one head alone.",
    },
    headOptions(model?.heads ?? 0),
    String(value),
    (chosen) => {
      note.hidden = true;
      change(headReduceOf(chosen));
    },
  );
  field.node.append(note);
  return field;
}

/** What is said where a model does not have the wanted head; undefined where it has, or where it is not here itself. */
export function missingHead(wanted: HeadReduce, models: readonly ModelInfo[], modelId: string): string | undefined {
  const model = models.find((one) => one.modelId === modelId);
  return model && typeof wanted === 'number' && wanted >= model.heads
    ? `${model.title} has no head ${String(wanted)}: the mean of all heads is chosen.`
    : undefined;
}

export function headOptions(heads: number): { readonly value: string; readonly label: string }[] {
  return [
    { value: 'mean', label: 'Mean of all heads' },
    { value: 'max', label: 'Maximum of all heads' },
    ...Array.from({ length: heads }, (_, head) => ({ value: String(head), label: `Head ${String(head)}` })),
  ];
}

export function headReduceOf(value: string): HeadReduce {
  return value === 'mean' || value === 'max' ? value : Number(value);
}

/** "Segmentwise Top-K, 25 %" */
export function settingsLabel(settings: RunSettings): string {
  const { label, usesKeepRatio } = strategyNamed(settings.strategy);
  return usesKeepRatio ? `${label}, ${percent(settings.keepRatio)}` : label;
}

/** "Segmentwise 25 %": short, for the axis. */
export function stripLabel(settings: RunSettings): string {
  return settingsLabel(settings).replace(' Top-K', '').replace(', ', ' ');
}
