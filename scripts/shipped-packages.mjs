// The packages that are shipped as files beside the bundles, and why each can not be bundled. Everything else that the
// code imports is bundled by esbuild. Packaging copies these into `dist/node_modules`, where `require` finds them.

/**
 * @typedef {object} ShippedPackage
 * @property {string} name
 * @property {string} why
 * @property {(file: string, platform: string | undefined) => boolean} files
 *   Which of the package's files go along; `platform` is `linux/x64` and so on, or absent for a VSIX without binaries.
 */

/** The decoders of compressed sound are ES modules that import one another, and the LGPL is among their licences. */
const modules = (file) => /^(package\.json|LICENSE|index\.js|src\/[^/]+\.js|src\/.+\/[^/]+\.js)$/.test(file);

/** @type {readonly ShippedPackage[]} */
export const shippedPackages = [
  {
    name: 'onnxruntime-node',
    why: 'finds its native binding by a require whose path is computed from platform and architecture',
    // DirectML and the shader compiler serve providers that Earmark does not use. onnxruntime.dll loads them on demand
    // only, they are not open source, and they are half of the package. The second .dylib is a copy under another name.
    files: (file, platform) =>
      file === 'package.json' ||
      /^dist\/\w+\.js$/.test(file) ||
      (platform !== undefined &&
        file.startsWith(`bin/napi-v6/${platform}/`) &&
        !/\/(DirectML|dxcompiler|dxil)\.dll$/.test(file) &&
        !/\/libonnxruntime\.\d+\.\d+\.\d+\.dylib$/.test(file)),
  },
  {
    name: 'onnxruntime-common',
    why: 'onnxruntime-node requires it, and both must see the same Tensor class',
    files: (file) => file === 'package.json' || /^dist\/cjs\/(.*\.js|package\.json)$/.test(file),
  },
  { name: 'mpg123-decoder', why: 'libmpg123 inside is under the LGPL 2.1: a person may replace it', files: modules },
  { name: '@wasm-audio-decoders/flac', why: 'imports codec-parser', files: modules },
  { name: '@wasm-audio-decoders/ogg-vorbis', why: 'imports codec-parser', files: modules },
  // Its enhancement of speech by a network is not used and not shipped: @wasm-audio-decoders/opus-ml, 4 MB.
  { name: 'ogg-opus-decoder', why: 'imports codec-parser', files: modules },
  { name: 'opus-decoder', why: 'imported by ogg-opus-decoder', files: modules },
  { name: 'codec-parser', why: 'is under the LGPL 3.0: a person may replace it', files: modules },
  { name: '@wasm-audio-decoders/common', why: 'imported by the decoders above', files: modules },
  {
    name: '@eshaz/web-worker',
    why: 'imported by @wasm-audio-decoders/common',
    files: (file) => /^(package\.json|LICENSE|node\.js|cjs\/.+\.js)$/.test(file),
  },
  {
    name: 'simple-yenc',
    why: 'imported by @wasm-audio-decoders/common',
    files: (file) => /^(package\.json|LICENSE|dist\/(index|esm)\.js)$/.test(file),
  },
  {
    name: '@duckdb/node-api',
    why: 'requires @duckdb/node-bindings',
    files: (file) => /^(package\.json|LICENSE|lib\/.+\.js)$/.test(file),
  },
  {
    name: '@duckdb/node-bindings',
    why: 'requires the package that has the native binary of the machine, whose name it computes: see duckdbBinaries',
    files: (file) => /^(package\.json|LICENSE|duckdb\.js)$/.test(file),
  },
  {
    name: 'detect-libc',
    why: '@duckdb/node-bindings asks it which binary of Linux fits',
    files: (file) => /^(package\.json|LICENSE|lib\/[^/]+\.js)$/.test(file),
  },
];

/**
 * The packages with DuckDB's native binaries, by target: parts of @duckdb/node-bindings with its version and licence. npm
 * installs the one of its own machine. On other targets Earmark reads and writes no Parquet and says so.
 */
export const duckdbBinaries = {
  'linux-x64': '@duckdb/node-bindings-linux-x64',
  'linux-arm64': '@duckdb/node-bindings-linux-arm64',
  'alpine-x64': '@duckdb/node-bindings-linux-x64-musl',
  'alpine-arm64': '@duckdb/node-bindings-linux-arm64-musl',
  'darwin-x64': '@duckdb/node-bindings-darwin-x64',
  'darwin-arm64': '@duckdb/node-bindings-darwin-arm64',
  'win32-x64': '@duckdb/node-bindings-win32-x64',
  'win32-arm64': '@duckdb/node-bindings-win32-arm64',
};

/** Where onnxruntime-node has a binary: the name of the VS Code target, and of its folder. */
export const platforms = {
  'linux-x64': 'linux/x64',
  'linux-arm64': 'linux/arm64',
  'darwin-arm64': 'darwin/arm64',
  'win32-x64': 'win32/x64',
  'win32-arm64': 'win32/arm64',
};

/**
 * Targets without a binary. There the extension shows sounds and says at run time why the model can not be used.
 * The web targets are not among them: there is no process to run an engine in.
 */
export const targetsWithoutModel = ['darwin-x64', 'linux-armhf', 'alpine-x64', 'alpine-arm64'];
