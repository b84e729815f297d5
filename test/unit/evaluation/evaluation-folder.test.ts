import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EvaluationFolder, readRows } from '../../../src/evaluation/evaluation-folder';
import type { EvaluationManifest, EvaluationRow, RowOutcome } from '../../../src/protocol/evaluation';

const manifest: EvaluationManifest = {
  version: 1,
  earmark: '0.1.0',
  evaluationId: 'e',
  created: '2026-01-01T00:00:00.000Z',
  dataset: {
    name: 'd',
    format: 'clotho',
    file: 'd.csv',
    audioFolder: '.',
    items: 2,
    clips: 2,
    fingerprint: 'f',
    warnings: [],
  },
  model: { modelId: 'm', title: 'M', fingerprint: 'f', secondsPerToken: 0.04, question: 'q' },
  settings: [],
  machine: { processor: 'p', cores: 2, platform: 'linux-x64', node: 'v20', runtime: 'r' },
  jobs: 1,
  threads: 0,
};

function row(item: string, setting: number, status: Exclude<RowOutcome['status'], 'done'> = 'invalid'): EvaluationRow {
  const expected = { kind: 'transcript', text: 'ä' } as const;
  return { item, setting, audio: 'a.wav', question: 'q', expected, groups: {}, outcome: { status, problem: status } };
}

describe('EvaluationFolder', () => {
  let parent: string;
  let folder: string;
  let rows: string;

  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'earmark-evaluation-'));
    folder = path.join(parent, 'out');
    rows = path.join(folder, 'rows.jsonl');
  });

  afterEach(() => {
    rmSync(parent, { recursive: true });
  });

  async function written(...all: readonly EvaluationRow[]): Promise<void> {
    const evaluation = await EvaluationFolder.begin(folder, manifest);
    for (const one of all) {
      await evaluation.append(one);
    }
    await evaluation.close();
  }

  it('keeps each row on the disk as soon as it is added, and each key once', async () => {
    const evaluation = await EvaluationFolder.begin(folder, manifest);
    expect(await evaluation.append(row('a', 0))).toBe(true);
    expect(await evaluation.append(row('a', 1))).toBe(true);
    expect(await evaluation.append(row('a', 0))).toBe(false);
    expect(readFileSync(rows, 'utf8').split('\n')).toHaveLength(3);
    await evaluation.close();
    expect(await readRows(folder)).toEqual([row('a', 0), row('a', 1)]);
  });

  it('keeps long rows apart that come at once', async () => {
    const evaluation = await EvaluationFolder.begin(folder, manifest);
    const long = ['a', 'b', 'c'].map((item) => ({ ...row(item, 0), question: item.repeat(1_500_000) }));
    await Promise.all(long.map((one) => evaluation.append(one)));
    await evaluation.close();
    expect(await readRows(folder)).toEqual(long);
  });

  it('does not take rows for its own whose description is gone', async () => {
    await written(row('a', 0));
    rmSync(path.join(folder, 'evaluation.json'));
    await expect(EvaluationFolder.begin(folder, manifest)).rejects.toMatchObject({
      code: 'settings-invalid',
      message: expect.stringContaining('holds the rows of an evaluation') as string,
    });
    expect(readFileSync(rows, 'utf8')).not.toBe('');
  });

  it('goes on behind a line that was torn at any byte', async () => {
    await written(row('a', 0));
    const whole = readFileSync(rows);
    const next = Buffer.from(JSON.stringify(row('ä', 1)));
    for (const length of [1, next.length / 2, next.indexOf('ä') + 1, next.length].map(Math.floor)) {
      writeFileSync(rows, Buffer.concat([whole, next.subarray(0, length)]));
      expect(await readRows(folder)).toEqual([row('a', 0)]);
      const evaluation = await EvaluationFolder.resume(folder);
      expect([...evaluation.done]).toEqual(['0 a']);
      await evaluation.append(row('ä', 1));
      await evaluation.close();
      expect(await readRows(folder)).toEqual([row('a', 0), row('ä', 1)]);
    }
  });

  it('reads more rows than one piece of the file holds, with signs of every length and separators inside', async () => {
    // The last three end lines elsewhere, not in JSON.
    const signs = 'a ä 雨 🎺 \u0085 \u2028 \u2029';
    const many = Array.from({ length: 3000 }, (_, i) => row(`${signs.slice(0, i % signs.length)}${String(i)}`, i % 7));
    await written();
    writeFileSync(rows, many.map((one) => `${JSON.stringify(one)}\n`).join(''));
    expect(await readRows(folder)).toEqual(many);
    const { size } = statSync(rows);
    appendFileSync(rows, '{"item": "to');
    await (await EvaluationFolder.resume(folder)).close();
    expect(statSync(rows).size).toBe(size);
  });

  it('tries again what was missing or failed, and counts what came last', async () => {
    await written(row('a', 0, 'missing'), row('b', 0, 'failed'), row('c', 0, 'invalid'));
    const evaluation = await EvaluationFolder.resume(folder);
    expect([...evaluation.done]).toEqual(['0 c']);
    await evaluation.append(row('a', 0, 'failed'));
    await evaluation.close();
    expect(await readRows(folder)).toEqual([row('a', 0, 'failed'), row('b', 0, 'failed'), row('c', 0, 'invalid')]);
  });

  it('does not begin where an evaluation is', async () => {
    await written(row('a', 0));
    await expect(EvaluationFolder.begin(folder, manifest)).rejects.toMatchObject({
      code: 'settings-invalid',
      action: expect.stringContaining('--resume') as string,
    });
    expect(await readRows(folder)).toEqual([row('a', 0)]);
  });

  it('does not go on where none is', async () => {
    mkdirSync(folder);
    await expect(EvaluationFolder.resume(folder)).rejects.toMatchObject({ code: 'results-invalid' });
  });

  it('does not go on with what another version wrote, and names it', async () => {
    await written();
    const file = path.join(folder, 'evaluation.json');
    writeFileSync(file, JSON.stringify({ ...manifest, version: 99, earmark: '9.0.0' }));
    await expect(EvaluationFolder.resume(folder)).rejects.toMatchObject({
      code: 'results-invalid',
      message: expect.stringContaining('Earmark 9.0.0 in version 99') as string,
    });
  });

  it('says which line is damaged', async () => {
    await written(row('a', 0));
    appendFileSync(rows, '{"item": \n');
    await expect(EvaluationFolder.resume(folder)).rejects.toMatchObject({
      message: expect.stringContaining('Line 2') as string,
    });
  });

  it('says that the disk is full, and what to do', async () => {
    mkdirSync(folder);
    symlinkSync('/dev/full', rows);
    const evaluation = await EvaluationFolder.begin(folder, manifest);
    await expect(evaluation.append(row('a', 0))).rejects.toMatchObject({
      code: 'write-failed',
      message: expect.stringContaining('ENOSPC') as string,
      action: expect.stringContaining('--resume') as string,
    });
    await evaluation.close();
  });

  it('says that the folder can not be written to', async () => {
    writeFileSync(folder, 'a file');
    await expect(EvaluationFolder.begin(folder, manifest)).rejects.toMatchObject({ code: 'write-failed' });
  });
});
