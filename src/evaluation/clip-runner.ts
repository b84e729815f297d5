import type { MessageConnection } from 'vscode-jsonrpc';
import { forkEngine, type EngineProcess } from '../engine/engine-process';
import * as protocol from '../protocol/engine';
import { EarmarkError } from '../protocol/errors';
import type { EvaluationManifest, RowOutcome } from '../protocol/evaluation';
import { ask } from '../protocol/rpc';
import type { Run, RunSettings } from '../protocol/run';
import { keptTokens } from '../pruning/kept-tokens';
import type { PlannedRow } from './plan';

export interface RunnerOptions {
  /** dist/engine.js */
  readonly script: string;
  readonly engine: protocol.InitializeParams;
  /** Who ran it, for people. */
  readonly worker: string;
  readonly onOutput: (text: string) => void;
}

/** What of an evaluation a runner must know. */
export type RunnerManifest = Pick<EvaluationManifest, 'settings'> & {
  readonly model: Pick<EvaluationManifest['model'], 'modelId'>;
};

/** What of a row a runner must know. */
export type RunnableRow = Pick<PlannedRow, 'item' | 'setting' | 'question'>;

/** All that is asked of one sound, so that it is encoded once. */
export interface ClipTask<Row extends RunnableRow = PlannedRow> {
  /** Path of the sound. */
  readonly audio: string;
  readonly rows: readonly Row[];
}

/** Takes the outcome of each row as it comes, one after the other. What it throws ends the clip. */
export type OnOutcome<Row extends RunnableRow = PlannedRow> = (row: Row, outcome: RowOutcome) => Promise<void>;

/** A clip as the engine knows it. */
interface OpenedClip {
  readonly connection: MessageConnection;
  readonly clipId: string;
  readonly durationSeconds: number;
}

/** One worker: runs clip after clip in an engine process of its own, which is started again when it dies. */
export class ClipRunner {
  private engine: Promise<EngineProcess> | undefined;
  private child: EngineProcess['child'] | undefined;
  /** The connection to the process that has run something. */
  private warm: MessageConnection | undefined;

  constructor(private readonly options: RunnerOptions) {}

  /**
   * Runs the rows of a clip, all in one request so that it is encoded once. If that fails, the rows that are left are
   * run one by one: a setting that does not fit, or a clip that ends the process, costs its own rows and no others. Of a
   * sound that can not be read all fail at once.
   *
   * @throws EarmarkError `cancelled`, or what no clip can help: the model can not be used
   */
  async run<Row extends RunnableRow>(
    manifest: RunnerManifest,
    task: ClipTask<Row>,
    onOutcome: OnOutcome<Row>,
    signal: AbortSignal,
  ): Promise<void> {
    if (task.rows.length === 0) return;
    const left = new Set(task.rows);
    const take: OnOutcome<Row> = async (row, outcome) => {
      left.delete(row);
      await onOutcome(row, outcome);
    };
    try {
      await this.runTogether(manifest, task.audio, [...left], take, signal);
    } catch (thrown) {
      requireGoingOn(signal, thrown);
      const { code, message: problem } = EarmarkError.from(thrown);
      if (code.startsWith('audio-') || code === 'needs-ffmpeg') {
        for (const row of [...left]) await take(row, { status: 'failed', problem });
      }
    }
    for (const row of [...left]) {
      try {
        await this.runTogether(manifest, task.audio, [row], take, signal);
      } catch (thrown) {
        requireGoingOn(signal, thrown);
        await take(row, { status: 'failed', problem: EarmarkError.from(thrown).message });
      }
    }
  }

  /** Ends the process. */
  dispose(): void {
    this.child?.kill('SIGKILL');
    this.engine = undefined;
  }

  private async runTogether<Row extends RunnableRow>(
    manifest: RunnerManifest,
    audio: string,
    rows: readonly Row[],
    take: OnOutcome<Row>,
    signal: AbortSignal,
  ): Promise<void> {
    const clip = await this.open(audio, signal);
    try {
      const settings = rows.map(({ setting, question }) => ({ ...manifest.settings[setting]!, question }));
      await this.warmUp(clip, manifest.model.modelId, settings, signal);
      let place = 0;
      let writing: Promise<void> = Promise.resolve();
      const wanted = new AbortController();
      const stop = (): void => {
        wanted.abort();
      };
      signal.addEventListener('abort', stop);
      try {
        // Runs come in the order of their settings, each as soon as it is done.
        await this.runSettings(clip, manifest.model.modelId, settings, wanted.signal, (run) => {
          const row = rows[place++]!;
          if (run.finish !== 'cancelled') {
            writing = writing.then(() => take(row, this.outcomeOf(run, clip)));
            writing.catch(stop);
          }
        });
      } finally {
        signal.removeEventListener('abort', stop);
        await writing;
      }
    } finally {
      void clip.connection.sendNotification(protocol.closeClip, { clipId: clip.clipId }).catch(() => undefined);
    }
  }

  /** The first run of a process is slow, and what others are measured against must not be: it is made once more. */
  private async warmUp(
    clip: OpenedClip,
    modelId: string,
    [first]: readonly RunSettings[],
    signal: AbortSignal,
  ): Promise<void> {
    if (first && this.warm !== clip.connection) {
      await this.runSettings(clip, modelId, [first], signal, () => undefined);
      this.warm = clip.connection;
    }
  }

  private async open(audio: string, signal: AbortSignal): Promise<OpenedClip> {
    const { connection } = await this.start();
    const source = { kind: 'path', path: audio } as const;
    const { clipId, durationSeconds } = await ask(connection, protocol.openClip, { source }, signal);
    return { connection, clipId, durationSeconds };
  }

  private async runSettings(
    { connection, clipId }: OpenedClip,
    modelId: string,
    settings: readonly RunSettings[],
    signal: AbortSignal,
    onRun: (run: Run) => void,
  ): Promise<void> {
    const progress = 'evaluation';
    const listener = connection.onProgress(protocol.runProgress, progress, (event) => {
      if (event.kind === 'finished') {
        onRun(event.run);
      }
    });
    try {
      await ask(connection, protocol.run, { clipId, modelId, settings, progress }, signal);
    } finally {
      listener.dispose();
    }
  }

  private outcomeOf(run: Run, { durationSeconds }: OpenedClip): RowOutcome {
    const { clipId, tokens, caption, generatedTokens, finish, prompt, times, kvBytes, provider } = run;
    return {
      status: 'done',
      clipId,
      durationSeconds,
      text: caption,
      tokens,
      kept: keptTokens(run),
      generatedTokens,
      finish,
      prompt,
      times,
      kvBytes,
      provider,
      worker: this.options.worker,
    };
  }

  private start(): Promise<EngineProcess> {
    this.engine ??= this.launch();
    return this.engine;
  }

  private async launch(): Promise<EngineProcess> {
    const { script, engine, onOutput } = this.options;
    const started = forkEngine(script, (_, text) => {
      onOutput(text);
    });
    this.child = started.child;
    started.child.on('exit', () => {
      if (this.child === started.child) {
        this.engine = undefined;
      }
    });
    await ask(started.connection, protocol.initialize, engine);
    return started;
  }
}

/** Codes of faults that the next clip would meet as well. */
const fatal: readonly string[] = [
  'cancelled',
  'model-not-found',
  'model-damaged',
  'model-invalid',
  'model-unsupported',
  'runtime-missing',
  'write-failed',
];

/** @throws EarmarkError where there is no use in going on */
function requireGoingOn(signal: AbortSignal, thrown: unknown): void {
  const error = EarmarkError.from(thrown);
  if (signal.aborted) {
    throw new EarmarkError('cancelled', 'Cancelled.');
  }
  if (fatal.includes(error.code)) {
    throw error;
  }
}
