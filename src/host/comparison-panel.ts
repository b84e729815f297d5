import * as vscode from 'vscode';
import { SoundView } from './sound-view';
import type { SoundViews } from './sound-views';
import type { ViewServices } from './view-state';

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
      // A comparison of minutes goes on while its tab is hidden.
      retainContextWhenHidden: true,
    });
    return this.fill(panel, uri);
  }

  get all(): readonly SoundView[] {
    return [...this.panels.values()].map(({ view }) => view);
  }

  /** The comparison in front, if one is. */
  get active(): SoundView | undefined {
    return [...this.panels.values()].find(({ panel }) => panel.active)?.view;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the interface asks for a promise
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const resource = (state as { resource?: unknown } | undefined)?.resource;
    if (typeof resource !== 'string' || resource === '') {
      panel.dispose();
      return;
    }
    const uri = vscode.Uri.parse(resource);
    const open = this.panels.get(uri.toString());
    if (open) {
      // A hidden tab is brought back when it is shown, and another may be at work by then: one is enough.
      panel.dispose();
      open.panel.reveal();
      return;
    }
    this.fill(panel, uri);
  }

  private fill(panel: vscode.WebviewPanel, uri: vscode.Uri): SoundView {
    const sound = this.views.acquireSound(uri);
    panel.title = `Compare: ${sound.name}`;
    const view = new SoundView(sound, panel.webview, 'comparison', this.services);
    const key = uri.toString();
    this.panels.set(key, { panel, view });
    panel.onDidDispose(() => {
      this.panels.delete(key);
      view.dispose();
      this.views.releaseSound(sound);
    });
    return view;
  }
}
