import * as vscode from 'vscode';
import type { MessageConnection } from 'vscode-jsonrpc';
import { answer } from '../protocol/rpc';
import * as protocol from '../protocol/view';
import type { ViewServices } from './sound-view';
import type { SoundViews } from './sound-views';
import { openPage } from './webview-page';

/** The attention pane in VS Code's panel area. It follows the active audio editor and points at tokens with it. */
export class AttentionPane implements vscode.WebviewViewProvider {
  static readonly viewType = 'earmark.attention';
  /** What is heard from the editor that is followed. */
  private following: vscode.Disposable | undefined;

  constructor(
    private readonly services: ViewServices,
    private readonly views: SoundViews,
  ) {}

  register(): vscode.Disposable {
    return vscode.window.registerWebviewViewProvider(AttentionPane.viewType, this);
  }

  resolveWebviewView(pane: vscode.WebviewView): void {
    const connection = openPage(pane.webview, this.services.extensionUri, 'attention');
    connection.onRequest(protocol.ready, () =>
      answer(async () => {
        setImmediate(() => {
          this.follow(connection);
        });
        return this.state();
      }),
    );
    connection.onNotification(protocol.pointAt, ({ token }) => {
      this.views.active?.pointAt(token);
    });
    connection.onNotification(protocol.chooseHead, ({ headReduce }) => {
      this.views.active?.chooseHead(headReduce);
    });
    const activeChanged = this.views.onDidChangeActive(() => {
      this.follow(connection);
    });
    pane.onDidDispose(() => {
      activeChanged.dispose();
      this.following?.dispose();
      connection.dispose();
    });
  }

  private follow(connection: MessageConnection): void {
    this.following?.dispose();
    const view = this.views.active;
    void this.state().then((state) => connection.sendNotification(protocol.stateChanged, state));
    void connection.sendNotification(protocol.attention, { state: view?.attention ?? null });
    this.following =
      view &&
      vscode.Disposable.from(
        view.onDidChangeAttention((state) => {
          void connection.sendNotification(protocol.attention, { state });
        }),
        view.onDidPoint((token) => {
          void connection.sendNotification(protocol.pointAt, { token });
        }),
      );
  }

  private async state(): Promise<protocol.ViewState> {
    const { engine, choices, listModels } = this.services;
    const { modelId, run } = choices.current;
    const active = this.views.active;
    return {
      ...(active && { fileName: active.sound.name }),
      revision: active?.sound.revision ?? 0,
      modelId,
      models: await listModels(),
      settings: run,
      engine: engine.state,
    };
  }
}
