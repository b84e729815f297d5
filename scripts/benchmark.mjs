// Evaluates every strategy on the benchmark that ships, and writes docs/results.md: `npm run benchmark`. It takes
// hours; stopped at any time it goes on where it was, and `npm run benchmark -- --tables` makes the tables of what
// there is. `--model whisper-base` evaluates Whisper instead, on the transcripts alone, and writes
// docs/results-whisper-base.md. Further words go to `earmark evaluate`: `npm run benchmark -- --jobs 4`.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { repository } from './cache-folder.mjs';
import { runInRepository } from './run-in-repository.mjs';
import { runTypeScript } from './run-typescript.mjs';
import { build } from './build.mjs';

const media = path.join(repository, 'media', 'benchmark');
const cache = path.join(repository, '.cache');
const words = process.argv.slice(2);
const model = takeModel() ?? 'earmark-mini';
const tablesOnly = words.includes('--tables');

const models = {
  'earmark-mini': {
    evaluation: path.join(cache, 'benchmark'),
    page: 'results.md',
    dataset: async () => [media, '--max-new-tokens', '48'],
  },
  'whisper-base': {
    evaluation: path.join(cache, 'benchmark-whisper-base'),
    page: 'results-whisper-base.md',
    dataset: async () => [
      ...[await writeTranscripts(), '--audio', path.join(media, 'clips'), '--max-new-tokens', '200'],
      ...['--models', path.join(cache, 'models'), '--model', 'whisper-base'],
    ],
  },
};
const chosen = models[model];
if (chosen === undefined) {
  console.error(`There is no benchmark of ${model}; there is one of ${Object.keys(models).join(' and ')}.`);
  process.exit(2);
}

const { evaluation, page, dataset } = chosen;
if (!tablesOnly) {
  await build({ production: true });
  const resume = existsSync(path.join(evaluation, 'evaluation.json')) ? ['--resume'] : [];
  const command = ['dist/cli.js', 'evaluate', ...(await dataset()), '--out', evaluation, ...resume, ...words];
  const code = await runInRepository(process.execPath, command);
  if (code !== 0) {
    process.exit(code);
  }
}
const made = await runTypeScript(path.join('benchmark', 'main.ts'), [model, evaluation, page]);
process.exitCode = made === 0 ? await runInRepository('npx', ['prettier', '--write', `docs/${page}`]) : made;

/** Takes `--model NAME` out of the words. */
function takeModel() {
  const place = words.indexOf('--model');
  return place < 0 ? undefined : words.splice(place, 2)[1];
}

/** The items of the benchmark that ask what is said: a model that is asked nothing answers no other. */
async function writeTranscripts() {
  const benchmark = JSON.parse(await readFile(path.join(media, 'benchmark.json'), 'utf8'));
  const items = benchmark.items.filter(({ transcript }) => transcript !== undefined);
  const file = path.join(cache, 'benchmark-transcripts.json');
  await mkdir(cache, { recursive: true });
  await writeFile(file, JSON.stringify({ ...benchmark, name: `${benchmark.name}, transcripts`, items }));
  return file;
}
