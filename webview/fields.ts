import { element } from './element';
import type { CheckElement, ValueElement } from './toolkit';

let ids = 0;

/** One labelled control. Its explanation shows on hover and is read out with it. */
export interface Field<T> {
  readonly node: HTMLElement;
  set(value: T): void;
  enable(enabled: boolean): void;
}

export interface FieldWords {
  readonly label: string;
  readonly description: string;
}

export interface Option {
  readonly value: string;
  readonly label: string;
  readonly disabled?: boolean;
}

/** A drop-down list. The label is hidden where its place says what it is (tool bars). */
export function dropdown(
  { label, description }: FieldWords,
  options: readonly Option[],
  value: string,
  change: (value: string) => void,
  hiddenLabel = false,
): Field<string> {
  const list = element('vscode-dropdown', {
    attributes: { 'aria-label': label, 'aria-description': description, 'position': 'below' },
    title: description,
    on: { change: () => change(list.value) },
  }) as ValueElement;
  for (const option of options) {
    list.append(
      element('vscode-option', {
        text: option.label,
        attributes: {
          value: option.value,
          ...(option.value === value && { selected: '' }),
          // The toolkit goes on to another option where the chosen one is disabled, and does not say so.
          ...(option.disabled === true && option.value !== value && { disabled: '' }),
        },
      }),
    );
  }
  return {
    node: hiddenLabel ? list : field(label, description, list),
    set: (next) => {
      // The toolkit knows its options only after a turn of the event loop.
      setTimeout(() => {
        if (list.value !== next) list.value = next;
      });
    },
    enable: (enabled) => (list.disabled = !enabled),
  };
}

/** A number with, if `slider`, a slider beside it. What is out of range is not taken, and it is said what goes on instead. */
export function numberField(
  { label, description }: FieldWords,
  range: {
    readonly minimum: number;
    readonly maximum: number;
    readonly step: number;
    /** What a key moves the slider by, where that is more. */
    readonly sliderStep?: number;
    readonly unit?: string;
  },
  value: number,
  change: (value: number) => void,
  slider = false,
): Field<number> {
  const id = `field-${String((ids += 1))}`;
  const unit = range.unit === undefined ? '' : ` ${range.unit}`;
  const problem = element('p', { id: `${id}-problem`, class: 'hint problem', attributes: { role: 'status' } });
  let taken = value;
  const limits = { min: String(range.minimum), max: String(range.maximum), step: String(range.step) };
  const take = (text: string) => {
    const next = Number(text);
    const whole = range.step !== 1 || Number.isInteger(next);
    const right = text.trim() !== '' && next >= range.minimum && next <= range.maximum && whole;
    number.setAttribute('aria-invalid', String(!right));
    const kind = range.step === 1 ? 'A whole number from' : 'From';
    problem.textContent = right
      ? ''
      : `${kind} ${String(range.minimum)} to ${String(range.maximum)}${unit}: ${String(taken)}${unit} stays in force.`;
    if (right) {
      taken = next;
      change(next);
    }
    return right;
  };
  const number = element('input', {
    id,
    class: 'number',
    title: description,
    attributes: {
      'type': 'number',
      ...limits,
      'value': String(value),
      'aria-description': description,
      'aria-errormessage': problem.id,
    },
    on: {
      input: () => {
        if (take(number.value) && track) track.value = number.value;
      },
    },
  });
  const track = slider
    ? element('input', {
        class: 'slider',
        title: description,
        attributes: {
          'type': 'range',
          ...limits,
          ...(range.sliderStep !== undefined && { step: String(range.sliderStep) }),
          'value': String(value),
          'aria-label': label,
        },
        on: {
          input: () => {
            number.value = track!.value;
            take(number.value);
          },
        },
      })
    : undefined;
  const name = element('label', { text: label, title: description, attributes: { for: id } });
  const unitName = range.unit === undefined ? null : element('span', { class: 'unit', text: range.unit });
  const row = element('div', { class: 'field-row' }, track, number, unitName);
  return {
    node: element('div', { class: 'field' }, name, row, problem),
    set: (next) => {
      taken = next;
      if (Number(number.value) === next) return;
      number.value = String(next);
      if (track) track.value = String(next);
    },
    enable: (enabled) => {
      number.disabled = !enabled;
      if (track) track.disabled = !enabled;
    },
  };
}

export function checkbox(
  { label, description }: FieldWords,
  checked: boolean,
  change: (checked: boolean) => void,
): Field<boolean> {
  const box = element(
    'vscode-checkbox',
    {
      title: description,
      attributes: { 'aria-description': description, ...(checked && { checked: '' }) },
      on: { change: () => change(box.checked) },
    },
    label,
  ) as CheckElement;
  return {
    node: box,
    set: (next) => (box.checked = next),
    enable: (enabled) => (box.disabled = !enabled),
  };
}

export function textArea(
  { label, description }: FieldWords,
  value: string,
  change: (value: string) => void,
): Field<string> & { placeholder(text: string): void } {
  // The toolkit takes the name of a text area from its content and nowhere else.
  const area = element(
    'vscode-text-area',
    {
      title: description,
      attributes: { rows: '2', resize: 'vertical' },
      on: { input: () => change(area.value) },
    },
    label,
  ) as ValueElement & { placeholder: string };
  area.value = value;
  return {
    node: element('div', { class: 'field' }, area),
    set: (next) => {
      if (area.value !== next) area.value = next;
    },
    enable: (enabled) => (area.disabled = !enabled),
    placeholder: (text) => (area.placeholder = text),
  };
}

function field(label: string, description: string, control: HTMLElement): HTMLElement {
  // The control carries its own name: a `label` can not point at a toolkit element.
  const name = element('span', {
    class: 'label',
    text: label,
    title: description,
    attributes: { 'aria-hidden': 'true' },
  });
  return element('div', { class: 'field' }, name, control);
}
