import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rowKey } from '../../src/evaluation/plan';
import { runEvaluation } from '../../src/host/evaluation-process';
import type { EvaluationRow } from '../../src/protocol/evaluation';
import { repository, sampleFiles } from './default-model';
import { freePort, startRedis } from './redis';

const program = path.join(repository, 'dist', 'cli.js');

/** A folder laid out as Clotho's evaluation set is, with an evaluation of it by the built command line. */
describe('earmark evaluate', () => {
  let folder: string;
  let out: string;
  const started: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'earmark-evaluate-'));
    out = path.join(folder, 'out');
    mkdirSync(path.join(folder, 'evaluation'));
  });

  afterEach(async () => {
    for (const child of started.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    rmSync(folder, { recursive: true });
  });

  /** Names of sounds as Clotho has them, each with the sample that lies under it; one is not there. */
  const sounds: readonly (readonly [string, string | undefined])[] = [
    ['Please, enter & wait.wav', 'conference-prompt.wav'],
    ['Horse  #1 .wav', 'horse-trumpet-beeps.wav'],
    ['prompt+hold!.wav', 'hold-then-laugh.wav'],
    ['gone.wav', undefined],
  ];
  const captions = ['A woman asks for a number', 'A horse neighs', 'A woman speaks, then a man laughs', 'Nothing'];

  function writeClotho(count = sounds.length): void {
    const lines = sounds.slice(0, count).map(([name, sample], i) => {
      if (sample !== undefined) {
        const file = sampleFiles.find((one) => path.basename(one) === sample)!;
        copyFileSync(file, path.join(folder, 'evaluation', name));
      }
      // Nine names of Clotho are written as HTML.
      const references = [1, 2, 3, 4, 5].map((n) => `"${captions[i]!}, ${'again '.repeat(n)}"`);
      return [`"${name.replace('&', '&amp;')}"`, ...references].join(',');
    });
    const header = 'file_name,caption_1,caption_2,caption_3,caption_4,caption_5';
    writeFileSync(path.join(folder, 'clotho_captions_evaluation.csv'), [header, ...lines, ''].join('\n'));
  }

  function evaluate(...words: string[]): ChildProcess {
    const options = ['--strategy', 'segmentwise,random', '--keep', '0.25,0.1', '--max-new-tokens', '8'];
    return start('evaluate', folder, '--out', out, ...options, ...words);
  }

  function start(...words: string[]): ChildProcess {
    const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    return child;
  }

  async function finished(child: ChildProcess): Promise<{ status: number | null; stderr: string }> {
    let stderr = '';
    child.stderr!.on('data', (data: Buffer) => (stderr += data.toString()));
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, stderr };
  }

  function rows(): EvaluationRow[] {
    const file = path.join(out, 'rows.jsonl');
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as EvaluationRow);
  }

  async function until(what: () => boolean): Promise<void> {
    const deadline = Date.now() + 100_000;
    while (!what()) {
      expect(Date.now()).toBeLessThan(deadline);
      await pause(50);
    }
  }

  const doneRows = (): EvaluationRow[] => rows().filter(({ outcome }) => outcome.status === 'done');
  const keysOf = (all: readonly EvaluationRow[]): string[] => all.map(rowKey);
  /** The unpruned run and two strategies at two ratios. */
  const settings = 5;

  it('makes the table of a folder like Clotho’s, with intervals, and a report', { timeout: 240_000 }, async () => {
    writeClotho();
    const { status, stderr } = await finished(evaluate('--jobs', '2'));
    expect(stderr).toContain(`${String(4 * settings)} of ${String(4 * settings)} runs, 5 without a sound`);
    expect(status).toBe(0);
    expect(new Set(keysOf(rows())).size).toBe(4 * settings);
    expect(doneRows()).toHaveLength(3 * settings);
    for (const { outcome } of doneRows()) {
      expect(outcome).toMatchObject({ status: 'done', provider: 'cpu' });
    }
    const results = path.join(out, 'results.earmark.parquet');
    const html = path.join(folder, 'report.html');
    const predictions = path.join(folder, 'predictions');
    const report = spawnSync(
      process.execPath,
      [program, 'report', results, '--html', html, '--predictions', predictions],
      { encoding: 'utf8' },
    );
    expect(report.stderr).not.toMatch(/error/i);
    expect(report.status).toBe(0);
    expect(report.stdout).toMatch(/CIDEr-D/);
    expect(report.stdout).toMatch(/Segmentwise/);
    expect(report.stdout).toContain('5 without a sound');
    expect(readFileSync(html, 'utf8')).toContain('Please, enter');
    const files = readdirSync(predictions);
    expect(files).toHaveLength(settings);
    for (const file of files) {
      expect(readFileSync(path.join(predictions, file), 'utf8')).toMatch(
        /^file_name,caption_predicted\n("?[^\n]+\n){3}$/,
      );
    }
  });

  it('loses at most the run in flight to kill -9, and goes on', { timeout: 240_000 }, async () => {
    writeClotho(3);
    const child = evaluate();
    await until(() => rows().length >= 4);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const before = rows();
    expect(before.length).toBeLessThan(3 * settings);

    const refused = await finished(evaluate());
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('--resume');

    const { status } = await finished(evaluate('--resume'));
    expect(status).toBe(0);
    const after = rows();
    expect(after.slice(0, before.length)).toEqual(before);
    expect(keysOf(after)).toHaveLength(3 * settings);
    expect(new Set(keysOf(after)).size).toBe(3 * settings);
    expect(doneRows()).toHaveLength(3 * settings);
  });

  it('goes on only with what was begun', { timeout: 240_000 }, async () => {
    writeClotho(1);
    await finished(evaluate('--strategy', 'none'));
    const other = await finished(evaluate('--resume'));
    expect(other.status).toBe(2);
    expect(other.stderr).toContain('the settings differ');
  });

  it.each([
    ['a head that it does not have', ['--head', '99'], /Head 99 does not exist.*from 0 to 7/],
    [
      'more new tokens than it has room for',
      ['--models', path.join(repository, '.cache', 'models'), '--model', 'whisper-base', '--max-new-tokens', '445'],
      /445 new tokens are too many for the model "whisper-base", whose context is 448\. Choose at most 444\./,
    ],
  ])('asks a model for nothing that it can not do: %s', async (_, words, message) => {
    writeClotho(1);
    const { status, stderr } = await finished(evaluate(...words));
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
    expect(existsSync(out)).toBe(false);
  });

  it('says in VS Code as well what a model can not do', async () => {
    writeClotho(1);
    const words = ['evaluate', folder, '--out', out, '--head=99', '--progress=json'];
    const { signal } = new AbortController();
    const ending = await runEvaluation(program, words, signal, vi.fn(), vi.fn());
    expect(ending).toEqual({ kind: 'failed', problem: expect.stringMatching(/^Head 99 does not exist/) as string });
  });

  it('starts an engine again that a clip ended', { timeout: 240_000 }, async () => {
    writeClotho(2);
    const child = evaluate();
    const done = finished(child);
    await until(() => rows().length >= 2);
    for (const engine of childrenOf(child.pid!)) {
      process.kill(engine, 'SIGKILL');
    }
    expect((await done).status).toBe(0);
    expect(new Set(keysOf(doneRows())).size).toBe(2 * settings);
    expect(rows()).toHaveLength(2 * settings);
  });

  it('records a clip that is no sound, and runs the others', { timeout: 240_000 }, async () => {
    writeClotho(2);
    writeFileSync(path.join(folder, 'evaluation', sounds[0]![0]), 'no sound');
    const { status, stderr } = await finished(evaluate('--strategy', 'segmentwise', '--keep', '0.25'));
    expect(status).toBe(0);
    expect(stderr).toContain('2 failed');
    const failed = rows().filter(({ outcome }) => outcome.status === 'failed');
    expect(failed.map(({ audio }) => audio)).toEqual([failed[0]!.audio, failed[0]!.audio]);
    expect(doneRows()).toHaveLength(2);
  });

  it('stops at Ctrl-C, and keeps what is done', { timeout: 240_000 }, async () => {
    writeClotho(3);
    const child = evaluate();
    const done = finished(child);
    await until(() => rows().length >= 2);
    child.kill('SIGINT');
    const { status, stderr } = await done;
    expect(status).toBe(130);
    expect(stderr).toContain('--resume');
    expect(doneRows().length).toBeGreaterThanOrEqual(2);
    expect(doneRows().length).toBeLessThan(3 * settings);
  });

  describe('over a queue in Redis', () => {
    let url: string;

    beforeEach(async () => {
      const redis = await startRedis(folder);
      started.push(redis.server);
      url = redis.url;
    });

    const worker = (): ChildProcess => start('worker', '--queue', url, '--threads', '1');

    it('collects each run once from two workers, one of which is killed', { timeout: 300_000 }, async () => {
      writeClotho(3);
      const coordinator = evaluate('--queue', url);
      const done = finished(coordinator);
      const [first] = [worker(), worker()];
      const workersOf = (all: readonly EvaluationRow[]): Set<string> =>
        new Set(all.map(({ outcome }) => (outcome.status === 'done' ? outcome.worker : '')));
      const of = (child: ChildProcess) => (name: string) => name.includes(` ${String(child.pid)},`);
      // Killed in the middle of a clip: it has told of some of the clip's runs, and not of all.
      await until(() => [...workersOf(doneRows())].some(of(first)));
      first.kill('SIGKILL');
      for (const engine of childrenOf(first.pid!)) {
        process.kill(engine, 'SIGKILL');
      }
      const { status, stderr } = await done;
      expect(stderr).toContain(`${String(3 * settings)} of ${String(3 * settings)} runs`);
      expect(status).toBe(0);
      expect(keysOf(rows())).toHaveLength(3 * settings);
      expect(new Set(keysOf(doneRows())).size).toBe(3 * settings);
      expect(workersOf(doneRows()).size).toBe(2);
      // Nothing is left behind but the queue's own bookkeeping.
      expect(execFileSync('redis-cli', ['-u', url, 'keys', `bull:earmark:*-*[0-9a-f]`]).toString()).not.toMatch(
        /:logs/,
      );
    });

    it('leaves clips to a worker that has the sounds, and says what another lacks', { timeout: 300_000 }, async () => {
      writeClotho(3);
      const lacking = start('worker', '--queue', url, '--audio', path.join(folder, 'elsewhere'));
      const said = finished(lacking);
      worker();
      const connected = (): number =>
        execFileSync('redis-cli', ['-u', url, 'client', 'list']).toString().split('name=bull:ZWFybWFyaw==').length - 1;
      await until(() => connected() >= 2);
      const { status, stderr } = await finished(evaluate('--queue', url));
      expect(stderr).not.toContain('failed');
      expect(status).toBe(0);
      expect(new Set(keysOf(doneRows())).size).toBe(3 * settings);
      lacking.kill('SIGINT');
      expect((await said).stderr).toMatch(/has no .*elsewhere.*--audio.*left to others/);
    });

    it('fails a clip that no worker has, and says why', { timeout: 300_000 }, async () => {
      writeClotho(1);
      start('worker', '--queue', url, '--audio', path.join(folder, 'elsewhere'));
      const { stderr } = await finished(evaluate('--queue', url));
      expect(stderr).toContain(`${String(settings)} failed`);
      for (const { outcome } of rows()) {
        expect(outcome).toMatchObject({ status: 'failed', problem: expect.stringContaining('--audio') as string });
      }
    });

    it('goes on collecting after the coordinator was killed', { timeout: 300_000 }, async () => {
      writeClotho(2);
      const coordinator = evaluate('--queue', url);
      worker();
      await until(() => rows().length >= 2);
      coordinator.kill('SIGKILL');
      await once(coordinator, 'exit');
      const { status } = await finished(evaluate('--queue', url, '--resume'));
      expect(status).toBe(0);
      expect(keysOf(rows())).toHaveLength(2 * settings);
      expect(new Set(keysOf(doneRows())).size).toBe(2 * settings);
    });

    it('says that the queue can not be reached', { timeout: 60_000 }, async () => {
      writeClotho(1);
      const { status, stderr } = await finished(
        evaluate('--queue', `redis://user:secret@127.0.0.1:${await freePort()}`),
      );
      expect(status).toBe(7);
      expect(stderr).toMatch(/can not be reached/);
      expect(stderr).not.toContain('secret');
    });
  });
});

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map((line) => Number(line.trim()))
    .filter((id) => id > 0);
}
