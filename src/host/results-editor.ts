import * as vscode from 'vscode';
import { ResultsView, type ResultsServices } from './results-view';

/** The read-only editor for the results of evaluations. */
export class ResultsEditorProvider implements vscode.CustomReadonlyEditorProvider {
  static readonly viewType = 'earmark.results';

  private readonly open = new Map<vscode.WebviewPanel, ResultsView>();

  constructor(private readonly services: ResultsServices) {}

  /** The results in front, if any are. */
  get active(): ResultsView | undefined {
    return [...this.open].find(([panel]) => panel.active)?.[1];
  }

  register(): vscode.Disposable {
    return vscode.window.registerCustomEditorProvider(ResultsEditorProvider.viewType, this, {
      supportsMultipleEditorsPerDocument: true,
      // Tens of thousands of rows would be sent again each time the tab is shown.
      webviewOptions: { retainContextWhenHidden: true },
    });
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    const view = new ResultsView(uri, panel.webview, this.services);
    this.open.set(panel, view);
    panel.onDidDispose(() => {
      this.open.delete(panel);
      view.dispose();
    });
  }
}
