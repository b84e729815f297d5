import { fork, type ChildProcess } from 'node:child_process';
import type { MessageConnection } from 'vscode-jsonrpc';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';

/** An engine in a process of its own, and the connection to it. Whoever forks it initialises it, and ends it. */
export interface EngineProcess {
  readonly child: ChildProcess;
  readonly connection: MessageConnection;
}

/**
 * Starts an engine. Its connection listens, and ends with the process: what was asked then fails with `engine-stopped`.
 *
 * @param script dist/engine.js
 * @param onOutput takes what the engine writes: onnxruntime's warnings on standard error, for one
 */
export function forkEngine(script: string, onOutput: (from: 'stdout' | 'stderr', text: string) => void): EngineProcess {
  const child = fork(script, [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: engineEnvironment(),
  });
  for (const from of ['stdout', 'stderr'] as const) {
    child[from]?.on('data', (data: Buffer) => {
      onOutput(from, data.toString().trimEnd());
    });
  }
  const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
  child.on('exit', () => {
    connection.dispose();
  });
  connection.listen();
  return { child, connection };
}

/** The environment without what would make the child behave as a part of VS Code. */
export function engineEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('VSCODE_'));
  return { ...Object.fromEntries(entries), ELECTRON_RUN_AS_NODE: '1' };
}
