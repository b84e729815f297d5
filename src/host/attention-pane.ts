import * as vscode from 'vscode';
import type { MessageConnection } from 'vscode-jsonrpc';
import { answer } from '../protocol/rpc';
import * as protocol from '../protocol/view';
import type { SoundViews } from './sound-views';
import { viewState, type ViewServices } from './view-state';
import { servePages } from './webview-page';

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
    let current: MessageConnection | undefined;
    const pages = servePages(pane.webview, this.services.extensionUri, 'attention', undefined, (connection) => {
      current = connection;
      this.answerPage(connection);
    });
    const follow = (): void => {
      if (current) {
        this.follow(current);
      }
    };
    const listeners = vscode.Disposable.from(
      pages,
      this.views.onDidChangeActive(follow),
      this.services.engine.onDidChangeState(() => {
        if (current) {
          void this.tellState(current);
        }
      }),
    );
    pane.onDidDispose(() => {
      listeners.dispose();
      this.following?.dispose();
    });
  }

  private answerPage(connection: MessageConnection): void {
    connection.onRequest(protocol.ready, () =>
      answer(() => {
        // The answer goes out before what follows.
        setImmediate(() => {
          this.follow(connection);
        });
        return viewState(this.services, this.views.active?.sound);
      }),
    );
    connection.onNotification(protocol.pointAt, ({ token }) => {
      this.views.active?.pointAt(token);
    });
    connection.onNotification(protocol.chooseHead, ({ headReduce }) => {
      this.views.active?.chooseHead(headReduce);
    });
  }

  private follow(connection: MessageConnection): void {
    this.following?.dispose();
    const view = this.views.active;
    void this.tellState(connection);
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

  private async tellState(connection: MessageConnection): Promise<void> {
    const state = await viewState(this.services, this.views.active?.sound);
    await connection.sendNotification(protocol.stateChanged, state);
  }
}
