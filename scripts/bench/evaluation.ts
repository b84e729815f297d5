import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { readRows } from '../../src/evaluation/evaluation-folder';
import type { EvaluationRow, RowResult } from '../../src/protocol/evaluation';
import { markdownTable, median } from './measure';

const strategies = 'segmentwise,top-k,random,uniform,visionzip,vispruner,divprune,cdpruner,a-tome,fastadasp';
const rounds = 3;

/**
 * What an evaluation costs beyond its necessary parts, and what a second worker brings: the sample sounds under 21
 * settings, on one worker and on two with one thread each, in turns.
 */
export async function benchEvaluation(repository: string, folder: string): Promise<string> {
  const dataset = path.join(folder, 'evaluation');
  await writeDataset(path.join(repository, 'media', 'samples'), dataset);
  const once = async (jobs: number): Promise<{ wallMs: number; necessaryMs: number }> => {
    const out = path.join(folder, 'out');
    await rm(out, { recursive: true, force: true });
    const words = ['evaluate', dataset, '--out', out, '--strategy', strategies, '--keep', '0.5,0.25'];
    const started = performance.now();
    const program = path.join(repository, 'dist', 'cli.js');
    const { status, stderr } = spawnSync(
      process.execPath,
      [program, ...words, '--jobs', String(jobs), '--threads', '1'],
      { encoding: 'utf8' },
    );
    if (status !== 0) {
      throw new Error(stderr);
    }
    return { wallMs: performance.now() - started, necessaryMs: necessaryMs(await readRows(out)) };
  };
  const one: Awaited<ReturnType<typeof once>>[] = [];
  const two: Awaited<ReturnType<typeof once>>[] = [];
  for (let round = 0; round < rounds; round++) {
    one.push(await once(1));
    two.push(await once(2));
  }
  const seconds = (all: typeof one, of: 'wallMs' | 'necessaryMs') => median(all.map((each) => each[of])) / 1000;
  const overhead = median(one.map(({ wallMs, necessaryMs: parts }) => wallMs / parts));
  const gain = median(one.map(({ wallMs }, round) => wallMs / two[round]!.wallMs));
  return markdownTable(
    ['an evaluation of 4 clips under 21 settings, one thread a worker', ''],
    [
      ['one worker', `${seconds(one, 'wallMs').toFixed(1)} s`],
      ['its encodes, selections, prefills and decodes alone', `${seconds(one, 'necessaryMs').toFixed(1)} s`],
      ['whole / parts, with starting, loading and warming up (median)', `${overhead.toFixed(2)}x`],
      ['two workers', `${seconds(two, 'wallMs').toFixed(1)} s`],
      ['one worker / two (median)', `${gain.toFixed(2)}x`],
    ],
  );
}

async function writeDataset(samples: string, folder: string): Promise<void> {
  await mkdir(folder);
  const files = (await readdir(samples)).filter((file) => file.endsWith('.wav') && file !== 'half-minute.wav');
  for (const file of files) {
    await copyFile(path.join(samples, file), path.join(folder, file));
  }
  const items = files.map((file) => ({ id: file, audio: file, captions: ['A sound.'] }));
  await writeFile(path.join(folder, 'benchmark.json'), JSON.stringify({ name: 'bench', items }));
}

/** Each clip decoded and encoded once, each run's own steps. */
function necessaryMs(rows: readonly EvaluationRow[]): number {
  const results = rows.flatMap(({ outcome }) => (outcome.status === 'done' ? [outcome] : []));
  const clips = new Map(results.map((result) => [result.clipId, result.times]));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const encoding = [...clips.values()].map(({ decodeMs, featuresMs, encodeMs }) => decodeMs + featuresMs + encodeMs);
  return sum(encoding) + sum(results.map(ownMs));
}

/** `totalMs` holds what is computed once a clip as well. */
function ownMs({ times: { totalMs, decodeMs, featuresMs, encodeMs } }: RowResult): number {
  return totalMs - decodeMs - featuresMs - encodeMs;
}
