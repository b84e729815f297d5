// Builds everything that runs: `node scripts/build.mjs [--watch] [--production] [--outdir dist]`.
import { chmod, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { repository } from './cache-folder.mjs';
import { shippedPackages } from './shipped-packages.mjs';

/** The oldest Node that runs the code: VS Code 1.100's own, and the one that the command line asks for. */
const node = { platform: 'node', target: 'node20', format: 'cjs', logOverride: { 'empty-import-meta': 'error' } };
const external = shippedPackages.map(({ name }) => name);
/** Chromium of the oldest VS Code in `engines`. */
const browser = {
  platform: 'browser',
  target: 'chrome132',
  loader: { '.ttf': 'file', '.svg': 'file', '.png': 'file' },
};

const bundles = [
  { name: 'extension', entries: ['src/extension.ts'], options: { ...node, external: ['vscode', ...external] } },
  { name: 'engine', entries: ['src/engine/main.ts'], options: { ...node, external } },
  {
    name: 'cli',
    entries: ['src/cli/main.ts'],
    options: { ...node, external, banner: { js: '#!/usr/bin/env node' } },
    executable: true,
  },
  {
    // Modules that share chunks: plotly is in one chunk, loaded once and only when something is to be plotted. The
    // nonce of the entry's script element covers what it imports, so a strict content security policy stands.
    name: 'webview',
    entries: ['webview/editor.ts', 'webview/attention.ts', 'webview/comparison.ts', 'webview/evaluation.ts'],
    options: { ...browser, format: 'esm', splitting: true, chunkNames: 'chunks/[name]-[hash]', assetNames: '[name]' },
  },
  {
    // One script without imports: it is written into reports, which must open from a disk without a server.
    name: 'report',
    entries: ['webview/report.ts', 'webview/evaluation-report.ts'],
    options: { ...browser, format: 'iife', loader: { '.ttf': 'dataurl', '.svg': 'dataurl', '.png': 'dataurl' } },
  },
];

/**
 * @param {{ production?: boolean, watch?: boolean, outdir?: string }} [options]
 * @returns {Promise<readonly { name: string, metafile: esbuild.Metafile }[]>} what went into each bundle
 */
export async function build({ production = false, watch = false, outdir = path.join(repository, 'dist') } = {}) {
  const missing = bundles
    .flatMap(({ entries }) => entries)
    .filter((entry) => !existsSync(path.join(repository, entry)));
  if (production && missing.length > 0) {
    throw new Error(`These entries are missing: ${missing.join(', ')}`);
  }
  for (const entry of missing) {
    console.error(`Not built, because it does not exist: ${entry}`);
  }

  // Chunks are named after their content: those of earlier builds would pile up.
  await rm(path.join(outdir, 'webview', 'chunks'), { recursive: true, force: true });
  const results = [];
  const broken = [];
  for (const bundle of bundles) {
    // Node's bundles are named after themselves; the views lie in a folder of their own, named after their entries.
    const entryPoints = bundle.entries
      .filter((entry) => !missing.includes(entry))
      .map((entry) => ({
        in: path.join(repository, entry),
        out: entry.startsWith('webview/') ? path.basename(entry, '.ts') : bundle.name,
      }));
    if (entryPoints.length === 0) {
      continue;
    }
    const options = {
      absWorkingDir: repository,
      entryPoints,
      outdir: bundle.entries.every((entry) => entry.startsWith('webview/')) ? path.join(outdir, 'webview') : outdir,
      bundle: true,
      minify: production,
      sourcemap: production ? false : 'linked',
      define: { 'process.env.NODE_ENV': production ? '"production"' : '"development"' },
      legalComments: 'none',
      metafile: true,
      logLevel: 'warning',
      ...bundle.options,
    };
    if (watch) {
      const context = await esbuild.context({ ...options, logLevel: 'info' });
      await context.watch();
      continue;
    }
    try {
      const { metafile } = await esbuild.build(options);
      results.push({ name: bundle.name, metafile });
      if (bundle.executable) {
        await chmod(path.join(outdir, `${bundle.name}.js`), 0o755);
      }
    } catch (error) {
      // The other bundles are still worth building: esbuild has said what is wrong with this one.
      broken.push(`${bundle.name} (${error.message.split('\n')[0]})`);
    }
  }
  if (!watch) {
    await buildStyles(outdir, production, results);
  }
  if (broken.length > 0) {
    throw new Error(`Not built: ${broken.join(', ')}`);
  }
  return results;
}

/** Style sheets that no script imports are built by themselves. */
async function buildStyles(outdir, production, results) {
  const imported = new Set(results.flatMap(({ metafile }) => Object.keys(metafile.inputs)));
  const folder = path.join(repository, 'webview');
  const sheets = (existsSync(folder) ? await readdir(folder) : [])
    .filter((file) => file.endsWith('.css') && !imported.has(`webview/${file}`))
    .map((file) => path.join(folder, file));
  if (sheets.length > 0) {
    const { metafile } = await esbuild.build({
      ...browser,
      absWorkingDir: repository,
      entryPoints: sheets,
      outdir: path.join(outdir, 'webview'),
      bundle: true,
      minify: production,
      metafile: true,
      logLevel: 'warning',
      assetNames: '[name]',
    });
    results.push({ name: 'styles', metafile });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const arguments_ = process.argv.slice(2);
  const outdirAt = arguments_.indexOf('--outdir');
  try {
    await build({
      production: arguments_.includes('--production'),
      watch: arguments_.includes('--watch'),
      ...(outdirAt >= 0 && { outdir: path.resolve(arguments_[outdirAt + 1]) }),
    });
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
