// Measures what the README's table shows: `npm run bench`. Pairs are taken in turns in one run; figures are medians.
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import * as esbuild from 'esbuild';
import { build } from './build.mjs';
import { repository } from './cache-folder.mjs';
import { shippedPackages } from './shipped-packages.mjs';

await build({ production: true });
// Inside dist, so that packages and the built engine are found as the product finds them.
const folder = await mkdtemp(path.join(repository, 'dist', 'bench-'));
try {
  const outfile = path.join(folder, 'bench.js');
  await esbuild.build({
    entryPoints: [path.join(repository, 'scripts', 'bench', 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: shippedPackages.map(({ name }) => name),
    define: { __repository: JSON.stringify(repository) },
    logLevel: 'warning',
  });
  process.exitCode = spawnSync(process.execPath, ['--expose-gc', outfile], { stdio: 'inherit' }).status ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
