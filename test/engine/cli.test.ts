import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFiles } from '../../src/cli/run-files';
import type { ShownRunOptions } from '../../src/cli/run-options';
import type { ExperimentResult } from '../../src/protocol/experiment';
import { editJson } from '../edit-json';
import { packFolder, repository, sampleFiles } from './default-model';

const [conference, halfMinute, hold] = sampleFiles as [string, string, string];

interface RunJson {
  readonly strategy: string;
  readonly keepRatio: number;
  readonly segments: number | null;
  readonly budgetMode: string;
  readonly tokens: { readonly valid: number; readonly trimmed: number; readonly kept: number };
  readonly keptIndices: readonly number[];
  readonly scores?: readonly number[];
  readonly caption: string;
  readonly generatedTokens: number;
  readonly times: Readonly<Record<string, number>>;
  readonly kvBytes: number;
}

interface FileJson {
  readonly file: string;
  readonly durationSeconds: number;
  readonly model: string;
  readonly runs: readonly RunJson[];
}

/** The built command line, as `npx earmark` runs it. */
describe('earmark', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'earmark-cli-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function earmark(...words: string[]) {
    const command = [path.join(repository, 'dist', 'cli.js'), ...words];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  function json(...words: string[]): FileJson {
    const { status, stdout, stderr } = earmark(...words, '--json');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return JSON.parse(stdout) as FileJson;
  }

  it('transcribes with Whisper, and says that it takes no question', () => {
    const models = path.join(repository, '.cache', 'models');
    const chosen = ['--models', models, '--model', 'whisper-base', '--prompt', 'Who?', '--json'];
    const { status, stdout, stderr } = earmark('caption', hold, '--strategy', 'none', ...chosen);
    expect(stderr).toMatch(/"whisper-base" takes no question; --prompt is passed over/);
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as FileJson).runs[0]!.caption).toBe('Please hold while I try that extension.');
  });

  it('captions with all tokens and with a quarter of them', () => {
    const { file, durationSeconds, model, runs } = json('caption', conference);
    expect({ file, model }).toEqual({ file: conference, model: 'earmark-mini' });
    expect(durationSeconds).toBeCloseTo(4.15, 2);
    expect(runs.map(({ strategy, tokens }) => [strategy, tokens.valid, tokens.kept])).toEqual([
      ['none', 104, 104],
      ['segmentwise', 104, 26],
    ]);
    const pruned = runs[1]!;
    expect(pruned).toMatchObject({ keepRatio: 0.25, segments: 10, budgetMode: 'exact' });
    expect(pruned.keptIndices).toHaveLength(26);
    expect(pruned.caption).toMatch(/Please enter your conference number/);
    expect(pruned.scores).toBeUndefined();
    for (const time of [
      'decodeMs',
      'featuresMs',
      'encodeMs',
      'selectMs',
      'adaptMs',
      'prefillMs',
      'decodeMsPerToken',
      'totalMs',
    ]) {
      expect(pruned.times[time]).toBeGreaterThan(0);
    }
    expect(pruned.kvBytes).toBeLessThan(runs[0]!.kvBytes);
  });

  it('adds scores on demand, and keeps the highest of them', () => {
    const { runs } = json('caption', conference, '--strategy', 'top-k', '--keep', '0.1', '--scores');
    const { scores, keptIndices } = runs[0]!;
    expect(scores).toHaveLength(104);
    const best = [...scores!.keys()].sort((a, b) => scores![b]! - scores![a]! || a - b).slice(0, 10);
    expect(keptIndices).toEqual(best.sort((a, b) => a - b));
  });

  it('takes the paper’s budget literally', () => {
    const options = ['--strategy', 'segmentwise', '--keep', '0.25', '--segments', '10', '--budget', 'paper'];
    const { runs } = json('caption', conference, ...options, '--max-new-tokens', '1');
    // floor(0.25 * 104) = 26, floor(26 / 10) = 2 of each of 10 segments.
    expect(runs[0]!.tokens.kept).toBe(20);
  });

  it('writes one report that needs nothing else', () => {
    const report = path.join(folder, 'my report.html');
    const { status, stdout, stderr } = earmark('caption', conference, hold, '--keep', '1,0.25', '--report', report);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /conference-prompt\.wav[^]*All tokens +104 of 104 tokens +prefill \d+ ms[^]*hold-then-laugh\.wav/,
    );
    expect(stderr).toContain(`Report: ${report}`);
    const html = readFileSync(report, 'utf8');
    expect(html).toContain('Please enter your conference number');
    expect(html).not.toMatch(/<(script|link|img)[^>]+(src|href)=["']https?:/);
  });

  it('compares strategies, the unpruned run first', () => {
    const { runs } = json(
      'compare',
      conference,
      '--strategies',
      'top-k,uniform',
      '--keep',
      '0.5,0.25',
      '--max-new-tokens',
      '2',
    );
    expect(runs.map(({ strategy, keepRatio }) => [strategy, keepRatio])).toEqual([
      ['none', 1],
      ['top-k', 0.5],
      ['top-k', 0.25],
      ['uniform', 0.5],
      ['uniform', 0.25],
    ]);
  });

  it('prints a comparison as a table', () => {
    const { stdout, status } = earmark('compare', conference, '--strategy', 'segmentwise', '--keep', '0.25');
    expect(status).toBe(0);
    expect(stdout).toMatch(/strategy +keep +tokens +select ms +prefill ms +speed-up +bound/);
    expect(stdout).toMatch(/segmentwise +25 % +26\/104/);
  });

  it('lists and verifies models', () => {
    const { stdout } = earmark('models');
    expect(stdout).toMatch(
      /earmark-mini +\d+ MB +\d+ MB +[\d.]+ m?s +[\d.]+ m?s \([\d.]+ m?s\) +[\d.]+ m?s \([\d.]+ m?s\) +Apache-2\.0/,
    );
    expect(stdout).toMatch(/about how long a window of sound takes on this machine/);
    expect(earmark('models', 'verify', 'earmark-mini').stdout).toMatch(/files are as they should be/);
  });

  it.each([
    ['a file that is not there', ['caption', 'no such.wav'], 3, /no such\.wav/],
    [
      'a strategy that does not exist',
      ['caption', conference, '--strategy', 'best'],
      2,
      /no strategy named "best".*segmentwise/,
    ],
    ['a keep ratio of 0', ['caption', conference, '--keep', '0'], 2, /above 0/],
    ['a keep ratio that is no number', ['caption', conference, '--keep', 'half'], 2, /"half" is not a number/],
    ['a keep ratio above 1', ['caption', conference, '--keep', '1.5'], 2, /at most 1/],
    ['a budget mode that does not exist', ['caption', conference, '--budget', 'big'], 2, /exact or paper/],
    ['a head that does not exist', ['caption', conference, '--head', '99'], 2, /Head 99 does not exist/],
    ['a model that does not exist', ['caption', conference, '--model', 'gpt'], 4, /no model named "gpt".*earmark-mini/],
    ['a parameter that no strategy has', ['caption', conference, '--set', 'sed=1'], 2, /parameter named "sed"/],
    ['no token to generate', ['caption', conference, '--max-new-tokens', '0'], 2, /from 1 to 1024/],
    ['a command that does not exist', ['prune'], 2, /unknown command/],
    ['no file', ['caption'], 2, /missing required argument/],
  ])('says what is wrong with %s', (_, words, code, message) => {
    const { status, stdout, stderr } = earmark(...words);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(status).toBe(code);
  });

  it('captions the other files where one can not be read, and says which', () => {
    const { status, stdout, stderr } = earmark('caption', 'no such.wav', conference, '--max-new-tokens', '2', '--json');
    expect((JSON.parse(stdout) as FileJson[]).map(({ file }) => file)).toEqual([conference]);
    expect(stderr).toMatch(/no such\.wav/);
    expect(status).toBe(3);
  });

  it('says what is wrong in one line', () => {
    expect(earmark('caption', 'no such.wav').stderr.trim().split('\n')).toHaveLength(1);
  });

  it('reads names with spaces, quotes, # and letters of any language', () => {
    const odd = path.join(folder, `it's "a" #1 été 犬.wav`);
    copyFileSync(conference, odd);
    expect(json('caption', odd, '--strategy', 'uniform', '--max-new-tokens', '1').file).toBe(odd);
  });

  it('names the damaged file of a model', () => {
    const models = path.join(folder, 'models');
    mkdirSync(models);
    const target = path.join(models, 'earmark-mini');
    cpSync(packFolder, target, { recursive: true });
    const tokenizer = path.join(target, 'tokenizer.json');
    writeFileSync(tokenizer, `${readFileSync(tokenizer, 'utf8')} `);
    const { status, stderr } = earmark('caption', conference, '--models', models);
    expect(stderr).toMatch(/tokenizer\.json of the model "earmark-mini" is damaged: expected \d+ bytes with SHA-256/);
    expect(status).toBe(4);
    rmSync(models, { recursive: true });
  });

  it('says that a report can not be written, and prints what it would have shown', () => {
    const words = ['caption', conference, '--strategy', 'uniform', '--max-new-tokens', '1', '--json'];
    const report = path.join(folder, 'no', 'folder', 'report.html');
    const { status, stdout, stderr } = earmark(...words, '--report', report);
    expect(stderr).toMatch(/report can not be written/);
    expect(status).toBe(5);
    expect((JSON.parse(stdout) as FileJson).file).toBe(conference);
  });

  it('captions the other files where one is too long for the model, and says which', () => {
    const models = path.join(folder, 'models');
    const target = path.join(models, 'earmark-mini');
    cpSync(packFolder, target, { recursive: true });
    editJson(path.join(target, 'pack.json'), ({ decoder, ...pack }) => ({
      ...pack,
      decoder: { ...(decoder as object), maxContext: 400 },
    }));
    const words = ['caption', halfMinute, conference, '--strategy', 'none', '--max-new-tokens', '1', '--json'];
    const { status, stdout, stderr } = earmark(...words, '--models', models);
    expect((JSON.parse(stdout) as FileJson[]).map(({ file }) => file)).toEqual([conference]);
    expect(stderr).toMatch(/half-minute\.wav: The prompt is too long for the model/);
    expect(status).toBe(4);
    rmSync(models, { recursive: true });
  });

  it('tells what is done at Ctrl-C', async () => {
    const done: string[] = [];
    const options: ShownRunOptions = {
      ...{ strategy: ['uniform'], keep: [0.25], budget: 'exact', budgetScope: 'window', head: 'mean', set: {} },
      ...{ maxNewTokens: 1, models: packFolder, model: 'earmark-mini', threads: 0, ffmpeg: '', provider: 'cpu' },
      ...{ json: true, scores: false },
    };
    const { results, failures } = await runFiles([conference, hold], options, ({ file }) => {
      done.push(file);
      process.emit('SIGINT');
    });
    expect(done).toEqual([conference]);
    expect(results.map(({ file }) => file)).toEqual(done);
    expect(failures).toMatchObject([{ code: 'cancelled' }]);
  });

  it('says that the disk is full', () => {
    const words = ['caption', conference, '--strategy', 'uniform', '--max-new-tokens', '1'];
    const { status, stderr } = earmark(...words, '--report', '/dev/full');
    expect(stderr).toMatch(/report can not be written: ENOSPC/);
    expect(status).toBe(5);
  });

  it.each([
    ['keep-ratio-sweep', 10],
    ['segment-sweep', 18],
    ['head-study', 8],
    ['attention-over-time', 10],
    ['stability', 7],
  ])('conducts the experiment %s', (name, rows) => {
    const options = ['--max-new-tokens', '3', '--json'];
    const { status, stdout } = earmark('experiment', name, conference, ...options);
    expect(status).toBe(0);
    const result = JSON.parse(stdout) as ExperimentResult;
    expect(result.name).toBe(name);
    expect(result.rows).toHaveLength(rows);
    expect(result.rows.every((row) => row.length === result.columns.length)).toBe(true);
    expect(result.figure.series.every(({ x, y }) => x.length === rows && y.length === rows)).toBe(true);
    expect(result.summary).not.toBe('');
  });

  it('conducts an experiment on one strategy and one keep ratio, and takes no option that it does not heed', () => {
    for (const options of [
      ['--keep', '0.5,0.25'],
      ['--strategy', 'top-k,random'],
      ['--report', 'r.html'],
      ['--scores'],
      ['--strategy', 'none'],
    ]) {
      const { status, stderr } = earmark('experiment', 'head-study', conference, ...options);
      expect(status).toBe(2);
      expect(stderr).toMatch(/one --strategy and one --keep|unknown option|prunes nothing/);
    }
  });

  it('prints an experiment as CSV', () => {
    const { stdout } = earmark('experiment', 'head-study', conference, '--csv');
    expect(stdout.split('\r\n')[0]).toMatch(/^head,overlap with mean/);
  });
});
