import * as path from 'node:path';
import * as vscode from 'vscode';
import type { CancellationToken, MessageConnection } from 'vscode-jsonrpc';
import { manifestFile, resultsFile, rowsFile } from '../evaluation/evaluation-folder';
import * as engineProtocol from '../protocol/engine';
import { EarmarkError } from '../protocol/errors';
import type { EvaluationSummary, SummaryRow } from '../protocol/evaluation-summary';
import type { ResultsOverview, ResultsStage } from '../protocol/results';
import { answer, signalOf } from '../protocol/rpc';
import * as protocol from '../protocol/view';
import { renderEvaluationReport } from '../report/evaluation-report';
import { runHostCommand } from './host-commands';
import { readReportAssets } from './report-assets';
import type { ResultRowOpener } from './result-row-opener';
import { saveAs } from './save-as';
import { viewState, type ViewServices } from './view-state';
import { servePages } from './webview-page';

export interface ResultsServices extends ViewServices {
  readonly rowOpener: ResultRowOpener;
}

/** A file is written once; rows of an evaluation that goes on come one by one, and are not measured anew for each. */
const settleMs = { file: 300, rows: 5_000 };
const rowsAtOnce = 4_000;

/** One webview that shows the results of an evaluation: the engine reads and measures them, this passes them on. */
export class ResultsView implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[];
  private connection: MessageConnection | undefined;
  private gone = new AbortController();
  private opened: { readonly overview: ResultsOverview; readonly generation: number } | undefined;
  private revision = 0;
  private pendingChange: NodeJS.Timeout | undefined;

  /** @param services its engine is one of its own: measuring takes it for seconds, and sounds must not wait */
  constructor(
    private readonly uri: vscode.Uri,
    webview: vscode.Webview,
    private readonly services: ResultsServices,
  ) {
    this.disposables = [
      services.engine.use(),
      ...this.watch(),
      servePages(webview, services.extensionUri, 'evaluation', uri, (connection) => {
        this.attach(connection);
      }),
      services.engine.onDidChangeState(() => {
        void this.tellState();
      }),
    ];
  }

  dispose(): void {
    clearTimeout(this.pendingChange);
    this.gone.abort();
    this.release();
    this.disposables.forEach((disposable) => {
      disposable.dispose();
    });
  }

  /** Hands a command of the palette to the view. */
  command(command: protocol.ViewCommand): void {
    void this.connection?.sendNotification(protocol.command, { command });
  }

  /** The description of an evaluation that goes on stands for its folder. */
  private get isFolder(): boolean {
    return path.posix.basename(this.uri.path) === manifestFile;
  }

  private watch(): vscode.Disposable[] {
    const folder = vscode.Uri.joinPath(this.uri, '..');
    const names = this.isFolder ? [rowsFile, resultsFile] : [path.posix.basename(this.uri.path)];
    return names.map((name) => {
      const pattern = new vscode.RelativePattern(folder, name.replace(/[[\]{}*?]/g, '[$&]'));
      const watcher = vscode.workspace.createFileSystemWatcher(pattern, false, false, true);
      const changed = (): void => {
        this.pendingChange ??= setTimeout(
          () => {
            this.pendingChange = undefined;
            this.revision++;
            void this.tellState();
          },
          name === rowsFile ? settleMs.rows : settleMs.file,
        );
      };
      watcher.onDidChange(changed);
      watcher.onDidCreate(changed);
      return watcher;
    });
  }

  private attach(connection: MessageConnection): void {
    this.gone.abort();
    this.gone = new AbortController();
    this.connection = connection;
    const { signal: gone } = this.gone;
    const until = (token: CancellationToken): AbortSignal => AbortSignal.any([signalOf(token), gone]);
    connection.onRequest(protocol.ready, () => this.reply(() => this.state()));
    connection.onRequest(protocol.openResults, ({ progress }, token) =>
      this.reply(() =>
        this.open(until(token), (stage) => {
          if (progress !== undefined && !gone.aborted) {
            void connection.sendProgress(protocol.resultsProgress, progress, stage);
          }
        }),
      ),
    );
    connection.onRequest(protocol.readResultRows, (params, token) =>
      this.reply(() => this.readRows(params, until(token))),
    );
    connection.onRequest(protocol.save, ({ suggestedName, content }) =>
      this.reply(() => saveAs(this.uri, suggestedName, content)),
    );
    connection.onRequest(protocol.exportResults, ({ suggestedName }, token) =>
      this.reply(async () => saveAs(this.uri, suggestedName, await this.report(until(token)))),
    );
    connection.onNotification(protocol.hostCommand, ({ command }) => {
      if (command === 'restartEngine') {
        this.restartEngine();
      } else {
        runHostCommand(command, this.uri);
      }
    });
    connection.onNotification(protocol.openResultRow, (row) => {
      if (this.opened) {
        void this.services.rowOpener.open(this.opened.overview.manifest, row, this.uri);
      }
    });
  }

  private reply<Result>(task: () => Promise<Result>): ReturnType<typeof answer<Result>> {
    return answer(task, (error) => {
      if (error.code !== 'cancelled') {
        this.services.log.error(`${path.posix.basename(this.uri.path)}: ${error.message}`, error);
      }
    });
  }

  /** The command of this name restarts the engine of the sounds. */
  private restartEngine(): void {
    this.services.engine.restartNow().catch((error: unknown) => {
      this.services.log.error(String(error));
    });
  }

  private async state(): Promise<protocol.ViewState> {
    const fileName = path.posix.basename(this.isFolder ? path.posix.dirname(this.uri.path) : this.uri.path);
    return { ...(await viewState(this.services)), fileName, revision: this.revision };
  }

  private async tellState(): Promise<void> {
    await this.connection?.sendNotification(protocol.stateChanged, await this.state());
  }

  private async open(signal: AbortSignal, report: (stage: ResultsStage) => void): Promise<ResultsOverview> {
    if (this.uri.scheme !== 'file') {
      throw new EarmarkError(
        'results-invalid',
        'Results are read from the disk of the machine that VS Code works on.',
        'Copy the file there and open it again.',
      );
    }
    const { engine } = this.services;
    const place = this.isFolder ? path.dirname(this.uri.fsPath) : this.uri.fsPath;
    const overview = await engine.request(engineProtocol.summariseResults, (progress) => ({ path: place, progress }), {
      signal,
      progress: { type: engineProtocol.resultsProgress, report },
    });
    this.release();
    this.opened = { overview, generation: engine.generation };
    return overview;
  }

  private readRows(
    params: { readonly resultsId: string; readonly start: number; readonly count: number },
    signal: AbortSignal,
  ): Promise<readonly SummaryRow[]> {
    return this.services.engine.request(engineProtocol.readResultRows, () => params, { signal });
  }

  /** Lets the engine forget what was open. */
  private release(): void {
    const { opened } = this;
    this.opened = undefined;
    if (opened?.generation === this.services.engine.generation) {
      void this.services.engine.notify(engineProtocol.closeResults, { resultsId: opened.overview.resultsId });
    }
  }

  /** The results as one HTML file, with the drawing code that ships with the views. */
  private async report(signal: AbortSignal): Promise<string> {
    const { opened } = this;
    if (!opened) {
      throw new EarmarkError('results-invalid', 'There are no results to write yet.', 'Wait until they are read.');
    }
    // An engine that was restarted since has forgotten what was open.
    const held = opened.generation === this.services.engine.generation;
    const { resultsId, rowCount, ...overview } = held ? opened.overview : await this.open(signal, () => undefined);
    const rows: SummaryRow[] = [];
    for (let start = 0; start < rowCount; start += rowsAtOnce) {
      rows.push(...(await this.readRows({ resultsId, start, count: rowsAtOnce }, signal)));
    }
    const summary: EvaluationSummary = { ...overview, rows };
    return renderEvaluationReport(summary, await readReportAssets(this.services.extensionUri, 'evaluation-report'));
  }
}
