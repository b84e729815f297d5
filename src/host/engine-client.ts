import type { ChildProcess } from 'node:child_process';
import * as vscode from 'vscode';
import type { MessageConnection, NotificationType, ProgressType, RequestParam, RequestType } from 'vscode-jsonrpc';
import { forkEngine } from '../engine/engine-process';
import * as protocol from '../protocol/engine';
import { EarmarkError, type ErrorData } from '../protocol/errors';
import { ask } from '../protocol/rpc';
import type { EngineState } from '../protocol/view';

/** A cancelled request that has not ended by then is stuck in native code: only ending the process cancels it. */
const cancelGraceMs = 5_000;
const handshakeMs = 30_000;
/** How long an engine without anything open lingers. */
const idleMs = 60_000;
const backOffMs = [500, 2_000, 8_000];
/** An engine that lived this long died of something new, so the back-off starts over. */
const healthyMs = 60_000;

/**
 * Owns the engine process: starts it on first need, restarts it with back-off when it dies, ends it when nothing is
 * open. Requests go through here, so that every one can be cancelled, by ending the process if nothing else helps.
 */
export class EngineClient implements vscode.Disposable {
  private readonly stateChanged = new vscode.EventEmitter<EngineState>();
  readonly onDidChangeState = this.stateChanged.event;
  private current: EngineState = { status: 'stopped' };
  private engine: Promise<MessageConnection> | undefined;
  private child: ChildProcess | undefined;
  private generationCount = 0;
  private failures = 0;
  private users = 0;
  private requests = 0;
  /** What waits for an answer. */
  private readonly open = new Set<{ readonly signal: AbortSignal | undefined }>();
  /** Why the engine ended last, if not because it was told to. */
  private end: EarmarkError | undefined;
  private readonly logError = (error: unknown): void => {
    this.log.error(error instanceof Error ? error : String(error));
  };
  private idle: NodeJS.Timeout | undefined;
  private restart: NodeJS.Timeout | undefined;
  private progressTokens = 0;
  private disposed = false;

  constructor(
    private readonly script: string,
    private readonly params: () => protocol.InitializeParams,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  get state(): EngineState {
    return this.current;
  }

  /** Changes whenever an engine ends: what it held, clips for one, is gone. */
  get generation(): number {
    return this.generationCount;
  }

  /** Keeps the engine alive until the returned handle is disposed. */
  use(): vscode.Disposable {
    this.users++;
    clearTimeout(this.idle);
    let used = true;
    return new vscode.Disposable(() => {
      if (used) {
        used = false;
        this.users--;
        this.stopWhenIdle();
      }
    });
  }

  /**
   * Sends a request, starting the engine if need be.
   *
   * @throws EarmarkError
   */
  async request<Params, Result, Event = never>(
    type: RequestType<Params, Result, ErrorData>,
    params: (progress: string) => Params,
    options: {
      readonly signal?: AbortSignal;
      readonly progress?: { readonly type: ProgressType<Event>; readonly report: (event: Event) => void };
    } = {},
  ): Promise<Result> {
    const connection = await this.start();
    const token = `host-${String(this.progressTokens++)}`;
    const { progress, signal } = options;
    const listener = progress && connection.onProgress(progress.type, token, progress.report);
    const request = { signal };
    this.open.add(request);
    const disarm = this.killWhenStuck(signal);
    const done = progress ? this.beBusy() : undefined;
    try {
      return await ask(connection, type, params(token), signal);
    } catch (error) {
      throw this.explain(error, signal);
    } finally {
      this.open.delete(request);
      disarm();
      listener?.dispose();
      done?.();
    }
  }

  /** Tells the engine something that needs no answer; a stopped engine has forgotten it anyway. */
  async notify<Params>(type: NotificationType<Params>, params: Params): Promise<void> {
    if (this.engine && this.child) {
      const connection = await this.engine;
      await connection.sendNotification(type, params as RequestParam<Params>);
    }
  }

  /** Ends the engine and starts a new one, at the person's wish. */
  async restartNow(): Promise<void> {
    this.reset();
    await this.start();
    this.stopWhenIdle();
  }

  /** Ends the engine, for new settings: the next need starts it with these. */
  reset(): void {
    this.failures = 0;
    this.stop();
  }

  dispose(): void {
    this.disposed = true;
    this.stop();
    this.stateChanged.dispose();
  }

  private start(): Promise<MessageConnection> {
    clearTimeout(this.restart);
    if (!this.engine) {
      const launch = this.launch();
      this.engine = launch;
      launch.catch((error: unknown) => {
        // Where the process ended, that has been told, and another may be starting.
        if (this.engine === launch) {
          this.engine = undefined;
          this.setState({ status: 'failed', error: EarmarkError.from(error).toData() });
        }
      });
    }
    return this.engine;
  }

  /** Requests that report progress are the long ones. */
  private beBusy(): () => void {
    this.requests++;
    this.setState({ status: 'busy' });
    return () => {
      this.requests--;
      if (this.requests === 0 && this.current.status === 'busy') {
        this.setState({ status: 'ready' });
      }
    };
  }

  /** What a failed request means to the person: a cancel that had to end the engine is a cancel. */
  private explain(error: unknown, signal: AbortSignal | undefined): EarmarkError {
    if (signal?.aborted) {
      return new EarmarkError('cancelled', 'Cancelled.');
    }
    const known = EarmarkError.from(error);
    return known.code === 'engine-stopped' && this.end ? this.end : known;
  }

  private async launch(): Promise<MessageConnection> {
    this.setState({ status: 'starting' });
    const { child, connection } = forkEngine(this.script, (from, text) => {
      this.log[from === 'stdout' ? 'info' : 'warn'](text);
    });
    const started = Date.now();
    this.child = child;
    child.on('error', (error) => {
      this.log.error(error);
    });
    child.on('exit', (code, signal) => {
      this.ended(child, started, signal ?? `exit code ${String(code)}`);
    });
    const info = await withTimeout(ask(connection, protocol.initialize, this.params()), handshakeMs).catch(
      (error: unknown) => {
        child.kill('SIGKILL');
        throw this.explain(error, undefined);
      },
    );
    this.log.info(
      `Engine ${info.version} started (pid ${String(child.pid)}), ` +
        (info.runtime
          ? `${info.runtime.name} ${info.runtime.version} on ${info.runtime.provider}`
          : 'no model runtime'),
    );
    if (info.runtime?.fallback !== undefined) {
      this.log.warn(info.runtime.fallback);
    }
    if (info.problem) {
      this.log.warn(info.problem.message);
    }
    this.setState({ status: 'ready' });
    return connection;
  }

  /** The process is gone. Unless that was wanted, says so and starts a new one after a while. */
  private ended(child: ChildProcess, started: number, reason: string): void {
    this.log.info(`Engine (pid ${String(child.pid)}) ended: ${reason}`);
    if (this.child !== child || this.disposed) {
      return;
    }
    this.forget();
    if (Date.now() - started > healthyMs) {
      this.failures = 0;
    }
    const delay = backOffMs[this.failures++];
    const again = delay === undefined ? 'It is not started again by itself.' : 'It is being started again.';
    const error = new EarmarkError(
      'engine-stopped',
      `The Earmark engine stopped (${reason}). ${again}`,
      'See the log.',
    );
    this.end = error;
    this.setState({ status: 'failed', error: error.toData() });
    this.tell(error.message).catch(this.logError);
    if (delay !== undefined) {
      this.restart = setTimeout(() => {
        this.start().catch(this.logError);
      }, delay);
    }
  }

  private async tell(message: string): Promise<void> {
    const choice = await vscode.window.showWarningMessage(message, 'Show Log', 'Restart Now');
    if (choice === 'Show Log') {
      this.log.show();
    } else if (choice === 'Restart Now') {
      await this.restartNow();
    }
  }

  /** While somebody else still waits for an answer, a request that does not end is waited for. */
  private killWhenStuck(signal: AbortSignal | undefined): () => void {
    let timer: NodeJS.Timeout | undefined;
    const arm = (): void => {
      timer = setTimeout(() => {
        if ([...this.open].some((request) => !request.signal?.aborted)) {
          arm();
          return;
        }
        this.log.warn('A cancelled request did not end in time; the engine is ended and starts again when needed.');
        this.stop();
      }, cancelGraceMs);
    };
    signal?.addEventListener('abort', arm, { once: true });
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', arm);
    };
  }

  private stopWhenIdle(): void {
    if (this.users === 0) {
      clearTimeout(this.idle);
      this.idle = setTimeout(() => {
        this.stop();
      }, idleMs);
    }
  }

  private stop(): void {
    clearTimeout(this.idle);
    clearTimeout(this.restart);
    const child = this.child;
    this.forget();
    child?.kill('SIGKILL');
    this.setState({ status: 'stopped' });
  }

  private forget(): void {
    this.end = undefined;
    this.child = undefined;
    this.engine = undefined;
    this.generationCount++;
  }

  private setState(state: EngineState): void {
    if (!this.disposed && (state.status !== this.current.status || state.status === 'failed')) {
      this.current = state;
      this.stateChanged.fire(state);
    }
  }
}

async function withTimeout<Result>(task: Promise<Result>, ms: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new EarmarkError('engine-stopped', `The engine did not answer within ${String(ms / 1000)} s.`));
    }, ms);
  });
  try {
    return await Promise.race([task, late]);
  } finally {
    clearTimeout(timer);
  }
}
