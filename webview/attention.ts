import '@vscode/codicons/dist/codicon.css';
import './style.css';
import type { ModelInfo } from '../src/protocol/model';
import * as view from '../src/protocol/view';
import { ClipTokens } from './clip-tokens';
import { connect, readableError } from './connection';
import { headOptions, headReduceOf } from './controls';
import { Distribution } from './distribution';
import { element } from './element';
import { dropdown, type Field } from './fields';
import { Heads } from './heads';
import { Notices } from './notice';
import { Ranking } from './ranking';
import { registerToolkit } from './toolkit';
import { clock, times } from './words-for-numbers';

registerToolkit();
const connection = connect(acquireVsCodeApi());

/** The attention of the active editor's sound: by head, as a distribution, and token by token. */
class AttentionPane {
  private readonly heads: Heads;
  private readonly distribution = new Distribution();
  private readonly ranking: Ranking;
  private readonly title = element('h1');
  private readonly pointedWords = element('p', { class: 'about' });
  private readonly concentration = element('p', { class: 'count' });
  private readonly chooser = element('div', { class: 'chooser-slot' });
  private readonly marker = element('div', { class: 'pointed', attributes: { hidden: '' } });
  private readonly overlay = element('div', { class: 'timeline-overlay' }, this.marker);
  private readonly content: HTMLElement;
  private readonly empty = element('p', {
    class: 'empty',
    text: 'Open a sound with Earmark, and the attention its tokens receive appears here.',
  });
  private tokens: ClipTokens | undefined;
  private shown: view.AttentionState | undefined;
  private headField: { readonly heads: number; readonly field: Field<string> } | undefined;
  private pointed: number | null = null;

  constructor(root: HTMLElement) {
    this.heads = new Heads(
      (token) => this.point(token),
      (head) => this.choose(String(head)),
      () => this.placeMarker(),
    );
    this.ranking = new Ranking((token) => this.point(token));
    this.heads.chart.node.append(this.overlay);
    this.content = element(
      'div',
      { class: 'attention', attributes: { hidden: '' } },
      element('header', { class: 'title' }, this.title, this.chooser, this.pointedWords),
      element(
        'section',
        { class: 'attention-heads' },
        element('h2', { text: 'Received from each head' }),
        this.heads.chart.node,
      ),
      element(
        'section',
        { class: 'attention-spread' },
        element('h2', { text: 'Distribution' }),
        this.concentration,
        this.distribution.chart.node,
      ),
      element('section', { class: 'attention-ranking' }, element('h2', { text: 'Tokens by rank' }), this.ranking.node),
    );
    root.replaceChildren(this.empty, this.content);
    connection.onNotification(view.attention, ({ state }) => this.show(state));
    connection.onNotification(view.pointAt, ({ token }) => this.light(token));
    connection.onNotification(view.stateChanged, ({ fileName, models }) => this.explain(fileName, models));
  }

  explain(fileName: string | undefined, models: readonly ModelInfo[]): void {
    if (this.tokens?.hasScores === false) return;
    this.empty.textContent =
      fileName === undefined
        ? 'Open a sound with Earmark, and the attention its tokens receive appears here.'
        : models.length === 0
          ? 'No model was found. Attention needs a model pack: see the Earmark settings.'
          : `${fileName} has not been encoded yet. Its attention appears here as soon as it has.`;
  }

  private show(state: view.AttentionState | null): void {
    this.content.hidden = state === null;
    this.empty.hidden = state !== null;
    if (!state) {
      this.tokens = undefined;
      this.shown = undefined;
      return;
    }
    const same =
      this.shown?.settings.headReduce === state.settings.headReduce &&
      this.shown.analysis.clipId === state.analysis.clipId &&
      this.shown.analysis.modelId === state.analysis.modelId;
    // Every message brings a copy; what is drawn from is only made anew where it differs.
    const analysis = same ? this.shown!.analysis : state.analysis;
    this.shown = { ...state, analysis };
    const { headReduce, keepRatio } = state.settings;
    if (!same || !this.tokens) this.tokens = new ClipTokens(analysis, headReduce);
    const { tokens } = this;
    if (!tokens.hasScores) {
      this.content.hidden = true;
      this.empty.hidden = false;
      this.empty.textContent = `The attention of the model ${analysis.modelId} can not be read: there is nothing to show of ${state.fileName}.`;
      return;
    }
    const multiples = Float32Array.from({ length: tokens.total }, (_, token) => tokens.multiple(token));
    this.title.textContent = state.fileName;
    this.showChooser(analysis.windows[0]?.heads ?? 0, String(headReduce));
    this.heads.show({ analysis, tokens, headReduce });
    this.concentration.textContent = this.distribution.show(multiples, keepRatio < 1 ? keepRatio : 0.25);
    this.ranking.show(tokens, multiples, state.kept && new Set(state.kept));
    this.light(this.pointed);
  }

  private showChooser(heads: number, value: string): void {
    if (this.headField?.heads !== heads) {
      const field = dropdown(
        { label: 'Attention heads', description: 'How the heads become the one score that strategies use.' },
        headOptions(heads),
        value,
        (chosen) => this.choose(chosen),
        true,
      );
      this.headField = { heads, field };
      this.chooser.replaceChildren(field.node);
    }
    this.headField.field.set(value);
  }

  private choose(value: string): void {
    void connection.sendNotification(view.chooseHead, { headReduce: headReduceOf(value) });
  }

  /** Pointed at here: lights up here and in the editor. */
  private point(token: number | null): void {
    if (token === this.pointed) return;
    this.light(token);
    void connection.sendNotification(view.pointAt, { token });
  }

  private light(token: number | null): void {
    this.pointed = token;
    const { tokens } = this;
    this.pointedWords.textContent =
      token === null || !tokens || token >= tokens.total
        ? ''
        : `Token ${String(token)}, ${clock(tokens.startOf(token), 2)}: ${times(tokens.multiple(token))} average`;
    this.ranking.light(token);
    this.placeMarker();
  }

  private placeMarker(): void {
    const { tokens, pointed } = this;
    this.marker.hidden = pointed === null || !tokens;
    if (pointed === null || !tokens) return;
    const { left, right, bottom } = this.heads.margin;
    const width = this.heads.chart.node.clientWidth - left - right;
    this.overlay.style.left = `${String(left)}px`;
    this.overlay.style.width = `${String(width)}px`;
    this.overlay.style.height = `${String(this.heads.height - bottom)}px`;
    this.marker.style.transform = `translateX(${String((pointed / tokens.total) * width)}px)`;
    this.marker.style.width = `${String(Math.max(2, width / tokens.total))}px`;
  }
}

async function start(): Promise<void> {
  const root = document.getElementById('root')!;
  const pane = new AttentionPane(root);
  try {
    const { fileName, models } = await connection.sendRequest(view.ready, undefined);
    pane.explain(fileName, models);
  } catch (thrown) {
    const notices = new Notices((command) => void connection.sendNotification(view.hostCommand, { command }));
    notices.error(readableError(thrown));
    root.prepend(notices.node);
  }
}

void start();
