import { repeatChoices, type ComparisonSettings } from '../src/protocol/comparison';
import type { ModelInfo } from '../src/protocol/model';
import { missingNeed } from '../src/pruning/needs';
import { strategies } from '../src/pruning/registry';
import type { Strategy } from '../src/pruning/strategy';
import { headField, missingHead } from './controls';
import { element } from './element';
import { checkbox, dropdown, numberField, textArea } from './fields';
import { modelOptions, standIn, standInWords } from './model-options';
import { keepFocus } from './place';
import { parseKeepRatios } from '../src/pruning/keep-ratios';

/** What a person chose to compare, as it was written. */
export interface Choices extends Omit<ComparisonSettings, 'keepRatios'> {
  readonly keepRatios: string;
  /** Captions that the person gives to measure against, one a line. */
  readonly references: string;
}

export const prunable = strategies.filter(({ usesKeepRatio }) => usesKeepRatio);
const paper = 'arXiv 2511.14293';
const papersOwn = prunable.filter(({ published }) => published === paper).map(({ name }) => name);
export const firstChoice = papersOwn;

/** The form of a comparison. It tells what was chosen; whoever made it decides what follows. */
export class Chooser {
  readonly node = element('section', { class: 'chooser', attributes: { 'aria-label': 'What to compare' } });
  /** What stands under the fields: the plan and the buttons. */
  readonly side = element('div', { class: 'chooser-end' });
  private readonly parameters = element('div', { class: 'parameter-grid' });
  private readonly problem = element('p', {
    class: 'count problem',
    id: 'ratio-problem',
    attributes: { role: 'status', hidden: '' },
  });

  private current: Choices;
  /** Said of the model until the person chooses one, or the one that was missing is there. */
  private missing: { readonly modelId: string; readonly words: string } | undefined;
  /** Said of the heads until the person chooses again. */
  private missingHead: string | undefined;

  constructor(
    private models: readonly ModelInfo[],
    choices: Choices,
    private readonly changed: (choices: Choices) => void,
  ) {
    this.current = this.installed(choices);
    this.build();
  }

  get choices(): Choices {
    return this.current;
  }

  get model(): ModelInfo | undefined {
    return this.models.find(({ modelId }) => modelId === this.current.modelId);
  }

  /** The chosen strategies that the model can serve, in the registry's order. */
  get strategies(): readonly Strategy[] {
    return prunable.filter(
      (strategy) => this.current.strategies.includes(strategy.name) && missingNeed(strategy, this.model) === undefined,
    );
  }

  set(choices: Choices, models = this.models): void {
    this.models = models;
    const found = models.some(({ modelId }) => modelId === this.missing?.modelId);
    if (found || choices.modelId !== this.current.modelId) this.missing = undefined;
    if (choices.headReduce !== this.current.headReduce) this.missingHead = undefined;
    this.current = this.installed(choices);
    this.build();
  }

  /** A model that is not installed, or a head that the model does not have, is told, not taken. */
  private installed(choices: Choices): Choices {
    const other = this.models.some(({ modelId }) => modelId === choices.modelId) ? undefined : standIn(this.models);
    if (other) this.missing = { modelId: choices.modelId, words: standInWords(choices.modelId, other) };
    const { modelId } = other ?? choices;
    const noHead = missingHead(choices.headReduce, this.models, modelId);
    if (noHead !== undefined) this.missingHead = noHead;
    return { ...choices, modelId, ...(noHead !== undefined && { headReduce: 'mean' }) };
  }

  private change(part: Partial<Choices>): void {
    this.current = { ...this.current, ...part };
    this.changed(this.current);
  }

  private build(): void {
    keepFocus(this.node, () => {
      this.node.replaceChildren(this.strategyFields(), this.otherFields());
      this.showParameters();
    });
  }

  private strategyFields(): HTMLElement {
    const quick = (label: string, names: readonly string[], why: string) =>
      element('button', {
        class: 'small-button',
        text: label,
        title: why,
        attributes: { type: 'button' },
        on: {
          click: () => {
            this.change({ strategies: names });
            this.refill(label);
          },
        },
      });
    const group = (title: string, members: readonly Strategy[]) => [
      element('h3', { class: 'group', text: title }),
      element('div', { class: 'strategy-grid' }, ...members.map((strategy) => this.strategyBox(strategy))),
    ];
    const available = prunable.filter((strategy) => missingNeed(strategy, this.model) === undefined);
    return element(
      'fieldset',
      {},
      element('legend', { text: 'Strategies' }),
      element(
        'div',
        { class: 'quick', attributes: { 'role': 'group', 'aria-label': 'Quick choices' } },
        quick('Paper’s four', papersOwn, `The four of ${paper}`),
        quick(
          'All',
          available.map(({ name }) => name),
          'Every strategy that this model can serve',
        ),
        quick('None', [], 'Start over'),
      ),
      ...group(
        'Published',
        prunable.filter(({ published }) => published !== null),
      ),
      ...group(
        'Earmark’s own',
        prunable.filter(({ published }) => published === null),
      ),
    );
  }

  /** Draws the strategies again and leaves the focus on the button that was pressed. */
  private refill(pressed: string): void {
    this.node.firstElementChild?.replaceWith(this.strategyFields());
    this.showParameters();
    const buttons = this.node.querySelectorAll<HTMLElement>('.quick button');
    [...buttons].find(({ textContent }) => textContent === pressed)?.focus();
  }

  private strategyBox(strategy: Strategy): HTMLElement {
    const { name, label, description, published } = strategy;
    const missing = missingNeed(strategy, this.model);
    const source = published === null ? '' : ` (${published})`;
    const reason = missing === undefined ? '' : `Not available: this model does not give the encoder’s ${missing}.`;
    const box = checkbox(
      { label, description: `${description}${source} ${reason}`.trim() },
      this.current.strategies.includes(name) && missing === undefined,
      (checked) => {
        const others = this.current.strategies.filter((other) => other !== name);
        this.change({ strategies: checked ? [...others, name] : others });
        this.showParameters();
      },
    );
    box.enable(missing === undefined);
    return element(
      'div',
      { class: missing === undefined ? 'strategy' : 'strategy unavailable', title: `${description}${source}` },
      box.node,
      // Read out with the box already.
      element('p', { class: 'hint', text: description, attributes: { 'aria-hidden': 'true' } }),
      missing === undefined
        ? null
        : element('p', { class: 'reason', text: reason, attributes: { 'aria-hidden': 'true' } }),
    );
  }

  private otherFields(): HTMLElement {
    const { modelId, keepRatios, headReduce, question, references, repeats } = this.current;
    const model = dropdown(
      { label: 'Model', description: 'The audio language model that listens and writes.' },
      modelOptions(this.models),
      modelId,
      (value) => {
        this.missing = undefined;
        this.missingHead = undefined;
        this.change(this.installed({ ...this.current, modelId: value }));
        this.build();
      },
    );
    const heads = headField(this.model, headReduce, this.missingHead, (chosen) => {
      this.missingHead = undefined;
      this.change({ headReduce: chosen });
    });
    const ask = textArea(
      { label: 'Question', description: 'What the model is asked about the sound.' },
      question,
      (text) => this.change({ question: text }),
    );
    ask.placeholder(this.model?.question ?? '');
    ask.node.hidden = this.model?.asks === false;
    const reference = textArea(
      {
        label: 'Reference captions (optional)',
        description:
          'What a person would say of the sound, one caption a line. CIDEr-D tells how close runs come to it.',
      },
      references,
      (text) => this.change({ references: text }),
    );
    reference.placeholder('A wolf howls, then a bell rings.');
    return element(
      'div',
      { class: 'chooser-side' },
      model.node,
      this.missing === undefined ? null : element('p', { class: 'hint problem', text: this.missing.words }),
      this.ratioField(keepRatios),
      ask.node,
      dropdown(
        {
          label: 'Repeat each run',
          description:
            'Times of a single run are noisy. Repeated runs are made in alternating order after a round that warms up and does not count; medians are shown.',
        },
        repeatChoices.map((count) => ({
          value: String(count),
          label: count === 1 ? 'Once' : `${String(count)} times, medians`,
        })),
        String(repeats),
        (value) => this.change({ repeats: Number(value) }),
      ).node,
      element(
        'details',
        { class: 'more', attributes: references === '' && this.missingHead === undefined ? {} : { open: '' } },
        element('summary', { text: 'Parameters and reference captions' }),
        this.parameters,
        heads.node,
        reference.node,
      ),
      this.side,
    );
  }

  private ratioField(value: string): HTMLElement {
    const field = element('input', {
      class: 'number wide',
      title: 'Shares of the tokens to keep, separated by commas: 0.5, 0.25 or 50 %, 25 %',
      id: 'ratios',
      attributes: {
        'type': 'text',
        'value': value,
        'aria-describedby': 'ratio-problem',
        'autocomplete': 'off',
        'spellcheck': 'false',
      },
      on: {
        input: () => {
          this.change({ keepRatios: field.value });
          this.showRatioProblems(field);
        },
      },
    });
    this.showRatioProblems(field);
    return element(
      'div',
      { class: 'field' },
      element('label', { text: 'Keep ratios', attributes: { for: 'ratios' } }),
      field,
      this.problem,
    );
  }

  private showRatioProblems(field: HTMLInputElement): void {
    const { problems } = parseKeepRatios(field.value);
    field.setAttribute('aria-invalid', String(problems.length > 0));
    this.problem.hidden = problems.length === 0;
    this.problem.textContent = problems.join(' ');
  }

  /** A field for each parameter of the chosen strategies; those that share one share its field. */
  private showParameters(): void {
    const seen = new Map(
      this.strategies.flatMap(({ parameters }) => parameters.map((one) => [one.name, one] as const)),
    );
    this.parameters.replaceChildren(
      ...[...seen.values()].map((parameter) => {
        const { name, minimum, maximum, integer } = parameter;
        const step = integer ? 1 : 0.01;
        return numberField(
          parameter,
          { minimum, maximum, step },
          this.current.parameters[name] ?? parameter.default,
          (value) => this.change({ parameters: { ...this.current.parameters, [name]: value } }),
        ).node;
      }),
    );
  }
}
