import * as os from 'node:os';
import type { Command } from 'commander';
import { serveQueue } from '../evaluation/queue/serve-queue';
import { engineScript } from './engine-script';
import { signalOfInterrupt } from './interrupt';
import { addWorkerOptions, engineThreads, modelFolders, type WorkerOptions } from './run-options';

export function registerWorker(program: Command): void {
  const command = program
    .command('worker')
    .description('Runs clips of evaluations that others began with --queue, until Ctrl-C.')
    .requiredOption('--queue <url>', 'Redis: redis://[user:password@]host[:port][/database]')
    .option('--audio <folder>', 'where the sounds are on this machine (default: where the evaluation has them)');
  addWorkerOptions(command).action(async ({ queue, audio, jobs, ...options }: Arguments) => {
    const log = (line: string): void => {
      process.stderr.write(`${line}\n`);
    };
    const serving = serveQueue({
      url: queue,
      jobs,
      ...(audio !== undefined && { audioFolder: audio }),
      runner: {
        script: engineScript,
        engine: {
          modelFolders: modelFolders(options),
          threads: engineThreads({ ...options, jobs }),
          ffmpeg: options.ffmpeg,
          provider: options.provider,
        },
        worker: `${os.hostname()} ${String(process.pid)}`,
        onOutput: log,
      },
      signal: signalOfInterrupt(),
      log,
    });
    log('Waiting for clips.');
    await serving;
  });
}

interface Arguments extends WorkerOptions {
  readonly queue: string;
  readonly audio?: string;
}
