import * as vscode from 'vscode';
import type { AudioSource, ClipInfo, ClipProgress, Peaks } from '../protocol/clip';
import * as protocol from '../protocol/engine';
import { EarmarkError } from '../protocol/errors';
import type { ExperimentResult } from '../protocol/experiment';
import type { Explanation } from '../protocol/explanation';
import type { Analysis, Run, RunEvent, RunSettings } from '../protocol/run';
import { untilAborted } from '../protocol/until-aborted';
import type { EngineClient } from './engine-client';

interface OpenedClip {
  readonly clip: Promise<ClipInfo>;
  /** Of the file when decoding began. */
  readonly revision: number;
  /** Of the engine that holds the clip; undefined while it is being decoded, which fails if the engine ends. */
  generation: number | undefined;
}

type Report = (progress: ClipProgress) => void;

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
  private readonly reports = new Set<Report>();
  private readonly closed = new AbortController();

  constructor(
    readonly uri: vscode.Uri,
    private readonly engine: EngineClient,
  ) {
    this.engineUse = engine.use();
    const folder = vscode.Uri.joinPath(uri, '..');
    // Glob characters in a file's name stand for themselves.
    const pattern = new vscode.RelativePattern(folder, this.name.replace(/[[\]{}*?]/g, '[$&]'));
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

  /**
   * Decodes the file, or joins the decoding that goes on for another view. The signal ends the waiting of this caller
   * only; closing the file's last view ends the decoding.
   *
   * @throws EarmarkError
   */
  async open(signal?: AbortSignal, onProgress?: Report): Promise<ClipInfo> {
    if (onProgress) {
      this.reports.add(onProgress);
    }
    try {
      return await (signal ? untilAborted(this.current(), signal) : this.current());
    } finally {
      if (onProgress) {
        this.reports.delete(onProgress);
      }
    }
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
    this.closed.abort();
    if (this.opened) {
      void this.release(this.opened);
    }
    this.watcher.dispose();
    this.changed.dispose();
    this.engineUse.dispose();
  }

  private current(): Promise<ClipInfo> {
    const before = this.opened;
    const held = before?.generation === undefined || before.generation === this.engine.generation;
    if (before?.revision === this.revisionCount && held) {
      return before.clip;
    }
    const entry: OpenedClip = { clip: this.decode(), revision: this.revisionCount, generation: undefined };
    this.opened = entry;
    entry.clip.then(
      () => {
        entry.generation = this.engine.generation;
      },
      () => {
        if (this.opened === entry) {
          this.opened = undefined;
        }
      },
    );
    if (before) {
      // After the new one, so that runs that wait for the engine still find the clip.
      void entry.clip.catch(() => undefined).then(() => this.release(before));
    }
    return entry.clip;
  }

  /** Pairs each clip that the engine opened with one close. */
  private async release(entry: OpenedClip): Promise<void> {
    const clip = await entry.clip.catch(() => undefined);
    if (clip && entry.generation === this.engine.generation) {
      await this.engine.notify(protocol.closeClip, { clipId: clip.clipId });
    }
  }

  private async decode(): Promise<ClipInfo> {
    const source = await this.source();
    const report: Report = (progress) => {
      this.reports.forEach((listener) => {
        listener(progress);
      });
    };
    return this.engine.request(protocol.openClip, (progress) => ({ source, progress }), {
      signal: this.closed.signal,
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
