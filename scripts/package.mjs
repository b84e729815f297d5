// Packs VSIX files: `node scripts/package.mjs [--target linux-x64 …|--all] [--out folder]`.
// Without a target it packs for this machine. Everything is put together in a folder of its own and packed from there,
// so that neither `dist` nor `node_modules` of the checkout changes.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVSIX, listFiles, PackageManager } from '@vscode/vsce';
import { build } from './build.mjs';
import { cacheFolder, repository } from './cache-folder.mjs';
import { checkLicences, collectDependencies, writeNotices } from './notices.mjs';
import { duckdbBinaries, platforms, shippedPackages, targetsWithoutModel } from './shipped-packages.mjs';

const documents = ['README.md', 'CHANGELOG.md', 'SUPPORT.md', 'LICENSE', '.vscodeignore'];

/** The target of the machine that runs this, where it is one that VS Code knows. */
export const ownTarget = `${process.platform}-${process.arch}`;
export const targets = [...Object.keys(platforms), ...targetsWithoutModel];

/**
 * @param {string} target
 * @param {{ out?: string }} [options]
 * @returns {Promise<{ file: string, bytes: number, files: string[], folder: string,
 *   dependencies: import("./notices.mjs").Dependency[] }>}
 */
export async function packageVsix(target, { out = repository } = {}) {
  if (!targets.includes(target)) {
    throw new Error(`Unknown target ${target}. The targets are ${targets.join(', ')}.`);
  }
  const folder = path.join(cacheFolder(), 'package', target);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });

  const bundles = await build({ production: true, outdir: path.join(folder, 'dist') });
  const dependencies = await collectDependencies(bundles);
  const problems = checkLicences(dependencies);
  if (problems.length > 0) {
    throw new Error(`Licences are not in order:\n${problems.join('\n')}`);
  }
  await writeFile(path.join(folder, 'THIRD_PARTY_NOTICES'), writeNotices(dependencies));
  await copyShippedPackages(path.join(folder, 'dist', 'node_modules'), platforms[target]);
  await copyDuckdbBinary(path.join(folder, 'dist', 'node_modules'), target);
  await cp(path.join(repository, 'media'), path.join(folder, 'media'), { recursive: true });
  for (const document of documents.filter((file) => existsSync(path.join(repository, file)))) {
    await cp(path.join(repository, document), path.join(folder, document));
  }
  for (const file of await readdir(repository)) {
    if (/^package\.nls(\..+)?\.json$/.test(file)) {
      await cp(path.join(repository, file), path.join(folder, file));
    }
  }
  await writeFile(path.join(folder, 'package.json'), await shippedManifest());

  const file = path.join(out, `earmark-${target}.vsix`);
  await mkdir(out, { recursive: true });
  await createVSIX({ cwd: folder, target, packagePath: file, dependencies: false });
  const files = await listFiles({ cwd: folder, packageManager: PackageManager.None });
  const { size } = await stat(file);
  return { file, bytes: size, files, folder, dependencies };
}

/** Dependencies are bundled or copied: named in the manifest, they would only mislead whoever reads it. */
async function shippedManifest() {
  const manifest = JSON.parse(await readFile(path.join(repository, 'package.json'), 'utf8'));
  for (const key of ['dependencies', 'devDependencies', 'overrides', 'scripts']) {
    delete manifest[key];
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

async function copyShippedPackages(destination, platform) {
  for (const { name, files } of shippedPackages) {
    const from = path.join(repository, 'node_modules', name);
    if (!existsSync(from)) {
      throw new Error(`${name} is not installed; run npm ci.`);
    }
    const entries = await readdir(from, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const file = path.relative(from, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/');
      if (entry.isFile() && files(file, platform)) {
        await cp(path.join(from, file), path.join(destination, name, file));
      }
    }
  }
}

/** DuckDB's binary for the target: the installed one, or that of another platform as npm brings it, kept in the cache. */
async function copyDuckdbBinary(destination, target) {
  const name = duckdbBinaries[target];
  if (name === undefined) {
    return;
  }
  const installed = path.join(repository, 'node_modules', name);
  await cp(existsSync(installed) ? installed : await broughtByNpm(name), path.join(destination, name), {
    recursive: true,
    filter: (file) => !file.endsWith('README.md'),
  });
}

async function broughtByNpm(name) {
  const lock = JSON.parse(await readFile(path.join(repository, 'package-lock.json'), 'utf8'));
  const { version } = lock.packages[`node_modules/${name}`];
  const prefix = path.join(cacheFolder(), 'duckdb', version, name);
  const folder = path.join(prefix, 'node_modules', name);
  if (!existsSync(folder)) {
    await mkdir(prefix, { recursive: true });
    // It is not for this platform, which npm refuses unless it is forced.
    const asked = ['install', '--force', '--no-save', '--ignore-scripts', '--prefix', prefix, `${name}@${version}`];
    execFileSync('npm', asked, { stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' });
  }
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const arguments_ = process.argv.slice(2);
  const chosen = arguments_.flatMap((argument, at) => (arguments_[at - 1] === '--target' ? argument.split(',') : []));
  const outAt = arguments_.indexOf('--out');
  const out = outAt < 0 ? repository : path.resolve(arguments_[outAt + 1]);
  const wanted = arguments_.includes('--all') ? targets : chosen.length > 0 ? chosen : [ownTarget];
  for (const target of wanted) {
    const { file, bytes, files } = await packageVsix(target, { out });
    console.log(`${path.basename(file)}: ${(bytes / 1e6).toFixed(1)} MB, ${files.length} files`);
    if (platforms[target] === undefined) {
      console.log(`  without the model: onnxruntime has no binary for ${target}`);
    }
  }
}
