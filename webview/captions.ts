import type { Run, RunEvent, RunSettings } from '../src/protocol/run';
import { speedUpBound } from '../src/pruning/budget';
import { strategyNamed } from '../src/pruning/registry';
import { wordErrors } from '../src/metrics/words';
import { settingsLabel } from './controls';
import { changedWords, changesOf, differences } from './differences';
import { button, element } from './element';
import { quotedSpeech } from '../src/metrics/quoted-speech';
import { successorOfFocus } from './place';
import { traceButton, type WordTrace } from './word-trace';
import { bytes, grouped, milliseconds, percent, plural, times } from './words-for-numbers';

export interface CaptionEvents {
  remove?(runId: string): void;
  toggleStrip?(runId: string): void;
  /** Where words can be traced to the sound. */
  trace?(run: Run): void;
  cancelTrace?(): void;
}

/** The runs of a clip as cards. Text streams in by pieces; a finished card says what it cost and what changed. */
export class Captions {
  readonly node = element('section', { class: 'captions', attributes: { 'aria-label': 'Captions' } });
  private readonly cards = element('div', { class: 'cards' });
  private readonly streaming = new Map<
    string,
    { readonly card: HTMLElement; readonly text: HTMLElement; window: number }
  >();
  private runs: readonly Run[] = [];
  private hidden: ReadonlySet<string> = new Set();
  private readonly traces = new Map<string, WordTrace>();
  private tracing: string | undefined;

  /** @param brief without times, where a table has them */
  constructor(
    private readonly events: CaptionEvents,
    private readonly brief = false,
    private readonly emptyWords = 'Choose how much to keep, then press Prune & Caption. Two captions appear here: one from all tokens, one from the tokens that are kept.',
  ) {
    this.node.append(element('h2', { text: 'Captions' }), this.cards);
    this.render();
  }

  /** Newest first; `hidden` names the runs whose strips are not shown on the timeline. */
  show(runs: readonly Run[], hidden: ReadonlySet<string>): void {
    this.runs = runs;
    this.hidden = hidden;
    this.render();
  }

  follow(event: RunEvent): void {
    if (event.kind === 'started') {
      const text = element('p', { class: 'caption streaming' });
      const card = element('article', { class: 'card' }, this.head(event.settings, []), text);
      this.streaming.set(event.runId, { card, text, window: 0 });
      this.render();
    } else if (event.kind === 'text') {
      const stream = this.streaming.get(event.runId);
      if (!stream) return;
      stream.text.append(event.window === stream.window ? event.text : ` ${event.text}`);
      stream.window = event.window;
    } else if (event.kind === 'finished') {
      this.streaming.delete(event.run.runId);
    }
  }

  /** Says which run is being traced, if any. */
  showTracing(runId: string | undefined): void {
    this.tracing = runId;
    this.render();
  }

  /** From now on the words of this run lead back to the sound. */
  addTrace(runId: string, trace: WordTrace): void {
    this.traces.set(runId, trace);
    this.render();
    if (document.activeElement === document.body) trace.focus();
  }

  removeTrace(runId: string): void {
    this.traces.delete(runId);
  }

  stopStreaming(): void {
    this.streaming.clear();
    this.render();
  }

  private render(): void {
    const focused = document.activeElement;
    const successor = successorOfFocus(this.cards, 'run', 'vscode-button');
    const cards = [...[...this.streaming.values()].map(({ card }) => card), ...this.runs.map((run) => this.card(run))];
    this.cards.replaceChildren(
      ...(cards.length > 0 ? cards : [element('p', { class: 'empty', text: this.emptyWords })]),
    );
    // Words stay the same elements; a person among them keeps their place.
    if (focused instanceof HTMLElement && this.cards.contains(focused)) focused.focus({ preventScroll: true });
    // Buttons are made anew.
    else successor()?.focus({ preventScroll: true });
  }

  private head(settings: RunSettings, actions: readonly Node[]): HTMLElement {
    return element(
      'header',
      {},
      element('h3', { text: settingsLabel(settings) }),
      element('div', { class: 'card-actions' }, ...actions),
    );
  }

  private card(run: Run): HTMLElement {
    const baseline = baselineOf(run, this.runs);
    const shown = !this.hidden.has(run.runId);
    const { events } = this;
    const name = settingsLabel(run.settings);
    const actions = [
      events.toggleStrip &&
        button(
          `${shown ? 'Hide' : 'Show'} the kept tokens of ${name} on the timeline`,
          shown ? 'eye' : 'eye-closed',
          () => events.toggleStrip!(run.runId),
          'icon',
        ),
      events.remove && button(`Remove ${name}`, 'trash', () => events.remove!(run.runId), 'icon'),
    ].filter((action) => action !== undefined);
    return element(
      'article',
      { class: 'card', attributes: { 'data-run': run.runId } },
      this.head(run.settings, actions),
      element('p', { class: 'facts', text: keptWords(run) }),
      ...caption(run, baseline, this.traces.get(run.runId)),
      this.traceNode(run, name),
      run.fallback === undefined ? null : element('p', { class: 'facts', text: run.fallback }),
      ...(this.brief ? [] : [speedUp(run, baseline), costs(run)]),
    );
  }

  private traceNode(run: Run, name: string): HTMLElement | null {
    const { events } = this;
    if (!events.trace || run.caption === '') return null;
    const trace = this.traces.get(run.runId);
    if (trace) return trace.panel;
    return traceButton(
      name,
      this.tracing === run.runId,
      () => events.trace!(run),
      () => events.cancelTrace?.(),
    );
  }
}

/** The unpruned run that a run is compared with: same pack, question and length. */
export function baselineOf(run: Run, runs: readonly Run[]): Run | undefined {
  return runs.find(
    (other) =>
      other !== run &&
      isBaseline(other) &&
      other.modelId === run.modelId &&
      other.settings.question === run.settings.question &&
      other.settings.maxNewTokens === run.settings.maxNewTokens,
  );
}

export function isBaseline(run: Run): boolean {
  return !strategyNamed(run.settings.strategy).usesKeepRatio;
}

export function keptWords({ tokens }: Run): string {
  const kept = `keeps ${grouped(tokens.kept)} of ${grouped(tokens.valid)} tokens (${percent(tokens.kept / tokens.valid)})`;
  const asked = tokens.asked !== tokens.kept ? `, asked ${grouped(tokens.asked)}` : '';
  const trimmed = tokens.trimmed > 0 ? `; ${plural(tokens.trimmed, 'token')} of padding trimmed` : '';
  return kept + asked + trimmed;
}

const finishes = {
  stop: '',
  length: 'The caption ended at the most new tokens allowed.',
  cancelled: 'Cancelled: the caption is not complete.',
} as const;

function caption(run: Run, baseline: Run | undefined, trace: WordTrace | undefined): Node[] {
  const nodes: Node[] = [];
  const reference = baseline && !isBaseline(run) ? baseline.caption : undefined;
  if (run.caption === '') {
    nodes.push(element('p', { class: 'caption none', text: 'The model wrote nothing.' }));
  } else if (trace) {
    trace.show(reference);
    nodes.push(trace.caption);
  } else if (reference === undefined) {
    nodes.push(element('p', { class: 'caption', text: run.caption }));
  } else {
    nodes.push(element('p', { class: 'caption' }, ...differences(reference, run.caption).nodes));
  }
  if (reference !== undefined && run.caption !== '') {
    const changed = changedWords(changesOf(reference, run.caption));
    const words =
      changed === 0
        ? 'The same words as with all tokens.'
        : `${plural(changed, 'word')} ${changed === 1 ? 'differs' : 'differ'} from all tokens.`;
    nodes.push(element('p', { class: 'facts', text: words }));
  }
  if (reference !== undefined) {
    const speech = speechWords(reference, run.caption);
    if (speech !== undefined) nodes.push(element('p', { class: 'facts speech', text: speech }));
  }
  const finish = finishes[run.finish];
  if (finish !== '') nodes.push(element('p', { class: 'facts', text: finish }));
  return nodes;
}

/** Where the unpruned caption quotes speech: how much of it pruning lost. */
export function speechWords(reference: string, caption: string): string | undefined {
  const spoken = quotedSpeech(reference);
  if (spoken === undefined) return undefined;
  const { errors, words } = wordErrors(spoken, quotedSpeech(caption, 1) ?? '');
  return `Spoken words: word error rate ${percent(errors / words)} against all tokens (${plural(errors, 'error')} in ${plural(words, 'word')}). Pruning hurts transcription: every word has its own moment in the sound.`;
}

/** Measured prefill beside its bound, with what the bound is made of. */
export function speedUpOf(run: Run, baseline: Run): { readonly measured: number; readonly bound: number } {
  const text = baseline.prompt.textBefore + baseline.prompt.textAfter;
  return {
    measured: baseline.times.prefillMs / run.times.prefillMs,
    bound: speedUpBound(text, baseline.prompt.audio, run.prompt.audio),
  };
}

function speedUp(run: Run, baseline: Run | undefined): HTMLElement | null {
  const { textBefore, audio, textAfter } = run.prompt;
  if (!baseline || isBaseline(run)) {
    return element('p', {
      class: 'facts',
      text: `Prompt: ${plural(textBefore + textAfter, 'text position')} and ${plural(audio, 'audio position')}.`,
    });
  }
  const { measured, bound } = speedUpOf(run, baseline);
  return element(
    'p',
    {
      class: 'facts',
      title:
        'The bound is all positions over kept ones: what a prefill linear in the prompt can gain at best. Text is never pruned. Attention grows faster than linear, so long prompts may pass it.',
    },
    'Prefill ',
    element('strong', { text: `${times(measured)} as fast` }),
    `, bound ${times(bound)}: ${plural(textBefore + textAfter, 'text position')} stay, audio goes from ${grouped(baseline.prompt.audio)} to ${grouped(audio)}.`,
  );
}

function costs(run: Run): HTMLElement {
  const { decodeMs, featuresMs, encodeMs, selectMs, adaptMs, prefillMs, decodeMsPerToken, totalMs } = run.times;
  const cached = run.encodeCached ? ' cached' : '';
  const rows: readonly (readonly [string, string, string])[] = [
    ['Decode audio', milliseconds(decodeMs), 'From the file to samples'],
    ['Features', milliseconds(featuresMs) + cached, 'From samples to log-mel'],
    ['Encode', milliseconds(encodeMs) + cached, 'From log-mel to audio tokens; the same for every strategy'],
    ['Select', milliseconds(selectMs), 'Choosing the tokens'],
    ['Adapt', milliseconds(adaptMs), 'From kept tokens to the language model’s embeddings'],
    ['Prefill', milliseconds(prefillMs), 'Reading the prompt'],
    ['Per token', milliseconds(decodeMsPerToken), 'Each written token, mean'],
    ['Total', milliseconds(totalMs), `${plural(run.generatedTokens, 'token')} written, on ${run.provider}`],
    ['KV cache', bytes(run.kvBytes), 'The largest of any window'],
  ];
  return element(
    'dl',
    { class: 'costs' },
    ...rows.map(([name, value, why]) =>
      element('div', { title: why }, element('dt', { text: name }), element('dd', { text: value })),
    ),
  );
}
