// Everything that is checked, fastest first: `npm test`. With names it runs only those: `npm test unit webview`.
// The last line is `N passed, N failed`, over all tests and the other checks; a skipped test counts as failed.
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { repository } from './cache-folder.mjs';
import { describeMissing, python, trainingPython } from './requirements.mjs';
import { runInRepository } from './run-in-repository.mjs';

const bin = (...parts) => [process.execPath, [path.join(repository, 'node_modules', ...parts)]];
const program = ([command, first], ...rest) => [command, [...first, ...rest]];
const results = path.join(repository, 'test', 'output', 'results');

const checks = [
  { name: 'typecheck', command: program(bin('typescript', 'bin', 'tsc'), '--noEmit') },
  { name: 'lint', command: program(bin('eslint', 'bin', 'eslint.js'), '.') },
  { name: 'format', command: program(bin('prettier', 'bin', 'prettier.cjs'), '--check', '.') },
  { name: 'build', command: [process.execPath, [path.join(repository, 'scripts', 'build.mjs')]] },
  {
    name: 'recipes',
    command: [python(), ['-m', 'unittest', 'discover', '-s', 'tests', '-p', 'test_data.py']],
    folder: 'recipes/earmark-mini',
  },
  {
    name: 'training',
    command: [trainingPython(), ['-m', 'unittest', 'discover', '-s', 'tests', '-p', 'test_training.py']],
    folder: 'recipes/earmark-mini',
  },
  {
    name: 'exports',
    command: [python(), ['-m', 'unittest', 'discover', '-s', 'tests']],
    folder: 'recipes/audio-llm',
  },
];
/** Projects of vitest.config.mts, which are folders of test/. */
const suites = ['unit', 'engine', 'webview', 'package', 'vscode'];

const known = [...checks.map(({ name }) => name), ...suites];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(', ')}. There are ${known.join(', ')}.`);
  process.exit(2);
}
const chosen = (name) => wanted.length === 0 || wanted.includes(name);

const missing = describeMissing();
if (missing !== undefined) {
  console.error(missing);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

let passed = 0;
let failed = 0;
const summary = [];
const note = (name, good, bad, started) => {
  passed += good;
  failed += bad;
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  summary.push(`${name.padEnd(10)} ${good} passed, ${bad} failed (${seconds} s)`);
};

await rm(results, { recursive: true, force: true });
await mkdir(results, { recursive: true });
for (const { name, command, folder } of checks.filter(({ name }) => chosen(name))) {
  console.log(`\n== ${name}`);
  const started = Date.now();
  const code = await runInRepository(...command, { folder });
  note(name, code === 0 ? 1 : 0, code === 0 ? 0 : 1, started);
}
for (const name of suites.filter(chosen)) {
  if (!(await hasTests(name))) {
    console.log(`\n== ${name}: no tests`);
    note(name, 0, 1, Date.now());
    continue;
  }
  console.log(`\n== ${name}`);
  const started = Date.now();
  const file = path.join(results, `${name}.json`);
  const vitest = program(bin('vitest', 'vitest.mjs'), 'run', '--project', name);
  vitest[1].push('--reporter=default', '--reporter=json', `--outputFile.json=${file}`);
  const code = await runInRepository(...vitest);
  note(name, ...(await count(file, code)), started);
}

console.log(`\n${summary.join('\n')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function hasTests(name) {
  const folder = path.join(repository, 'test', name);
  return existsSync(folder) && (await readdir(folder, { recursive: true })).some((file) => file.endsWith('.test.ts'));
}

/** Passed and failed of a run of vitest; a run that fails as a whole, or holds nothing, has failed. */
async function count(file, code) {
  if (!existsSync(file)) {
    return [0, 1];
  }
  const report = JSON.parse(await readFile(file, 'utf8'));
  const skipped = report.numPendingTests + report.numTodoTests;
  if (skipped > 0) {
    console.error(`${skipped} tests were skipped; skipped tests count as failed.`);
  }
  const bad = report.numFailedTests + skipped;
  return [report.numPassedTests, bad === 0 && (code !== 0 || report.numPassedTests === 0) ? 1 : bad];
}
