import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { cacheFolder, repository } from '../../scripts/cache-folder.mjs';
import { checkLicences } from '../../scripts/notices.mjs';
import { ownTarget, packageVsix } from '../../scripts/package.mjs';
import { duckdbBinaries, platforms, shippedPackages } from '../../scripts/shipped-packages.mjs';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

const run = promisify(execFile);
const megabyte = 1e6;
const binary = (platforms as Readonly<Record<string, string | undefined>>)[ownTarget];

/** Everything that may be in a VSIX. A file that matches none is one that should not be shipped. */
const expected: readonly RegExp[] = [
  /^(package\.json|package\.nls(\.[\w-]+)?\.json|README\.md|CHANGELOG\.md|SUPPORT\.md|LICENSE|THIRD_PARTY_NOTICES)$/,
  /^dist\/(extension|engine|cli)\.js$/,
  /^dist\/webview\/(editor|attention|comparison|report|evaluation|evaluation-report)\.(js|css)$/,
  /^dist\/webview\/chunks\/[\w-]+\.(js|css)$/,
  /^dist\/webview\/codicon\.ttf$/,
  /^dist\/node_modules\/[\w@./-]+$/,
  /^media\/icon\.png$/,
  /^media\/[\w-]+\.svg$/,
  /^media\/walkthrough\/[\w-]+\.(md|svg|png)$/,
  /^media\/samples\/[\w-]+\.(wav|json|md)$/,
  /^media\/metrics\/[\w-]+\.json$/,
  /^media\/benchmark\/(benchmark\.json|ATTRIBUTION\.md|clips\/[\w-]+\.opus)$/,
  /^media\/models\/earmark-mini\/[\w.-]+$/,
];

/** What has to be there for Earmark to work at all. */
const required = [
  'package.json',
  'package.nls.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'THIRD_PARTY_NOTICES',
  'dist/extension.js',
  'dist/engine.js',
  'dist/cli.js',
  ...['editor', 'attention', 'comparison', 'report'].flatMap((view) => [
    `dist/webview/${view}.js`,
    `dist/webview/${view}.css`,
  ]),
  'dist/webview/codicon.ttf',
  'dist/node_modules/onnxruntime-common/dist/cjs/index.js',
  'dist/node_modules/onnxruntime-node/dist/index.js',
  'media/icon.png',
  'media/models/earmark-mini/pack.json',
];

describe(`the VSIX for ${ownTarget}`, () => {
  let vsix: Awaited<ReturnType<typeof packageVsix>>;
  beforeAll(async () => {
    vsix = await packageVsix(ownTarget, { out: path.join(cacheFolder(), 'vsix') });
  });

  it('holds nothing but what is meant to be shipped', () => {
    expect(vsix.files.filter((file) => !expected.some((pattern) => pattern.test(file)))).toEqual([]);
  });

  it('holds everything that is needed', () => {
    expect(vsix.files).toEqual(expect.arrayContaining(required));
  });

  it('holds the native binary of its own platform only', () => {
    const binaries = vsix.files.filter((file) => file.includes('/bin/napi-v6/'));
    expect(binaries.length).toBeGreaterThanOrEqual(2);
    expect(binaries.filter((file) => !file.includes(`/bin/napi-v6/${String(binary)}/`))).toEqual([]);
    const duckdb = vsix.files.filter((file) => file.endsWith('/duckdb.node'));
    expect(duckdb).toEqual([
      `dist/node_modules/${duckdbBinaries[ownTarget as keyof typeof duckdbBinaries]}/duckdb.node`,
    ]);
  });

  it('has its licences in the repository’s own THIRD_PARTY_NOTICES (else: npm run notices)', async () => {
    const notices = await readFile(path.join(repository, 'THIRD_PARTY_NOTICES'), 'utf8');
    const missing = vsix.dependencies.filter(({ name }) => !notices.includes(`\n  ${name} `));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it('loads its packages and runs where nothing else is installed', async () => {
    const elsewhere = await mkdtemp(path.join(tmpdir(), 'earmark-package-'));
    try {
      await cp(path.join(vsix.folder, 'dist'), path.join(elsewhere, 'dist'), { recursive: true });
      const inDist = { cwd: path.join(elsewhere, 'dist') };
      const manifest = JSON.parse(await readFile(path.join(repository, 'package.json'), 'utf8')) as Manifest;
      // The others are loaded by these.
      for (const { name } of shippedPackages.filter(({ name }) => name in manifest.dependencies)) {
        await run(process.execPath, ['--input-type=module', '--eval', `await import('${name}')`], inDist);
      }
      const { stdout } = await run(process.execPath, ['cli.js', 'strategies'], inDist);
      expect(stdout).toContain('segmentwise');
    } finally {
      await rm(elsewhere, { recursive: true, force: true });
    }
  });

  it('is of a size that the marketplace takes', () => {
    expect(vsix.bytes).toBeGreaterThan(10 * megabyte);
    expect(vsix.bytes).toBeLessThan(240 * megabyte);
  });

  it('names no dependencies that it does not carry', async () => {
    const manifest = JSON.parse(await readFile(path.join(vsix.folder, 'package.json'), 'utf8')) as object;
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('scripts');
  });

  it('names every shipped package in its notices, with a licence text', async () => {
    const notices = await readFile(path.join(vsix.folder, 'THIRD_PARTY_NOTICES'), 'utf8');
    for (const { name, version, licence } of vsix.dependencies) {
      expect(notices).toContain(`${name} ${version}\nLicence: ${licence}`);
    }
    expect(notices).toContain('onnxruntime-node');
  });
});

describe('checking licences', () => {
  const dependency = { name: 'some', version: '1.0.0', licence: 'MIT', source: '', texts: ['text'], separate: false };

  it.each(['MIT', '(MIT OR GPL-3.0-only)', '(Apache-2.0 AND BSD-3-Clause)', 'CC0-1.0'])('accepts %s', (licence) => {
    expect(checkLicences([{ ...dependency, licence }])).toEqual([]);
  });

  it.each(['GPL-2.0-only', '(MIT AND GPL-2.0-only)', 'LGPL-2.1', 'CC-BY-4.0', 'unknown'])('refuses %s', (licence) => {
    expect(checkLicences([{ ...dependency, licence }])).toHaveLength(1);
  });

  it('accepts the LGPL for what is shipped as separate files', () => {
    expect(checkLicences([{ ...dependency, licence: 'LGPL-2.1', separate: true }])).toEqual([]);
  });

  it('refuses a package without a licence text', () => {
    expect(checkLicences([{ ...dependency, texts: [] }])).toHaveLength(1);
  });
});
