// Evaluates every strategy on the benchmark that ships, and writes docs/results.md: `npm run benchmark`. It takes
// hours; stopped at any time it goes on where it was, and `npm run benchmark -- --tables` makes the tables of what
// there is. Further words go to `earmark evaluate`: `npm run benchmark -- --jobs 4`.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { repository } from './cache-folder.mjs';
import { runInRepository } from './run-in-repository.mjs';
import { runTypeScript } from './run-typescript.mjs';
import { build } from './build.mjs';

const evaluation = path.join(repository, '.cache', 'benchmark');
const words = process.argv.slice(2).filter((word) => word !== '--tables');

if (!process.argv.includes('--tables')) {
  await build({ production: true });
  const resume = existsSync(path.join(evaluation, 'evaluation.json')) ? ['--resume'] : [];
  const command = ['dist/cli.js', 'evaluate', 'media/benchmark', '--out', evaluation, '--max-new-tokens', '48'];
  const code = await runInRepository(process.execPath, [...command, ...resume, ...words]);
  if (code !== 0) {
    process.exit(code);
  }
}
const made = await runTypeScript(path.join('benchmark', 'main.ts'), [evaluation]);
process.exitCode = made === 0 ? await runInRepository('npx', ['prettier', '--write', 'docs/results.md']) : made;
