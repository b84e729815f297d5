// Runs a TypeScript program of this folder with what it imports from src, beside a fresh build of the product.
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import * as esbuild from 'esbuild';
import { build } from './build.mjs';
import { repository } from './cache-folder.mjs';
import { shippedPackages } from './shipped-packages.mjs';

/**
 * @param {string} entry a file in scripts/
 * @param {readonly string[]} [words] its arguments
 * @returns {Promise<number>} its exit code
 */
export async function runTypeScript(entry, words = []) {
  await build({ production: true });
  // Inside dist, so that packages and the built engine are found as the product finds them.
  const folder = await mkdtemp(path.join(repository, 'dist', 'script-'));
  try {
    const outfile = path.join(folder, 'main.js');
    await esbuild.build({
      entryPoints: [path.join(repository, 'scripts', entry)],
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      external: shippedPackages.map(({ name }) => name),
      define: { __repository: JSON.stringify(repository) },
      logLevel: 'warning',
    });
    return spawnSync(process.execPath, ['--expose-gc', outfile, ...words], { stdio: 'inherit' }).status ?? 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
