import type * as PlotlyTypes from 'plotly.js';
import type { Peaks } from '../src/protocol/clip';
import type { RunSettings } from '../src/protocol/run';
import { factsOf, segmentsOf, type ClipTokens, type KeptTokens, type TokenFacts } from './clip-tokens';
import { envelope, keptShare, spansWithin } from './decimate';
import { element } from './element';
import { frequencyTicks, spectrogramImage } from './spectrogram';
import { faded, onThemeChange, readPalette, type Palette } from './theme';
import { clock, hertz, percent, times } from './words-for-numbers';

/** One row of kept tokens under the spectrogram. */
export interface Strip {
  readonly label: string;
  readonly settings: RunSettings;
  readonly kept: KeptTokens;
  readonly preview: boolean;
}

export interface TimelineState {
  readonly durationSeconds: number;
  readonly peaks?: Peaks;
  readonly tokens?: ClipTokens | undefined;
  readonly settings: RunSettings;
  readonly strips: readonly Strip[];
  /** What the settings keep, where that is known: told of a token unless a strip is pointed at. */
  readonly chosen?: KeptTokens | undefined;
  /** What the language model looked at, by token, as a multiple of an average kept token; drawn beside the scores. */
  readonly decoder?: Float32Array | undefined;
  /** Whether there is a row for the word that is pointed at in a caption. */
  readonly words?: boolean;
}

/** A word of a caption, lit up where it looked. */
export interface LitWord {
  readonly text: string;
  readonly firstToken: number;
  /** Attention of each token from `firstToken` on. */
  readonly tokens: Float32Array;
  /** Number of the token looked at most, in the clip. */
  readonly peak: number;
}

export interface TimelineEvents {
  /** The person chose a time: play from there. */
  seek?(seconds: number): void;
  /** The click that sought was the first of two, which show everything. */
  stop?(): void;
  point?(token: number | null): void;
  rangeChanged?(range: Range): void;
  /** A closer outline of the waveform, where the source of the samples is at hand. */
  readPeaks?(startSeconds: number, endSeconds: number, columns: number): Promise<Peaks>;
}

export type Range = readonly [start: number, end: number];

const heights = { waveform: 76, spectrogram: 136, attention: 88, strip: 20, gap: 8, axis: 30, top: 6 };
/** More tokens or spans than this in view are drawn as stretches. */
const drawnTokens = 1500;

/**
 * Waveform, spectrogram, received attention and kept tokens over one time axis. Plotly draws what has axes; what follows
 * the mouse or the sound (playhead, token pointed at, tooltip) lies above it and moves without a new layout.
 */
export class Timeline {
  readonly node: HTMLElement;
  private readonly plot = element('div', { class: 'timeline-plot', attributes: { 'aria-hidden': 'true' } });
  private readonly playhead = element('div', { class: 'playhead', attributes: { hidden: '' } });
  private readonly pointed = element('div', { class: 'pointed', attributes: { hidden: '' } });
  private readonly tooltip = element('div', { class: 'tooltip', attributes: { hidden: '', role: 'tooltip' } });
  private readonly wordRow = element('canvas', { class: 'word-row', attributes: { hidden: '' } });
  private readonly wordPeak = element('div', { class: 'word-peak', attributes: { hidden: '' } });
  private readonly overlay = element(
    'div',
    { class: 'timeline-overlay' },
    this.wordRow,
    this.wordPeak,
    this.pointed,
    this.playhead,
  );
  private litWord: LitWord | null = null;
  private state: TimelineState;
  private palette: Palette = readPalette();
  private range: Range;
  private closerPeaks: Peaks | undefined;
  private picture:
    | { readonly key: string; readonly source: string | undefined; readonly from: number; readonly to: number }
    | undefined;
  private pendingPicture: ReturnType<typeof setTimeout> | undefined;
  private pendingRender = 0;
  private pendingPeaks: ReturnType<typeof setTimeout> | undefined;
  private plotly: typeof PlotlyTypes | undefined;
  private cursor: number | null = null;
  private cursorSeconds = 0;
  private playheadSeconds: number | null = null;
  private disposed = false;
  private readonly stop: (() => void)[] = [];

  constructor(
    state: TimelineState,
    private readonly events: TimelineEvents = {},
    range?: Range,
  ) {
    this.state = state;
    this.range = range ?? [0, state.durationSeconds];
    this.node = element(
      'div',
      {
        class: 'timeline',
        attributes: {
          'tabindex': '0',
          'role': 'slider',
          'aria-label': 'Timeline of the sound',
          'aria-valuemin': '0',
          'aria-description':
            'Arrow keys move from token to token, with Shift by ten, Page Up and Page Down by half a view. Enter plays from there. Plus and minus zoom, Home and End go to the ends, 0 or Escape shows everything.',
        },
      },
      this.plot,
      this.overlay,
      this.tooltip,
    );
    this.listen();
    this.updateAria();
    void import('./plotly').then(({ Plotly }) => {
      this.plotly = Plotly;
      this.render();
    });
  }

  update(state: Partial<TimelineState>): void {
    const { durationSeconds, peaks } = this.state;
    if (state.tokens !== this.state.tokens && 'tokens' in state) this.picture = undefined;
    this.state = { ...this.state, ...state };
    if (this.state.durationSeconds !== durationSeconds) {
      const followsEnd = this.state.durationSeconds > durationSeconds && this.range[1] === durationSeconds;
      this.range = this.within(followsEnd ? [this.range[0], this.state.durationSeconds] : this.range);
    }
    if (this.state.peaks !== peaks) {
      this.closerPeaks = undefined;
      this.requestCloserPeaks();
    }
    this.updateAria();
    this.render();
  }

  get shownRange(): Range {
    return this.range;
  }

  showRange(range: Range): void {
    this.range = this.within(range);
    this.events.rangeChanged?.(this.range);
    this.requestCloserPeaks();
    this.render();
  }

  private within(range: Range): Range {
    const { durationSeconds } = this.state;
    const width = Math.min(durationSeconds, Math.max(0.1, range[1] - range[0]));
    const start = Math.max(0, Math.min(range[0], durationSeconds - width));
    return [start, start + width];
  }

  /** `factor` below 1 comes closer; the time at `around` stays where it is. */
  zoom(factor: number, around?: number): void {
    const [start, end] = this.range;
    const centre =
      around ?? (this.cursorSeconds >= start && this.cursorSeconds <= end ? this.cursorSeconds : (start + end) / 2);
    this.showRange([centre - (centre - start) * factor, centre + (end - centre) * factor]);
  }

  showAll(): void {
    this.showRange([0, this.state.durationSeconds]);
  }

  /** Lights a token up, as when another view points at it. */
  point(token: number | null): void {
    this.cursor = token;
    this.placeOverlay();
  }

  /** Lights up what a word looked at. `reveal` brings the token looked at most into view. */
  lightWord(word: LitWord | null, reveal = false): void {
    this.litWord = word;
    const { tokens } = this.state;
    if (word && tokens && reveal) {
      const [start, end] = this.range;
      const at = tokens.startOf(word.peak);
      if (at < start || at > end) {
        this.showRange([at - (end - start) / 2, at + (end - start) / 2]);
        return;
      }
    }
    this.placeWord();
  }

  movePlayhead(seconds: number | null): void {
    this.playheadSeconds = seconds;
    if (seconds !== null) {
      const [start, end] = this.range;
      // Turns the page where only a part is in view.
      if (seconds >= end && end < this.state.durationSeconds) this.showRange([end, end + (end - start)]);
    }
    this.placeOverlay();
  }

  /** A picture of the figure, for export. */
  async toImage(): Promise<string> {
    return this.plotly!.toImage(this.plot, {
      format: 'png',
      width: this.node.clientWidth,
      height: this.figureHeight(),
      scale: 2,
    });
  }

  dispose(): void {
    this.disposed = true;
    cancelAnimationFrame(this.pendingRender);
    clearTimeout(this.pendingPeaks);
    clearTimeout(this.pendingPicture);
    for (const stop of this.stop) stop();
    this.plotly?.purge(this.plot);
    this.node.remove();
  }

  // --- listening

  private listen(): void {
    const resized = new ResizeObserver(() => this.render());
    resized.observe(this.node);
    this.stop.push(
      () => resized.disconnect(),
      onThemeChange(() => {
        this.palette = readPalette();
        this.picture = undefined;
        this.render();
      }),
    );
    this.node.addEventListener('pointermove', (event) => this.hover(event));
    this.node.addEventListener('pointerleave', () => {
      this.tooltip.hidden = true;
      this.point(null);
      this.events.point?.(null);
    });
    this.node.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    this.node.addEventListener('keydown', (event) => this.key(event));
    this.node.addEventListener('blur', () => (this.tooltip.hidden = true));
    let down: { x: number; y: number } | undefined;
    let lastClick = -Infinity;
    this.node.addEventListener('pointerdown', (event) => (down = { x: event.clientX, y: event.clientY }), true);
    // On the window, because Plotly covers the page while the button is down to follow a drag.
    const up = (event: PointerEvent) => {
      const still = down && Math.hypot(event.clientX - down.x, event.clientY - down.y) < 4;
      down = undefined;
      if (!still) return;
      // Plotly's cover swallows `dblclick`.
      if (event.timeStamp - lastClick < 400) {
        lastClick = -Infinity;
        this.events.stop?.();
        this.showAll();
        return;
      }
      lastClick = event.timeStamp;
      const seconds = this.secondsAt(event.clientX);
      if (seconds === undefined) return;
      this.moveCursor(seconds);
      this.events.seek?.(seconds);
    };
    window.addEventListener('pointerup', up, true);
    this.stop.push(() => window.removeEventListener('pointerup', up, true));
  }

  private hover(event: PointerEvent): void {
    const seconds = this.secondsAt(event.clientX);
    if (seconds === undefined) {
      this.tooltip.hidden = true;
      return;
    }
    const top = event.clientY - this.node.getBoundingClientRect().top;
    const token = this.state.tokens?.tokenAt(seconds) ?? null;
    if (token !== this.cursor) {
      this.point(token);
      this.events.point?.(token);
    }
    this.showTooltip(seconds, token, top);
  }

  private wheel(event: WheelEvent): void {
    const [start, end] = this.range;
    const seconds = this.secondsAt(event.clientX);
    if ((event.ctrlKey || event.metaKey) && seconds !== undefined) {
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY * 0.004), seconds);
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      const by = ((event.deltaX || event.deltaY) / this.plotWidth()) * (end - start);
      this.showRange([start + by, end + by]);
    }
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = (this.state.tokens?.secondsPerToken ?? 0.04) * (event.shiftKey ? 10 : 1);
    const action: Record<string, () => void> = {
      'ArrowRight': () => this.moveCursor(this.cursorSeconds + step),
      'ArrowLeft': () => this.moveCursor(this.cursorSeconds - step),
      'PageDown': () => this.moveCursor(this.cursorSeconds + (this.range[1] - this.range[0]) / 2),
      'PageUp': () => this.moveCursor(this.cursorSeconds - (this.range[1] - this.range[0]) / 2),
      'Home': () => this.moveCursor(0),
      'End': () => this.moveCursor(this.state.durationSeconds - step / 2),
      '+': () => this.zoom(0.5),
      '=': () => this.zoom(0.5),
      '-': () => this.zoom(2),
      '0': () => this.showAll(),
      'Escape': () => this.showAll(),
      'Enter': () => this.events.seek?.(this.cursorSeconds),
    };
    const act = action[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  private moveCursor(seconds: number): void {
    const token = this.state.tokens?.tokenAt(Math.min(Math.max(0, seconds), this.state.durationSeconds - 1e-3));
    this.cursorSeconds =
      token === undefined
        ? Math.min(Math.max(0, seconds), this.state.durationSeconds)
        : this.state.tokens!.startOf(token) + this.state.tokens!.secondsPerToken / 4;
    const [start, end] = this.range;
    if (this.cursorSeconds < start || this.cursorSeconds > end) {
      const width = end - start;
      this.showRange([this.cursorSeconds - width / 2, this.cursorSeconds + width / 2]);
    }
    this.point(token ?? null);
    this.events.point?.(token ?? null);
    this.showTooltip(this.cursorSeconds, token ?? null);
    this.updateAria();
  }

  private updateAria(): void {
    const facts = this.factsAt(this.cursor);
    const attention = facts && this.state.tokens?.hasScores ? `attention ${times(facts.multiple)} average, ` : '';
    this.node.setAttribute('aria-valuemax', this.state.durationSeconds.toFixed(2));
    this.node.setAttribute('aria-valuenow', Math.min(this.cursorSeconds, this.state.durationSeconds).toFixed(2));
    this.node.setAttribute(
      'aria-valuetext',
      facts
        ? `${clock(facts.startSeconds, 2)}, token ${String(facts.token)}, ${attention}${facts.reason}`
        : clock(this.cursorSeconds, 2),
    );
  }

  private factsAt(token: number | null, strip?: Strip): TokenFacts | undefined {
    const { tokens, settings, chosen } = this.state;
    if (token === null || !tokens) return undefined;
    return factsOf(tokens, strip?.settings ?? settings, strip ? strip.kept : chosen, token);
  }

  // --- overlay

  private showTooltip(seconds: number, token: number | null, top?: number): void {
    const strip = top === undefined ? undefined : this.stripAt(top);
    const facts = this.factsAt(token, strip);
    const lines: Node[] = [];
    if (facts) {
      const line = (label: string, value: string) => {
        lines.push(element('dt', { text: label }), element('dd', { text: value }));
      };
      line('Token', `${String(facts.token)} of ${String(this.state.tokens!.total)}`);
      line('Time', `${clock(facts.startSeconds, 2)} – ${clock(facts.endSeconds, 2)}`);
      if (this.state.tokens!.hasScores) {
        line('Attention', `${times(facts.multiple)} average (score ${facts.score.toPrecision(3)})`);
        line('Rank', `${String(facts.rank)} of ${String(facts.of)}${this.windowWords(facts)}`);
      }
      if (facts.segment) line('Segment', `${String(facts.segment.number)} of ${String(facts.segment.of)}`);
      if (facts.kept !== undefined) line(strip?.label ?? 'Choice', facts.reason);
      const { decoder } = this.state;
      if (decoder?.[facts.token] !== undefined) line('Decoder', `${times(decoder[facts.token]!)} average kept token`);
      const looked = this.litWord?.tokens[facts.token - this.litWord.firstToken];
      if (this.litWord && looked !== undefined) line(`“${this.litWord.text}”`, `${percent(looked)} of its attention`);
    } else {
      lines.push(element('dt', { text: 'Time' }), element('dd', { text: clock(seconds, 2) }));
    }
    const frequency = top === undefined ? undefined : this.frequencyAt(top);
    if (frequency !== undefined) {
      lines.push(element('dt', { text: 'Frequency' }), element('dd', { text: hertz(frequency) }));
    }
    this.tooltip.replaceChildren(element('dl', {}, ...lines));
    this.tooltip.hidden = false;
    const left = this.leftOf(seconds) + 14;
    const width = this.tooltip.offsetWidth;
    const flipped = left + width > this.node.clientWidth;
    this.tooltip.style.left = `${String(Math.max(2, flipped ? left - width - 28 : left))}px`;
    const height = this.figureHeight();
    this.tooltip.style.top = `${String(Math.min((top ?? heights.top + heights.waveform) + 14, height - this.tooltip.offsetHeight - 2))}px`;
  }

  private windowWords(facts: TokenFacts): string {
    return (this.state.tokens?.windows.length ?? 1) > 1 ? ` in window ${String(facts.window + 1)}` : '';
  }

  private placeOverlay(): void {
    const { tokens } = this.state;
    const [start, end] = this.range;
    this.overlay.style.left = `${String(this.margin())}px`;
    this.overlay.style.width = `${String(this.plotWidth())}px`;
    this.overlay.style.height = `${String(this.figureHeight() - heights.axis)}px`;
    const toPixels = this.plotWidth() / (end - start);
    this.pointed.hidden = this.cursor === null || !tokens;
    if (this.cursor !== null && tokens) {
      const from = tokens.startOf(this.cursor);
      this.pointed.style.transform = `translateX(${String((from - start) * toPixels)}px)`;
      this.pointed.style.width = `${String(Math.max(1, (tokens.endOf(this.cursor) - from) * toPixels))}px`;
    }
    const seconds = this.playheadSeconds;
    this.playhead.hidden = seconds === null || seconds < start || seconds > end;
    if (seconds !== null) {
      this.playhead.style.transform = `translateX(${String((seconds - start) * toPixels)}px)`;
    }
    this.placeWord();
  }

  /** The heat of the word pointed at, over its tokens, and a marker at the highest. Drawn without a new layout. */
  private placeWord(): void {
    const { litWord: word, wordRow: canvas, palette } = this;
    const { tokens, words } = this.state;
    const width = this.plotWidth();
    const [start, end] = this.range;
    const toPixels = width / (end - start);
    canvas.hidden = words !== true || !tokens;
    this.wordPeak.hidden = true;
    if (canvas.hidden || !tokens) return;
    const density = window.devicePixelRatio || 1;
    canvas.style.top = `${String(this.stripsTop() + 2)}px`;
    canvas.style.width = `${String(width)}px`;
    canvas.style.height = `${String(heights.strip - 4)}px`;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round((heights.strip - 4) * density);
    canvas.dataset['word'] = word?.text ?? '';
    if (!word) return;
    const context = canvas.getContext('2d')!;
    context.scale(density, density);
    context.fillStyle = palette.decoder;
    const highest = word.tokens.reduce((a, b) => Math.max(a, b), 0) || 1;
    for (const [i, value] of word.tokens.entries()) {
      if (value <= 0) continue;
      const token = word.firstToken + i;
      const from = (tokens.startOf(token) - start) * toPixels;
      const size = Math.max(1, (tokens.endOf(token) - tokens.startOf(token)) * toPixels);
      if (from + size < 0 || from > width) continue;
      context.globalAlpha = value / highest;
      context.fillRect(from, 0, size, heights.strip);
    }
    const peak = ((tokens.startOf(word.peak) + tokens.endOf(word.peak)) / 2 - start) * toPixels;
    this.wordPeak.hidden = peak < 0 || peak > width;
    this.wordPeak.style.transform = `translateX(${String(peak)}px)`;
    this.wordPeak.style.background = palette.decoder;
  }

  // --- geometry: margins are fixed, so times and pixels convert without asking Plotly

  private margin(): number {
    return this.node.clientWidth < 560 ? 84 : 124;
  }

  private plotWidth(): number {
    return Math.max(40, this.node.clientWidth - this.margin() - 12);
  }

  private figureHeight(): number {
    const { waveform, spectrogram, attention, strip, gap, axis, top } = heights;
    return top + waveform + gap + spectrogram + gap + attention + gap + strip * this.rows() + axis;
  }

  /** Rows of kept tokens, and the row of the word above them. */
  private rows(): number {
    return Math.max(1, this.state.strips.length) + this.wordRows();
  }

  private wordRows(): 0 | 1 {
    return this.state.words === true ? 1 : 0;
  }

  private stripsTop(): number {
    const { waveform, spectrogram, attention, gap } = heights;
    return heights.top + waveform + gap + spectrogram + gap + attention + gap;
  }

  private leftOf(seconds: number): number {
    return this.margin() + ((seconds - this.range[0]) / (this.range[1] - this.range[0])) * this.plotWidth();
  }

  private secondsAt(clientX: number): number | undefined {
    const share = (clientX - this.node.getBoundingClientRect().left - this.margin()) / this.plotWidth();
    const [start, end] = this.range;
    return share < 0 || share > 1 ? undefined : start + share * (end - start);
  }

  private stripAt(top: number): Strip | undefined {
    return this.state.strips[Math.floor((top - this.stripsTop()) / heights.strip) - this.wordRows()];
  }

  private frequencyAt(top: number): number | undefined {
    const mel = this.state.tokens?.windows[0]?.analysis.mel;
    const share = 1 - (top - heights.top - heights.waveform - heights.gap) / heights.spectrogram;
    return mel && share >= 0 && share < 1 ? mel.frequencies[Math.floor(share * mel.bins)] : undefined;
  }

  // --- drawing

  private render(): void {
    cancelAnimationFrame(this.pendingRender);
    this.pendingRender = requestAnimationFrame(() => {
      if (!this.plotly || this.disposed || this.node.clientWidth === 0) return;
      const first = !this.plot.hasChildNodes();
      this.plot.style.height = `${String(this.figureHeight())}px`;
      void this.plotly.react(this.plot, this.traces(), this.layout(), {
        displayModeBar: false,
        doubleClick: false,
        showTips: false,
      });
      if (first) {
        (this.plot as unknown as PlotlyTypes.PlotlyHTMLElement).on('plotly_relayout', (change) => {
          const start = change['xaxis.range[0]'];
          const end = change['xaxis.range[1]'];
          if (start !== undefined && end !== undefined) this.showRange([start, end]);
        });
      }
      this.placeOverlay();
    });
  }

  private requestCloserPeaks(): void {
    clearTimeout(this.pendingPeaks);
    const { peaks } = this.state;
    const [start, end] = this.range;
    if (!this.events.readPeaks || !peaks || columnsWithin(peaks, this.range) > 600) return;
    if (this.closerPeaks && covers(this.closerPeaks, this.range) && columnsWithin(this.closerPeaks, this.range) > 400)
      return;
    this.pendingPeaks = setTimeout(() => {
      void this.events.readPeaks?.(start, end, 1200).then(
        (closer) => {
          // Of a sound that was replaced meanwhile.
          if (peaks !== this.state.peaks) return;
          this.closerPeaks = closer;
          this.render();
        },
        // The outline that is drawn stays; it is only less sharp.
        () => undefined,
      );
    }, 120);
  }

  private traces(): Partial<PlotlyTypes.PlotData>[] {
    return [this.waveform(), ...this.attention(), ...this.decoder(), ...this.strips(), nothing('y2')];
  }

  private waveform(): Partial<PlotlyTypes.PlotData> {
    const closer = this.closerPeaks;
    const peaks = closer && covers(closer, this.range) ? closer : this.state.peaks;
    if (!peaks || peaks.min.length === 0) return nothing('y');
    const columns = peaks.min.length;
    const width = (peaks.endSeconds - peaks.startSeconds) / columns;
    const from = clamp(Math.floor((this.range[0] - peaks.startSeconds) / width) - 1, 0, columns);
    const to = clamp(Math.ceil((this.range[1] - peaks.startSeconds) / width) + 1, 0, columns);
    const high = envelope(peaks.max, from, to, 2000);
    const low = envelope(peaks.min, from, to, 2000);
    const seconds = high.at.map((column) => peaks.startSeconds + (column + 0.5) * width);
    return {
      ...silent('y'),
      x: [...seconds, ...seconds.toReversed()],
      y: [...high.max, ...low.min.toReversed()],
      fill: 'toself',
      fillcolor: this.palette.waveform,
      line: { color: this.palette.waveform, width: 0.5 },
    };
  }

  private attention(): Partial<PlotlyTypes.PlotData>[] {
    const { tokens } = this.state;
    if (!tokens?.hasScores) return [nothing('y3')];
    const [from, to] = this.tokensInView(tokens);
    const x: number[] = [];
    const y: (number | null)[] = [];
    const style = { color: this.palette.attention, width: 1.6 };
    if (to - from <= drawnTokens) {
      for (let token = from; token < to; token++) {
        x.push(tokens.startOf(token), tokens.endOf(token));
        y.push(tokens.multiple(token), tokens.multiple(token));
      }
      return [{ ...silent('y3'), x, y, fill: 'tozeroy', fillcolor: faded(this.palette.attention, 0.3), line: style }];
    }
    const { at, min, max } = envelope(this.multiples(tokens), from, to, drawnTokens / 2);
    const seconds = at.map((token) => tokens.startOf(token));
    return [
      {
        ...silent('y3'),
        x: [...seconds, ...seconds.toReversed()],
        y: [...max, ...min.toReversed()],
        fill: 'toself',
        fillcolor: this.palette.attention,
        line: { ...style, width: 0.5 },
      },
    ];
  }

  /** A line without a filling, so that it is told from the scores without its colour. */
  private decoder(): Partial<PlotlyTypes.PlotData>[] {
    const { tokens, decoder } = this.state;
    if (!tokens || decoder?.length !== tokens.total) return [];
    const [from, to] = this.tokensInView(tokens);
    const x: number[] = [];
    const y: number[] = [];
    if (to - from <= drawnTokens) {
      for (let token = from; token < to; token++) {
        x.push(tokens.startOf(token), tokens.endOf(token));
        y.push(decoder[token]!, decoder[token]!);
      }
    } else {
      const { at, max } = envelope(decoder, from, to, drawnTokens / 2);
      x.push(...at.map((token) => tokens.startOf(token)));
      y.push(...max);
    }
    return [{ ...silent('y3'), x, y, line: { color: this.palette.decoder, width: 1.6 } }];
  }

  /** The highest that is drawn of the attention: a single token that takes everything must not flatten the rest. */
  private attentionScale(): { readonly top: number; readonly beyond: number | undefined } {
    const scores = this.cachedMultiples?.top ?? 2;
    const decoder = this.state.decoder?.reduce((a, b) => Math.max(a, b), 0) ?? 0;
    const top = Math.max(scores, Math.min(decoder, scores * 2)) * 1.08;
    return { top, beyond: decoder > top ? decoder : undefined };
  }

  private cachedMultiples:
    { readonly tokens: ClipTokens; readonly values: Float32Array; readonly top: number } | undefined;

  private multiples(tokens: ClipTokens): Float32Array {
    if (this.cachedMultiples?.tokens !== tokens) {
      const values = new Float32Array(tokens.total);
      let top = 1;
      for (const { analysis, scores, uniform } of tokens.windows) {
        for (let i = 0; i < scores.length; i++) {
          const value = uniform > 0 ? scores[i]! / uniform : 0;
          values[analysis.firstToken + i] = value;
          if (value > top) top = value;
        }
      }
      this.cachedMultiples = { tokens, values, top };
    }
    return this.cachedMultiples.values;
  }

  private strips(): Partial<PlotlyTypes.PlotData>[] {
    const { tokens, strips } = this.state;
    if (!tokens || strips.length === 0) return [nothing('y4')];
    const [from, to] = this.tokensInView(tokens);
    return strips.flatMap((strip, row) => {
      const base = strips.length - 1 - row;
      const colour = strip.preview ? this.palette.preview : this.palette.kept;
      const spans = spansWithin(strip.kept.spans, from, to);
      if (spans.length > drawnTokens) {
        const { at, share } = keptShare(strip.kept.slotSizes, from, to, drawnTokens / 2);
        const x = at.map((token) => tokens.startOf(token));
        return [
          {
            ...silent('y4'),
            x: [x[0]!, ...x, x.at(-1)!],
            y: [base + 0.14, ...share.map((kept) => base + 0.14 + kept * 0.72), base + 0.14],
            fill: 'toself',
            fillcolor: colour,
            line: { width: 0 },
          },
        ];
      }
      return [false, true].map((merged): Partial<PlotlyTypes.PlotData> => {
        const x: (number | null)[] = [];
        const y: (number | null)[] = [];
        for (const span of spans) {
          if (span.merged !== merged) continue;
          const start = tokens.startOf(span.start);
          const end = tokens.endOf(span.end - 1);
          const low = base + (merged ? 0.26 : 0.14);
          const high = base + (merged ? 0.74 : 0.86);
          x.push(start, start, end, end, start, null);
          y.push(low, high, high, low, low, null);
        }
        if (x.length === 0) return nothing('y4');
        return {
          ...silent('y4'),
          x,
          y,
          fill: 'toself',
          // Merged slots are hollow, so that the two are told apart without colour.
          fillcolor: merged ? faded(colour, 0.35) : colour,
          line: { color: colour, width: merged ? 1 : 0 },
        };
      });
    });
  }

  private tokensInView(tokens: ClipTokens): Range {
    const last = tokens.windows.at(-1)?.analysis.endSeconds ?? 0;
    const from = tokens.tokenAt(Math.max(0, this.range[0])) ?? (this.range[0] >= last ? tokens.total : 0);
    const to = tokens.tokenAt(this.range[1]);
    return [from, to === undefined ? tokens.total : to + 1];
  }

  private layout(): Partial<PlotlyTypes.Layout> {
    const { palette } = this;
    const { tokens, strips } = this.state;
    if (tokens) this.multiples(tokens);
    const height = this.figureHeight();
    const inner = height - heights.top - heights.axis;
    let above = 0;
    const domain = (size: number): [number, number] => {
      const top = 1 - above / inner;
      above += size + heights.gap;
      return [Math.max(0, top - size / inner), top];
    };
    const rows = this.rows();
    const [waveform, spectrogram, attention, kept] = [
      domain(heights.waveform),
      domain(heights.spectrogram),
      domain(heights.attention),
      domain(heights.strip * rows),
    ] as const;
    const frequencies = tokens?.windows[0]?.analysis.mel.frequencies;
    const ticks = frequencies ? frequencyTicks(frequencies) : { bins: [], hertz: [] };
    const axis = { fixedrange: true, zeroline: false, gridcolor: palette.grid, ticks: '' as const, automargin: false };
    const { top } = this.attentionScale();
    const time = timeTicks(this.range, this.plotWidth());
    return {
      width: this.node.clientWidth,
      height,
      margin: { l: this.margin(), r: 12, t: heights.top, b: heights.axis, pad: 0 },
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      font: { family: palette.font, size: palette.fontSize, color: palette.faint },
      showlegend: false,
      hovermode: false,
      dragmode: 'zoom',
      xaxis: {
        range: [...this.range],
        anchor: 'y4',
        zeroline: false,
        gridcolor: palette.grid,
        tickvals: time,
        ticktext: time.map((seconds) => clock(seconds, time[1] !== undefined && time[1] - time[0]! < 1 ? 2 : 0)),
        ticks: 'outside',
        ticklen: 3,
        tickcolor: palette.boundary,
        automargin: false,
      },
      yaxis: { ...axis, domain: waveform, range: [-1, 1], tickvals: [-1, 0, 1] },
      yaxis2: {
        ...axis,
        domain: spectrogram,
        range: [-0.5, (frequencies?.length ?? 1) - 0.5],
        showgrid: false,
        tickvals: ticks.bins,
        ticktext: ticks.hertz.map(hertz),
      },
      yaxis3: { ...axis, domain: attention, range: [0, top], ticksuffix: '×', nticks: 4 },
      yaxis4: {
        ...axis,
        domain: kept,
        range: [0, rows],
        showgrid: false,
        tickvals: [...(this.state.words ? [rows - 0.5] : []), ...strips.map((_, row) => strips.length - 0.5 - row)],
        ticktext: [...(this.state.words ? ['Words'] : []), ...strips.map(({ label }) => label)],
      },
      shapes: this.boundaries(),
      images: this.spectrogram(frequencies?.length),
      annotations: this.rowTitles(attention[1]),
    };
  }

  /** Names of the rows, inside the plot where they cost no width. */
  private rowTitles(attentionTop: number): Partial<PlotlyTypes.Annotations>[] {
    const title = (text: string, y: number): Partial<PlotlyTypes.Annotations> => ({
      text,
      x: 1,
      xref: 'paper',
      xanchor: 'right',
      y,
      yref: 'paper',
      yanchor: 'top',
      showarrow: false,
      font: { color: this.palette.faint, size: this.palette.fontSize - 1 },
      bgcolor: faded(this.palette.background, 0.75),
    });
    if (!this.state.tokens) return [];
    if (!this.state.tokens.hasScores) return [title('this model gives no attention', attentionTop)];
    if (!this.state.decoder) return [title('attention received (× average token)', attentionTop)];
    const { beyond } = this.attentionScale();
    const { attention, decoder } = this.palette;
    const off = beyond === undefined ? '' : `, highest ${times(beyond)}`;
    const words = `<span style="color:${attention}">■</span> encoder scores and <span style="color:${decoder}">▬</span> decoder attention${off} (× average token)`;
    return [title(words, attentionTop)];
  }

  private boundaries(): Partial<PlotlyTypes.Shape>[] {
    const { tokens, settings } = this.state;
    if (!tokens) return [];
    const [start, end] = this.range;
    const uniform: Partial<PlotlyTypes.Shape> = {
      type: 'line',
      xref: 'paper',
      x0: 0,
      x1: 1,
      yref: 'y3',
      y0: 1,
      y1: 1,
      line: { color: this.palette.boundary, width: 1, dash: 'dash' },
    };
    const line = (x: number, dash: string, width: number, from: number): Partial<PlotlyTypes.Shape> => ({
      type: 'line',
      xref: 'x',
      x0: x,
      x1: x,
      yref: 'paper',
      y0: 0,
      y1: from,
      line: { color: this.palette.boundary, width, dash: dash as PlotlyTypes.Dash },
    });
    const inView = tokens.windows.filter(({ analysis }) => analysis.endSeconds > start && analysis.startSeconds < end);
    const windows = inView.length > 120 ? [] : inView.filter(({ analysis }) => analysis.index > 0);
    const segments = inView.flatMap((window) =>
      inView.length > 12
        ? []
        : (segmentsOf(window, settings) ?? [])
            .filter((segment) => segment.start > 0)
            .map((segment) => tokens.startOf(window.analysis.firstToken + segment.start)),
    );
    return [
      ...(tokens.hasScores ? [uniform] : []),
      ...windows.map(({ analysis }) => line(analysis.startSeconds, 'solid', 1.5, 1)),
      ...(segments.length > 300 ? [] : segments.map((seconds) => line(seconds, 'dot', 1, this.attentionTop()))),
    ];
  }

  private attentionTop(): number {
    const inner = this.figureHeight() - heights.top - heights.axis;
    return 1 - (heights.waveform + heights.gap) / inner;
  }

  private spectrogram(bins: number | undefined): Partial<PlotlyTypes.Image>[] {
    const { tokens } = this.state;
    if (!tokens || bins === undefined) return [];
    const [start, end] = this.range;
    // A margin on both sides, so that a pan shows sound before the view is drawn anew.
    const from = Math.max(0, start - (end - start) / 2);
    const to = Math.min(this.state.durationSeconds, end + (end - start) / 2);
    const columns = Math.min(
      2048,
      Math.max(64, Math.ceil((to - from) / (tokens.windows[0]?.analysis.mel.secondsPerFrame ?? 0.01))),
    );
    const key = `${String(from)}-${String(to)}-${String(tokens.windows.length)}`;
    const draw = () => {
      const windows = tokens.windows.map(({ analysis }) => analysis);
      const source = spectrogramImage(windows, from, to, columns, this.palette.soundScale);
      this.picture = { key, source, from, to };
    };
    clearTimeout(this.pendingPicture);
    if (!this.picture) draw();
    else if (this.picture.key !== key) {
      // The picture at hand stands at its own times and is only less sharp: zooming does not wait for a new one.
      this.pendingPicture = setTimeout(() => {
        draw();
        this.render();
      }, 80);
    }
    const picture = this.picture;
    if (picture?.source === undefined) return [];
    return [
      {
        source: picture.source,
        xref: 'x',
        yref: 'y2',
        x: picture.from,
        y: bins - 0.5,
        sizex: picture.to - picture.from,
        sizey: bins,
        xanchor: 'left',
        yanchor: 'top',
        sizing: 'stretch',
        layer: 'below',
      },
    ];
  }
}

function silent(yaxis: string): Partial<PlotlyTypes.PlotData> {
  return { type: 'scatter', mode: 'lines', hoverinfo: 'skip', xaxis: 'x', yaxis };
}

/** Keeps a subplot alive while it has no data. */
function nothing(yaxis: string): Partial<PlotlyTypes.PlotData> {
  return { ...silent(yaxis), x: [null], y: [null] };
}

function covers(peaks: Peaks, [start, end]: Range): boolean {
  return peaks.startSeconds <= start + 1e-6 && peaks.endSeconds >= end - 1e-6;
}

function columnsWithin(peaks: Peaks, [start, end]: Range): number {
  return (peaks.min.length * (end - start)) / Math.max(1e-9, peaks.endSeconds - peaks.startSeconds);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** Round times about every 90 pixels. */
function timeTicks([start, end]: Range, width: number): number[] {
  const wanted = ((end - start) * 90) / width;
  const steps = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  const step = steps.find((candidate) => candidate >= wanted) ?? 7200;
  const first = Math.ceil(start / step - 1e-9);
  return Array.from({ length: Math.max(0, Math.floor(end / step + 1e-9) - first + 1) }, (_, i) => (first + i) * step);
}
