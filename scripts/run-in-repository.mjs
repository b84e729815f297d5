import { spawn } from 'node:child_process';
import path from 'node:path';
import { repository } from './cache-folder.mjs';

/**
 * Runs a program in the repository, its output to the terminal.
 * @param {string} command
 * @param {readonly string[]} arguments_
 * @param {{ env?: NodeJS.ProcessEnv, folder?: string }} [options] the folder, below the repository's, to run it in
 * @returns {Promise<number>} its exit code
 */
export function runInRepository(command, arguments_, { env = process.env, folder = '' } = {}) {
  return new Promise((resolve, reject) => {
    // npm is a script on Windows and needs a shell there; Node itself does not.
    const shell = process.platform === 'win32' && command !== process.execPath;
    const child = spawn(command, arguments_, { cwd: path.join(repository, folder), stdio: 'inherit', shell, env });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
