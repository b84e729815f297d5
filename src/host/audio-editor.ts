import * as vscode from 'vscode';
import { SoundView } from './sound-view';
import type { Sound } from './sound';
import type { SoundViews } from './sound-views';
import type { ViewServices } from './view-state';

interface SoundDocument extends vscode.CustomDocument {
  readonly sound: Sound;
}

/** The read-only editor for audio files. */
export class AudioEditorProvider implements vscode.CustomReadonlyEditorProvider<SoundDocument> {
  static readonly viewType = 'earmark.audioEditor';

  constructor(
    private readonly services: ViewServices,
    private readonly views: SoundViews,
  ) {}

  register(): vscode.Disposable {
    return vscode.window.registerCustomEditorProvider(AudioEditorProvider.viewType, this, {
      supportsMultipleEditorsPerDocument: true,
      // A run goes on while its tab is hidden, and what comes of it is there when the person returns.
      webviewOptions: { retainContextWhenHidden: true },
    });
  }

  openCustomDocument(uri: vscode.Uri): SoundDocument {
    const sound = this.views.acquireSound(uri);
    return {
      uri,
      sound,
      dispose: () => {
        this.views.releaseSound(sound);
      },
    };
  }

  resolveCustomEditor({ sound }: SoundDocument, panel: vscode.WebviewPanel): void {
    const view = new SoundView(sound, panel.webview, 'editor', this.services);
    this.views.add(view, () => {
      // Without its column a custom editor is opened once more, in the group in front.
      panel.reveal(panel.viewColumn);
    });
    const follow = (): void => {
      if (panel.active) {
        this.views.setActive(view);
      }
    };
    follow();
    panel.onDidChangeViewState(follow);
    panel.onDidDispose(() => {
      this.views.remove(view);
      view.dispose();
    });
  }
}
