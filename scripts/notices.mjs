// The licences of everything that is shipped: what esbuild put into the bundles, and the packages copied beside them.
import { existsSync } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { repository } from './cache-folder.mjs';
import { shippedPackages } from './shipped-packages.mjs';

/** Licences under which code may be bundled or shipped. */
export const allowedLicences = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
  'Zlib',
]);

/** Licences allowed for particular packages only. */
const exceptions = {
  // The icon font is shipped as it is; the notice names its source.
  '@vscode/codicons': ['CC-BY-4.0'],
};

/** Allowed only for packages that are shipped as separate files, so that a person can replace them. */
const replaceableLicences = new Set([
  'LGPL-2.0-or-later',
  'LGPL-2.1',
  'LGPL-2.1-or-later',
  'LGPL-3.0-or-later',
  'MPL-2.0',
]);

/** Licences of what is compiled into a package, where its manifest names that of its own code alone. */
const compiledIn = {
  '@alexanderolsen/libsamplerate-js': 'BSD-2-Clause',
  '@wasm-audio-decoders/flac': 'BSD-3-Clause',
  '@wasm-audio-decoders/ogg-vorbis': 'BSD-3-Clause',
  'mpg123-decoder': 'LGPL-2.1',
  'opus-decoder': 'BSD-3-Clause',
};

/** Licence texts that a package does not bring along itself: files of `licences/`. */
const addedTexts = {
  '@bufbuild/protobuf': ['protobuf.txt'],
  '@microsoft/fast-element': ['fast.txt'],
  '@microsoft/fast-foundation': ['fast.txt'],
  '@microsoft/fast-web-utilities': ['fast.txt'],
  '@wasm-audio-decoders/common': ['wasm-audio-decoders.txt'],
  '@wasm-audio-decoders/flac': ['wasm-audio-decoders.txt', 'xiph.txt'],
  '@wasm-audio-decoders/ogg-vorbis': ['wasm-audio-decoders.txt', 'xiph.txt'],
  'codec-parser': ['gpl-3.0.txt'],
  'mpg123-decoder': ['wasm-audio-decoders.txt', 'libmpg123.txt'],
  'ogg-opus-decoder': ['wasm-audio-decoders.txt'],
  'opus-decoder': ['wasm-audio-decoders.txt', 'xiph.txt'],
  'onnxruntime-node': ['onnxruntime.txt', 'onnxruntime-third-party.txt'],
  'onnxruntime-common': ['onnxruntime.txt'],
};

/** What stands in the repository's own files but was taken from others: rules and tables rather than packages. */
const takenOver = [
  {
    name: 'openai-whisper',
    version: '20250625',
    licence: 'MIT',
    source: 'https://github.com/openai/whisper',
    text: 'openai-whisper.txt',
  },
];

/**
 * @typedef {object} Dependency
 * @property {string} name
 * @property {string} version
 * @property {string} licence SPDX expression
 * @property {string} source
 * @property {string[]} texts
 * @property {boolean} separate whether it is shipped as files of its own
 */

/**
 * @param {readonly { metafile: import('esbuild').Metafile }[]} bundles
 * @returns {Promise<Dependency[]>} sorted by name
 */
export async function collectDependencies(bundles) {
  const folders = new Map();
  for (const { metafile } of bundles) {
    for (const output of Object.values(metafile.outputs)) {
      for (const input of Object.keys(output.inputs)) {
        const folder = packageFolder(input);
        if (folder !== undefined) {
          folders.set(folder, false);
        }
      }
    }
  }
  for (const { name } of shippedPackages) {
    folders.set(`node_modules/${name}`, true);
  }
  const dependencies = await Promise.all([
    ...[...folders].map(([folder, separate]) => describe(folder, separate)),
    ...takenOver.map(async ({ text, ...rest }) => ({ ...rest, texts: [await licenceText(text)], separate: false })),
  ]);
  return dependencies.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1));
}

async function licenceText(file) {
  const text = await readFile(path.join(repository, 'licences', file), 'utf8');
  return text.replaceAll('\r\n', '\n').trim();
}

/** `node_modules/a/node_modules/@b/c` of a path below it; nothing for the repository's own files. */
function packageFolder(input) {
  const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input.replaceAll('\\', '/'));
  return match?.[1];
}

async function describe(folder, separate) {
  const absolute = path.join(repository, folder);
  const manifest = JSON.parse(await readFile(path.join(absolute, 'package.json'), 'utf8'));
  const files = (await readdir(absolute)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const paths = [
    ...files.map((file) => path.join(absolute, file)),
    ...(addedTexts[manifest.name] ?? [`${manifest.name.replace('/', '__')}.txt`]).map((file) =>
      path.join(repository, 'licences', file),
    ),
  ].filter((file) => existsSync(file));
  const repositoryUrl = typeof manifest.repository === 'string' ? manifest.repository : manifest.repository?.url;
  return {
    name: manifest.name,
    version: manifest.version,
    licence: [licenceOf(manifest), compiledIn[manifest.name]].filter(Boolean).join(' AND '),
    source: manifest.homepage ?? repositoryUrl?.replace(/^git\+/, '').replace(/\.git$/, '') ?? '',
    texts: await Promise.all(paths.map(async (file) => (await readFile(file, 'utf8')).replaceAll('\r\n', '\n').trim())),
    separate,
  };
}

function licenceOf(manifest) {
  if (typeof manifest.license === 'string') {
    return manifest.license;
  }
  if (typeof manifest.license?.type === 'string') {
    return manifest.license.type;
  }
  return (manifest.licenses ?? []).map(({ type }) => type).join(' OR ') || 'unknown';
}

/**
 * @param {readonly Dependency[]} dependencies
 * @returns {string[]} what is not in order, a sentence each
 */
export function checkLicences(dependencies) {
  const problems = [];
  for (const { name, version, licence, texts, separate } of dependencies) {
    const accepted = (id) =>
      allowedLicences.has(id) || exceptions[name]?.includes(id) || (separate && replaceableLicences.has(id));
    // SPDX: AND binds closer than OR; no package here nests them.
    const alternatives = licence.replaceAll(/[()]/g, '').split(/\s+OR\s+/);
    if (!alternatives.some((alternative) => alternative.split(/\s+AND\s+/).every(accepted))) {
      problems.push(`${name} ${version} is under ${licence}, which is not among the allowed licences.`);
    }
    if (texts.length === 0) {
      problems.push(`${name} ${version} brings no licence text; add licences/${name.replace('/', '__')}.txt.`);
    }
  }
  return problems;
}

/** @param {readonly Dependency[]} dependencies */
export function writeNotices(dependencies) {
  const line = '='.repeat(80);
  const head = [
    'THIRD-PARTY NOTICES',
    '',
    'Earmark is under the Apache License 2.0 (see LICENSE). It contains the following software and fonts of others.',
    'The sample sounds and those of the benchmark have their own lists in media/samples/ATTRIBUTION.md and',
    'media/benchmark/ATTRIBUTION.md, each model pack its own in pack.json.',
    '',
    ...dependencies.map(({ name, version, licence }) => `  ${name} ${version} (${licence})`),
    '',
  ];
  const parts = dependencies.map(({ name, version, licence, source, texts, separate }) =>
    [
      line,
      `${name} ${version}`,
      `Licence: ${licence}`,
      ...(source === '' ? [] : [`Source: ${source}`]),
      ...(separate ? [`Shipped as separate files in dist/node_modules/${name}, which may be replaced.`] : []),
      line,
      '',
      texts.join('\n\n'),
      '',
    ].join('\n'),
  );
  return [...head, ...parts].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // `npm run notices`: the notices of what is built now, into the file that stands in the repository.
  const { build } = await import('./build.mjs');
  const dependencies = await collectDependencies(await build({ production: true }));
  await writeFile(path.join(repository, 'THIRD_PARTY_NOTICES'), writeNotices(dependencies));
}
