import type { RunEvent, RunStage } from '../src/protocol/run';
import { element } from './element';
import { plural } from './words-for-numbers';

const words: Record<RunStage, string> = {
  encode: 'Encoding',
  select: 'Selecting tokens',
  prefill: 'Reading the prompt (prefill)',
  decode: 'Writing the caption',
};

/** What goes on, in one line. A live region: it speaks of stages, never of single tokens. */
export class Stages {
  private readonly label = element('span', { attributes: { 'role': 'status', 'aria-live': 'polite' } });
  private readonly bar = element('div', { class: 'progress-bar', attributes: { 'aria-hidden': 'true' } });
  readonly node = element('div', { class: 'stages idle' }, this.bar, this.label);

  say(text: string): void {
    this.node.classList.remove('idle');
    if (this.label.textContent !== text) this.label.textContent = text;
  }

  stage(event: Extract<RunEvent, { kind: 'stage' }>, what?: string): void {
    const of = event.windows > 1 ? `, window ${String(event.window + 1)} of ${plural(event.windows, '').trim()}` : '';
    this.say(`${what === undefined ? '' : `${what}: `}${words[event.stage]}${of}…`);
  }

  /** Leaves a last word, or nothing. */
  rest(text = ''): void {
    this.node.classList.add('idle');
    this.label.textContent = text;
  }
}
