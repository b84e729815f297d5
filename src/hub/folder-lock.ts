import { readFile, rm, writeFile } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { EarmarkError } from '../protocol/errors';

const lockFile = 'in-use.lock';

/**
 * Keeps others out of a partial folder: two that write one file would spoil it. A lock whose process is gone is taken
 * over.
 *
 * @returns what ends it
 * @throws EarmarkError `write-failed` where another one is at work
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = path.join(folder, lockFile);
  const own = { pid: process.pid, host: os.hostname() };
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(file, JSON.stringify(own), { flag: 'wx' });
      return () => rm(file, { force: true });
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw thrown;
      }
      if (attempt > 0 || (await isHeld(file))) {
        throw new EarmarkError(
          'write-failed',
          'The model is being got by another Earmark already.',
          `Wait for it; if there is none, delete ${file}.`,
          { cause: thrown },
        );
      }
      await rm(file, { force: true });
    }
  }
}

async function isHeld(file: string): Promise<boolean> {
  try {
    const { pid, host } = JSON.parse(await readFile(file, 'utf8')) as { pid: number; host: string };
    return host !== os.hostname() || isRunning(pid);
  } catch {
    // Gone meanwhile, or written by a process that died of it.
    return false;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
