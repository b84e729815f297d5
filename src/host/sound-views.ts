import * as vscode from 'vscode';
import type { EngineClient } from './engine-client';
import { Sound } from './sound';
import type { SoundView } from './sound-view';

/** The sounds that are open and the editors that show them; one of the editors is the active one. */
export class SoundViews implements vscode.Disposable {
  private readonly activeChanged = new vscode.EventEmitter<SoundView | undefined>();
  readonly onDidChangeActive = this.activeChanged.event;
  /** Each with what brings it to the front. */
  private readonly views = new Map<SoundView, () => void>();
  private readonly sounds = new Map<string, { readonly sound: Sound; users: number }>();
  private activeView: SoundView | undefined;

  constructor(private readonly engine: EngineClient) {}

  /** The editor that was used last and is still open: what the attention pane follows. */
  get active(): SoundView | undefined {
    return this.activeView;
  }

  get all(): readonly SoundView[] {
    return [...this.views.keys()];
  }

  /** The sound of a file, shared by its views. Pair each call with one of `releaseSound`. */
  acquireSound(uri: vscode.Uri): Sound {
    const key = uri.toString();
    const entry = this.sounds.get(key) ?? { sound: new Sound(uri, this.engine), users: 0 };
    entry.users++;
    this.sounds.set(key, entry);
    return entry.sound;
  }

  releaseSound(sound: Sound): void {
    const key = sound.uri.toString();
    const entry = this.sounds.get(key);
    if (entry && --entry.users === 0) {
      this.sounds.delete(key);
      sound.dispose();
    }
  }

  add(view: SoundView, reveal: () => void): void {
    this.views.set(view, reveal);
  }

  /** Brings the editor of a file to the front, in whichever group it is; undefined where the file has none. */
  reveal(uri: vscode.Uri): SoundView | undefined {
    const view = this.find(uri);
    if (view) {
      this.views.get(view)?.();
    }
    return view;
  }

  remove(view: SoundView): void {
    this.views.delete(view);
    if (this.activeView === view) {
      this.setActive(this.all.at(-1));
    }
  }

  setActive(view: SoundView | undefined): void {
    if (this.activeView !== view) {
      this.activeView = view;
      this.activeChanged.fire(view);
    }
  }

  /** The editor of a file, the active one first. */
  find(uri: vscode.Uri): SoundView | undefined {
    const key = uri.toString();
    const matches = this.all.filter((view) => view.sound.uri.toString() === key);
    return matches.find((view) => view === this.activeView) ?? matches.at(-1);
  }

  dispose(): void {
    this.activeChanged.dispose();
  }
}
