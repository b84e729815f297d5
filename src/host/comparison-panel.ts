import * as vscode from 'vscode';
import { SoundView, type ViewServices } from './sound-view';
import type { SoundViews } from './sound-views';
import { openPage } from './webview-page';

/** The side-by-side comparison of strategies on one sound, a panel of its own that survives a reload of the window. */
export class ComparisonPanels implements vscode.WebviewPanelSerializer {
  static readonly viewType = 'earmark.comparison';
  private readonly panels = new Map<string, { readonly panel: vscode.WebviewPanel; readonly view: SoundView }>();

  constructor(
    private readonly services: ViewServices,
    private readonly views: SoundViews,
  ) {}

  register(): vscode.Disposable {
    return vscode.window.registerWebviewPanelSerializer(ComparisonPanels.viewType, this);
  }

  /** Opens the comparison of a sound or brings it to the front. */
  show(uri: vscode.Uri): SoundView {
    const open = this.panels.get(uri.toString());
    if (open) {
      open.panel.reveal();
      return open.view;
    }
    const panel = vscode.window.createWebviewPanel(ComparisonPanels.viewType, '', vscode.ViewColumn.Active, {
      enableScripts: true,
    });
    return this.fill(panel, uri);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface asks for a promise
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const resource = (state as { resource?: unknown } | undefined)?.resource;
    if (typeof resource !== 'string' || resource === '') {
      panel.dispose();
      return;
    }
    this.fill(panel, vscode.Uri.parse(resource));
  }

  private fill(panel: vscode.WebviewPanel, uri: vscode.Uri): SoundView {
    const sound = this.views.acquireSound(uri);
    panel.title = `Compare: ${sound.name}`;
    const view = new SoundView(
      sound,
      openPage(panel.webview, this.services.extensionUri, 'comparison', uri),
      this.services,
    );
    this.panels.set(uri.toString(), { panel, view });
    panel.onDidDispose(() => {
      this.panels.delete(uri.toString());
      view.dispose();
      this.views.releaseSound(sound);
    });
    return view;
  }
}
