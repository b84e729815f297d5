// The shortest way to see something: `npm start` captions the sample sounds with all audio tokens and with a quarter of
// them, and writes a report. It installs and builds what is missing.
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { repository } from './cache-folder.mjs';
import { runInRepository } from './run-in-repository.mjs';

const report = 'earmark-report.html';

if (!existsSync(path.join(repository, 'node_modules', 'esbuild'))) {
  await step('npm', ['ci']);
}
if (!(await isBuilt())) {
  await step(process.execPath, ['scripts/build.mjs']);
}
const samples = path.join('media', 'samples');
const sounds = (await readdir(path.join(repository, samples))).filter((file) => file.endsWith('.wav')).sort();
await step(process.execPath, [
  path.join('dist', 'cli.js'),
  'caption',
  ...sounds.map((file) => path.join(samples, file)),
  '--report',
  report,
]);
console.log(`The report is in ${report}: open it in a browser.`);

/** A step that ends the program where it fails. */
async function step(command, arguments_) {
  const code = await runInRepository(command, arguments_);
  if (code !== 0) {
    process.exit(code);
  }
}

/** Whether the command line and the report's page are there and newer than every source. */
async function isBuilt() {
  const outputs = ['cli.js', path.join('webview', 'report.js')].map((file) => path.join(repository, 'dist', file));
  if (!outputs.every((file) => existsSync(file))) {
    return false;
  }
  const built = Math.min(...(await Promise.all(outputs.map(async (file) => (await stat(file)).mtimeMs))));
  for (const folder of ['src', 'webview']) {
    for (const file of await readdir(path.join(repository, folder), { recursive: true })) {
      if ((await stat(path.join(repository, folder, file))).mtimeMs > built) {
        return false;
      }
    }
  }
  return true;
}
