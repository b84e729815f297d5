import * as vscode from 'vscode';
import type {
  CancellationToken,
  MessageConnection,
  NotificationType,
  ProgressType,
  RequestParam,
} from 'vscode-jsonrpc';
import type { ClipInfo, ClipProgress } from '../protocol/clip';
import type { ComparisonSettings } from '../protocol/comparison';
import { EarmarkError } from '../protocol/errors';
import { answer, signalOf } from '../protocol/rpc';
import type { Run, RunEvent, RunSettings } from '../protocol/run';
import * as protocol from '../protocol/view';
import { renderReport } from '../report/report';
import { runHostCommand } from './host-commands';
import { readReportAssets } from './report-assets';
import { saveAs } from './save-as';
import { settingsLink } from './settings-link';
import type { ViewSettings } from './settings';
import type { Sound } from './sound';
import { viewState, type ViewServices } from './view-state';
import { servePages, type ViewName } from './webview-page';

/** One webview that shows a sound: answers what it asks, tells it what changes, relays what it points at. */
export class SoundView implements vscode.Disposable {
  private readonly attentionChanged = new vscode.EventEmitter<protocol.AttentionState | null>();
  readonly onDidChangeAttention = this.attentionChanged.event;
  private readonly pointed = new vscode.EventEmitter<number | null>();
  readonly onDidPoint = this.pointed.event;
  private readonly disposables: vscode.Disposable[];
  private connection: MessageConnection | undefined;
  /** Ends what a page asked for when it is gone: nobody listens any more, and others wait for the engine. */
  private gone = new AbortController();
  /** The page has drawn its sound and can obey commands. */
  private isOpen = false;
  /** Sent as soon as it can. */
  private waiting: (() => void)[] = [];
  private attentionState: protocol.AttentionState | null = null;

  constructor(
    readonly sound: Sound,
    webview: vscode.Webview,
    view: ViewName,
    private readonly services: ViewServices,
  ) {
    const tellState = (): void => {
      void this.tellState();
    };
    this.disposables = [
      servePages(webview, services.extensionUri, view, sound.uri, (connection) => {
        this.attach(connection);
      }),
      sound.onDidChange(tellState),
      services.engine.onDidChangeState(tellState),
      this.attentionChanged,
      this.pointed,
    ];
  }

  /** What the attention pane shows while this view is the active one. */
  get attention(): protocol.AttentionState | null {
    return this.attentionState;
  }

  /** Hands a command of the palette to the view, once its sound is open. */
  command(command: protocol.ViewCommand): void {
    this.whenOpen(() => {
      this.notify(protocol.command, { command });
    });
  }

  showExperiment(name: string): void {
    this.whenOpen(() => {
      this.notify(protocol.showExperiment, { name });
    });
  }

  /** Shows what a link asks for, in place of what was chosen here. */
  compare(settings: Partial<ComparisonSettings>): void {
    this.whenOpen(() => {
      this.notify(protocol.showComparison, { settings });
    });
  }

  /** Shows these settings in place of what was chosen here. */
  showSettings(settings: ViewSettings): void {
    this.whenOpen(() => {
      this.notify(protocol.showSettings, { modelId: settings.modelId, settings: settings.run });
    });
  }

  pointAt(token: number | null): void {
    this.notify(protocol.pointAt, { token });
  }

  chooseHead(headReduce: RunSettings['headReduce']): void {
    this.notify(protocol.chooseHead, { headReduce });
  }

  async tellState(): Promise<void> {
    if (this.connection) {
      this.notify(protocol.stateChanged, await this.state());
    }
  }

  dispose(): void {
    this.gone.abort();
    this.disposables.forEach((disposable) => {
      disposable.dispose();
    });
  }

  /** A page was loaded: the first one, or one in place of another. */
  private attach(connection: MessageConnection): void {
    this.gone.abort();
    this.gone = new AbortController();
    this.isOpen = false;
    this.connection = connection;
    this.answerRequests(connection);
    this.hearNotifications(connection);
  }

  private whenOpen(send: () => void): void {
    if (this.isOpen) {
      send();
    } else {
      this.waiting.push(send);
    }
  }

  private notify<Params>(type: NotificationType<Params>, params: Params): void {
    void this.connection?.sendNotification(type, params as RequestParam<Params>);
  }

  private state(): Promise<protocol.ViewState> {
    return viewState(this.services, this.sound);
  }

  private answerRequests(connection: MessageConnection): void {
    const { sound } = this;
    const { signal: gone } = this.gone;
    const until = (token: CancellationToken): AbortSignal => AbortSignal.any([signalOf(token), gone]);
    const report =
      <Event>(type: ProgressType<Event>, progress: string | undefined) =>
      (event: Event): void => {
        if (progress !== undefined && !gone.aborted) {
          void connection.sendProgress(type, progress, event as RequestParam<Event>);
        }
      };
    connection.onRequest(protocol.ready, () => this.reply(() => this.state()));
    connection.onRequest(protocol.openClip, ({ progress }, token) =>
      this.reply(() => this.openClip(until(token), report(protocol.clipProgress, progress))),
    );
    connection.onRequest(protocol.readPeaks, ({ startSeconds, endSeconds, columns }) =>
      this.reply(() => sound.readPeaks(startSeconds, endSeconds, columns)),
    );
    connection.onRequest(protocol.readSamples, ({ startSeconds, endSeconds }) =>
      this.reply(() => sound.readSamples(startSeconds, endSeconds)),
    );
    connection.onRequest(protocol.analyse, ({ modelId, progress }, token) =>
      this.reply(() => sound.analyse(modelId, until(token), report(protocol.runProgress, progress))),
    );
    connection.onRequest(protocol.run, ({ modelId, settings, progress }, token) =>
      this.reply(() => this.run(modelId, settings, until(token), report(protocol.runProgress, progress))),
    );
    connection.onRequest(protocol.explain, ({ run }, token) => this.reply(() => sound.explain(run, until(token))));
    connection.onRequest(protocol.experiment, ({ modelId, name, settings, progress }, token) =>
      this.reply(() => sound.experiment(modelId, name, settings, until(token), report(protocol.runProgress, progress))),
    );
    connection.onRequest(protocol.save, ({ suggestedName, content }) =>
      this.reply(() => saveAs(sound.uri, suggestedName, content)),
    );
    connection.onRequest(protocol.exportReport, ({ suggestedName, data }) =>
      this.reply(async () =>
        saveAs(
          sound.uri,
          suggestedName,
          renderReport(data, await readReportAssets(this.services.extensionUri, 'report')),
        ),
      ),
    );
  }

  /** Answers a request of the page; what fails is logged with all that is known of it. */
  private reply<Result>(task: () => Promise<Result>): ReturnType<typeof answer<Result>> {
    return answer(task, (error) => {
      if (error.code !== 'cancelled') {
        this.services.log.error(`${this.sound.name}: ${error.message}`, error);
      }
    });
  }

  /** Opens the sound; commands that wait go out after the page has it. */
  private async openClip(signal: AbortSignal, report: (progress: ClipProgress) => void): Promise<ClipInfo> {
    try {
      const clip = await this.sound.open(signal, report);
      setImmediate(() => {
        this.isOpen = true;
        this.waiting.splice(0).forEach((send) => {
          send();
        });
      });
      return clip;
    } catch (error) {
      // The page says why there is nothing to obey them on; one that was cancelled is opened anew, as its file is now.
      if (EarmarkError.from(error).code !== 'cancelled') {
        this.waiting = [];
      }
      throw error;
    }
  }

  private hearNotifications(connection: MessageConnection): void {
    const { services } = this;
    connection.onNotification(protocol.chooseSettings, ({ modelId, settings }) => {
      services.choices.choose({ modelId, run: settings });
    });
    connection.onNotification(protocol.hostCommand, ({ command }) => {
      runHostCommand(command, this.sound.uri);
    });
    connection.onNotification(protocol.copySettingsLink, ({ query }) => {
      void vscode.env.clipboard.writeText(settingsLink(query));
    });
    connection.onNotification(protocol.copyText, ({ text }) => {
      void vscode.env.clipboard.writeText(text);
    });
    connection.onNotification(protocol.pointAt, ({ token }) => {
      this.pointed.fire(token);
    });
    connection.onNotification(protocol.attention, ({ state }) => {
      this.attentionState = state;
      this.attentionChanged.fire(state);
    });
  }

  /** Runs, and notes in the log what came of it. */
  private async run(
    modelId: string,
    settings: readonly RunSettings[],
    signal: AbortSignal,
    report: (event: RunEvent) => void,
  ): Promise<readonly Run[]> {
    const runs = await this.sound.run(modelId, settings, signal, report);
    for (const { settings: chosen, tokens, times, caption } of runs) {
      this.services.log.info(
        `${this.sound.name}: ${chosen.strategy} kept ${String(tokens.kept)} of ${String(tokens.valid)} tokens, ` +
          `prefill ${times.prefillMs.toFixed(0)} ms, total ${times.totalMs.toFixed(0)} ms: ${caption}`,
      );
    }
    return runs;
  }
}
