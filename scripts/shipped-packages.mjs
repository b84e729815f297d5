// The packages that are shipped as files beside the bundles, and why each can not be bundled. Everything else that the
// code imports is bundled by esbuild. Packaging copies these into `dist/node_modules`, where `require` finds them.

/**
 * @typedef {object} ShippedPackage
 * @property {string} name
 * @property {string} why
 * @property {(file: string, platform: string | undefined) => boolean} files
 *   Which of the package's files go along; `platform` is `linux/x64` and so on, or absent for a VSIX without binaries.
 */

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
];

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
