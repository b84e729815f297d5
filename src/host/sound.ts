import * as vscode from 'vscode';
import type { AudioSource, ClipInfo, ClipProgress, Peaks } from '../protocol/clip';
import * as protocol from '../protocol/engine';
import { EarmarkError } from '../protocol/errors';
import type { ExperimentResult } from '../protocol/experiment';
import type { Explanation } from '../protocol/explanation';
import type { Analysis, Run, RunEvent, RunSettings } from '../protocol/run';
import type { EngineClient } from './engine-client';

interface OpenedClip {
  readonly clip: Promise<ClipInfo>;
  /** Of the file when decoding began. */
  readonly revision: number;
  /** Of the engine that holds the clip; undefined while it is being decoded, which fails if the engine ends. */
  generation: number | undefined;
}

/**
 * One audio file and its clip in the engine. The engine may have been restarted, or the file changed, since the clip
 * was opened: then it is opened again before the next request. Shared by all views of the file.
 */
export class Sound implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** The file changed on disk. */
  readonly onDidChange = this.changed.event;
  private readonly watcher: vscode.FileSystemWatcher;
  private readonly engineUse: vscode.Disposable;
  private revisionCount = 0;
  private opened: OpenedClip | undefined;

  constructor(
    readonly uri: vscode.Uri,
    private readonly engine: EngineClient,
  ) {
    this.engineUse = engine.use();
    const folder = vscode.Uri.joinPath(uri, '..');
    const name = uri.path.slice(uri.path.lastIndexOf('/') + 1);
    // Glob characters in a file's name stand for themselves.
    const pattern = new vscode.RelativePattern(folder, name.replace(/[[\]{}*?]/g, '[$&]'));
    this.watcher = vscode.workspace.createFileSystemWatcher(pattern);
    const onChange = (): void => {
      this.revisionCount++;
      this.changed.fire();
    };
    this.watcher.onDidChange(onChange);
    this.watcher.onDidCreate(onChange);
  }

  get name(): string {
    return this.uri.path.slice(this.uri.path.lastIndexOf('/') + 1);
  }

  /** Grows with every change on disk. */
  get revision(): number {
    return this.revisionCount;
  }

  /** @throws EarmarkError */
  open(signal?: AbortSignal, onProgress: (progress: ClipProgress) => void = () => undefined): Promise<ClipInfo> {
    const known = this.opened;
    const current = known?.generation === undefined || known.generation === this.engine.generation;
    if (known?.revision === this.revisionCount && current) {
      return known.clip;
    }
    const clip = this.decode(signal, onProgress);
    const entry: OpenedClip = { clip, revision: this.revisionCount, generation: undefined };
    this.opened = entry;
    clip.then(
      ({ clipId }) => {
        entry.generation = this.engine.generation;
        if (known) {
          void this.closeUnless(known, clipId);
        }
      },
      () => {
        if (this.opened === entry) {
          this.opened = undefined;
        }
      },
    );
    return clip;
  }

  async readPeaks(startSeconds: number, endSeconds: number, columns: number): Promise<Peaks> {
    const { clipId } = await this.open();
    return this.engine.request(protocol.readPeaks, () => ({ clipId, startSeconds, endSeconds, columns }));
  }

  async readSamples(startSeconds: number, endSeconds: number): Promise<Float32Array> {
    const { clipId } = await this.open();
    return this.engine.request(protocol.readSamples, () => ({ clipId, startSeconds, endSeconds }));
  }

  async analyse(modelId: string, signal: AbortSignal, report: (event: RunEvent) => void): Promise<Analysis> {
    const { clipId } = await this.open(signal);
    return this.engine.request(protocol.analyse, (progress) => ({ clipId, modelId, progress }), {
      signal,
      progress: { type: protocol.runProgress, report },
    });
  }

  async run(
    modelId: string,
    settings: readonly RunSettings[],
    signal: AbortSignal,
    report: (event: RunEvent) => void,
  ): Promise<readonly Run[]> {
    const { clipId } = await this.open(signal);
    return this.engine.request(protocol.run, (progress) => ({ clipId, modelId, settings, progress }), {
      signal,
      progress: { type: protocol.runProgress, report },
    });
  }

  async explain(run: Run, signal: AbortSignal): Promise<Explanation> {
    await this.open(signal);
    return this.engine.request(protocol.explain, () => ({ run }), { signal });
  }

  async experiment(
    modelId: string,
    name: string,
    settings: RunSettings,
    signal: AbortSignal,
    report: (event: RunEvent) => void,
  ): Promise<ExperimentResult> {
    const { clipId } = await this.open(signal);
    return this.engine.request(protocol.experiment, (progress) => ({ clipId, modelId, name, settings, progress }), {
      signal,
      progress: { type: protocol.runProgress, report },
    });
  }

  dispose(): void {
    void this.opened?.clip.then(
      ({ clipId }) => this.engine.closeClip(clipId),
      () => undefined,
    );
    this.watcher.dispose();
    this.changed.dispose();
    this.engineUse.dispose();
  }

  /** Lets the engine forget what the file held before it changed. */
  private async closeUnless({ clip }: OpenedClip, current: string): Promise<void> {
    const before = await clip.catch(() => undefined);
    if (before && before.clipId !== current) {
      await this.engine.closeClip(before.clipId);
    }
  }

  private async decode(signal: AbortSignal | undefined, report: (progress: ClipProgress) => void): Promise<ClipInfo> {
    const source = await this.source();
    return this.engine.request(protocol.openClip, (progress) => ({ source, progress }), {
      ...(signal && { signal }),
      progress: { type: protocol.clipProgress, report },
    });
  }

  /** The engine reads files itself; anything else is read through VS Code and handed over. */
  private async source(): Promise<AudioSource> {
    if (this.uri.scheme === 'file') {
      return { kind: 'path', path: this.uri.fsPath };
    }
    try {
      return { kind: 'bytes', name: this.name, bytes: await vscode.workspace.fs.readFile(this.uri) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EarmarkError('audio-unreadable', `${this.name} can not be read: ${reason}`, undefined, {
        cause: error,
      });
    }
  }
}
