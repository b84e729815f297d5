import * as vscode from 'vscode';
import type { CancellationToken, MessageConnection, ProgressType, RequestParam } from 'vscode-jsonrpc';
import type { ComparisonSettings } from '../protocol/comparison';
import { EarmarkError } from '../protocol/errors';
import type { ModelInfo } from '../protocol/model';
import type { ReportData } from '../protocol/report';
import { answer, signalOf } from '../protocol/rpc';
import type { RunSettings } from '../protocol/run';
import * as protocol from '../protocol/view';
import { renderReport } from '../report/report';
import type { EngineClient } from './engine-client';
import { readViewSettings, type ViewSettings } from './settings';
import { settingsLink } from './settings-link';
import type { Sound } from './sound';

/** What every view needs from the extension. */
export interface ViewServices {
  readonly extensionUri: vscode.Uri;
  readonly engine: EngineClient;
  readonly log: vscode.LogOutputChannel;
  readonly choices: Choices;
  readonly listModels: () => Promise<readonly ModelInfo[]>;
}

/** The choices of the view that was used last, which the next one starts with; the settings until there are any. */
export class Choices {
  private last: ViewSettings | undefined;

  get current(): ViewSettings {
    return this.last ?? readViewSettings();
  }

  choose(settings: ViewSettings): void {
    this.last = settings;
  }

  /** The settings were changed: they count again. */
  reset(): void {
    this.last = undefined;
  }
}

const hostCommands: Readonly<Record<protocol.HostCommand, string>> = {
  showLog: 'earmark.showLog',
  showAttention: 'earmark.showAttention',
  compareStrategies: 'earmark.compareStrategies',
  openSettings: 'earmark.openSettings',
  restartEngine: 'earmark.restartEngine',
};

/** One webview that shows a sound: answers what it asks, tells it what changes, relays what it points at. */
export class SoundView implements vscode.Disposable {
  private readonly attentionChanged = new vscode.EventEmitter<protocol.AttentionState | null>();
  readonly onDidChangeAttention = this.attentionChanged.event;
  private readonly pointed = new vscode.EventEmitter<number | null>();
  readonly onDidPoint = this.pointed.event;
  private readonly disposables: vscode.Disposable[] = [];
  private isReady = false;
  /** What is sent once the view is there. */
  private waiting: (() => void)[] = [];
  private comparison: Partial<ComparisonSettings> | undefined;
  private attentionState: protocol.AttentionState | null = null;

  constructor(
    readonly sound: Sound,
    private readonly connection: MessageConnection,
    private readonly services: ViewServices,
  ) {
    this.answerRequests();
    this.hearNotifications();
    const tellState = (): void => {
      void this.tellState();
    };
    this.disposables.push(
      sound.onDidChange(tellState),
      services.engine.onDidChangeState(tellState),
      this.attentionChanged,
      this.pointed,
    );
  }

  /** What the attention pane shows while this view is the active one. */
  get attention(): protocol.AttentionState | null {
    return this.attentionState;
  }

  /** Hands a command of the palette to the view, once it is there. */
  command(command: protocol.ViewCommand): void {
    this.whenReady(() => void this.connection.sendNotification(protocol.command, { command }));
  }

  showExperiment(name: string): void {
    this.whenReady(() => void this.connection.sendNotification(protocol.showExperiment, { name }));
  }

  /** Shows what a link asks for, in place of what was chosen here. */
  compare(comparison: Partial<ComparisonSettings>): void {
    this.comparison = comparison;
    void this.tellState();
  }

  pointAt(token: number | null): void {
    void this.connection.sendNotification(protocol.pointAt, { token });
  }

  chooseHead(headReduce: RunSettings['headReduce']): void {
    void this.connection.sendNotification(protocol.chooseHead, { headReduce });
  }

  async tellState(): Promise<void> {
    if (this.isReady) {
      await this.connection.sendNotification(protocol.stateChanged, await this.state());
    }
  }

  dispose(): void {
    this.disposables.forEach((disposable) => {
      disposable.dispose();
    });
    this.connection.dispose();
  }

  private whenReady(send: () => void): void {
    if (this.isReady) {
      send();
    } else {
      this.waiting.push(send);
    }
  }

  private async state(): Promise<protocol.ViewState> {
    const { engine, choices, listModels } = this.services;
    const { modelId, run } = choices.current;
    const models = await listModels();
    const question = models.find((model) => model.modelId === modelId)?.question ?? '';
    return {
      fileName: this.sound.name,
      revision: this.sound.revision,
      modelId,
      models,
      settings: run.question === '' ? { ...run, question } : run,
      engine: engine.state,
      ...(this.comparison && { comparison: this.comparison }),
    };
  }

  private answerRequests(): void {
    const { connection, sound } = this;
    connection.onRequest(protocol.ready, () =>
      answer(async () => {
        const state = await this.state();
        // Commands wait until the view has its state; the answer goes out before they do.
        setImmediate(() => {
          this.isReady = true;
          this.waiting.splice(0).forEach((send) => send());
        });
        return state;
      }),
    );
    connection.onRequest(protocol.openClip, ({ progress }, token) =>
      answer(() => sound.open(signalOf(token), this.reporter(protocol.clipProgress, progress))),
    );
    connection.onRequest(protocol.readPeaks, ({ startSeconds, endSeconds, columns }) =>
      answer(() => sound.readPeaks(startSeconds, endSeconds, columns)),
    );
    connection.onRequest(protocol.readSamples, ({ startSeconds, endSeconds }) =>
      answer(() => sound.readSamples(startSeconds, endSeconds)),
    );
    connection.onRequest(protocol.analyse, ({ modelId, progress }, token) =>
      answer(() => sound.analyse(modelId, signalOf(token), this.reporter(protocol.runProgress, progress))),
    );
    connection.onRequest(protocol.run, ({ modelId, settings, progress }, token) =>
      answer(() => this.run(modelId, settings, token, progress)),
    );
    connection.onRequest(protocol.explain, ({ run }, token) => answer(() => sound.explain(run, signalOf(token))));
    connection.onRequest(protocol.experiment, ({ modelId, name, settings, progress }, token) =>
      answer(() =>
        sound.experiment(modelId, name, settings, signalOf(token), this.reporter(protocol.runProgress, progress)),
      ),
    );
    connection.onRequest(protocol.save, ({ suggestedName, content }) =>
      answer(() => saveAs(sound.uri, suggestedName, content)),
    );
    connection.onRequest(protocol.exportReport, ({ suggestedName, data }) =>
      answer(async () => saveAs(sound.uri, suggestedName, await this.report(data))),
    );
  }

  /** The report's page, with the drawing code that ships with the views. */
  private async report(data: ReportData): Promise<string> {
    const read = async (file: string): Promise<string> => {
      const address = vscode.Uri.joinPath(this.services.extensionUri, 'dist', 'webview', file);
      return new TextDecoder().decode(await vscode.workspace.fs.readFile(address));
    };
    return renderReport(data, { script: await read('report.js'), style: await read('report.css') });
  }

  private hearNotifications(): void {
    const { connection, services } = this;
    connection.onNotification(protocol.chooseSettings, ({ modelId, settings }) => {
      services.choices.choose({ modelId, run: settings });
    });
    connection.onNotification(protocol.hostCommand, ({ command }) => {
      void vscode.commands.executeCommand(hostCommands[command], this.sound.uri);
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

  /** Runs with a line in the status bar that says what is going on. */
  private async run(
    modelId: string,
    settings: readonly RunSettings[],
    token: CancellationToken,
    progress: string | undefined,
  ) {
    const { log } = this.services;
    const report = this.reporter(protocol.runProgress, progress);
    try {
      const runs = await this.sound.run(modelId, settings, signalOf(token), report);
      for (const { settings: chosen, tokens, times, caption } of runs) {
        log.info(
          `${this.sound.name}: ${chosen.strategy} kept ${String(tokens.kept)} of ${String(tokens.valid)} tokens, ` +
            `prefill ${times.prefillMs.toFixed(0)} ms, total ${times.totalMs.toFixed(0)} ms: ${caption}`,
        );
      }
      return runs;
    } catch (thrown) {
      const error = EarmarkError.from(thrown);
      log.error(`${this.sound.name}: ${error.message}`);
      throw error;
    }
  }

  private reporter<Event>(type: ProgressType<Event>, progress: string | undefined): (event: Event) => void {
    return (event) => {
      if (progress !== undefined) {
        void this.connection.sendProgress(type, progress, event as RequestParam<Event>);
      }
    };
  }
}

/** @returns false where the person chose no place */
async function saveAs(beside: vscode.Uri, suggestedName: string, content: string | Uint8Array): Promise<boolean> {
  const target = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.joinPath(beside, '..', suggestedName) });
  if (!target) {
    return false;
  }
  try {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    await vscode.workspace.fs.writeFile(target, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EarmarkError('write-failed', `The file can not be written: ${reason}`, 'Choose another place.', {
      cause: error,
    });
  }
  return true;
}
