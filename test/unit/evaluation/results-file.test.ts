import { appendFile, copyFile, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openResults } from '../../../src/evaluation/open-results';
import { readResults, writeResults } from '../../../src/evaluation/results-file';
import type { Expected } from '../../../src/datasets/dataset';
import type { EvaluationRow, RowOutcome } from '../../../src/protocol/evaluation';
import { doneRow, manifestOf, problemRow, setting } from './evaluations';

let folder: string;
beforeAll(async () => {
  // A name with everything that SQL or a search for files could take for its own.
  folder = path.join(await mkdtemp(path.join(tmpdir(), 'earmark-')), "it's [a] keep=0.5");
  await mkdir(folder);
});
afterAll(async () => {
  await rm(path.dirname(folder), { recursive: true, force: true });
});

const settings = [setting('none', 1), setting('segmentwise', 0.25, { budgetScope: 'clip', headReduce: 3 })];
const manifest = manifestOf(settings, 2);
const rows: readonly EvaluationRow[] = [
  doneRow('a', 0, { kind: 'captions', references: ["A dog's bark", 'Ein Hund'] }, 'A dog "barks"', {
    groups: { category: ['sound', 'music'], empty: [] },
    events: [{ start: 0.5, end: 1.25, what: 'bark' }],
  }),
  doneRow('a', 1, { kind: 'choice', answer: 'x', choices: ['x', 'y'] }, '', { events: [] }),
  doneRow('b', 0, { kind: 'transcript', text: 'said' }, 'said'),
  doneRow('b', 1, { kind: 'answers', answers: ['yes', 'no', 'yes'] }, 'yes'),
  problemRow('c', 0, { kind: 'transcript', text: '' }, 'missing'),
];

describe('a file of results', () => {
  it('holds what was written', async () => {
    const file = path.join(folder, 'plain.earmark.parquet');
    await writeResults(file, manifest, rows);
    expect(await readResults(file)).toEqual({ manifest, rows });
    expect(await readdir(folder)).toEqual(['plain.earmark.parquet']);
  });

  it('takes rows as they come, and none', async () => {
    const file = path.join(folder, 'stream.earmark.parquet');
    async function* coming(): AsyncGenerator<EvaluationRow> {
      for (const row of rows) {
        yield await Promise.resolve(row);
      }
    }
    await writeResults(file, manifest, coming());
    expect((await readResults(file)).rows).toEqual(rows);
    await writeResults(file, manifest, []);
    expect((await readResults(file)).rows).toEqual([]);
  });

  it('is a table for others, with settings and typed columns', async () => {
    const file = path.join(folder, 'table.earmark.parquet');
    await writeResults(file, manifest, rows);
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const reader = await connection.runAndReadAll(
      `SELECT item, strategy, keep_ratio, segments, budget_scope, head_reduce, prefill_ms, kv_bytes, len(kept) AS kept, groups
       FROM read_parquet($1) WHERE setting = 1 ORDER BY item`,
      [file],
    );
    expect(reader.getRowObjectsJson()[0]).toEqual({
      item: 'a',
      strategy: 'segmentwise',
      keep_ratio: 0.25,
      segments: 10,
      budget_scope: 'clip',
      head_reduce: '3',
      prefill_ms: 40,
      kv_bytes: '1048576',
      kept: '10',
      groups: [],
    });
  });
});

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const texts = fc.array(text, { maxLength: 3 });
const count = fc.nat({ max: 2 ** 31 - 1 });
const time = fc.double({ noNaN: true });
const expectedTexts: fc.Arbitrary<Expected> = fc.oneof(
  fc.record({ kind: fc.constant('captions' as const), references: texts }),
  fc.record({ kind: fc.constant('transcript' as const), text }),
  fc.record({ kind: fc.constant('choice' as const), answer: text, choices: texts }),
  fc.record({ kind: fc.constant('answers' as const), answers: texts }),
);
const outcome: fc.Arbitrary<RowOutcome> = fc.oneof(
  fc.record({ status: fc.constantFrom('missing' as const, 'invalid' as const, 'failed' as const), problem: text }),
  fc.record({
    status: fc.constant('done' as const),
    clipId: text,
    durationSeconds: time,
    text,
    tokens: fc.record({ valid: count, trimmed: count, asked: count, kept: count }),
    kept: fc.array(count, { maxLength: 5 }),
    generatedTokens: count,
    finish: fc.constantFrom('stop' as const, 'length' as const, 'cancelled' as const),
    prompt: fc.record({ textBefore: count, audio: count, textAfter: count }),
    times: fc.record({
      decodeMs: time,
      featuresMs: time,
      encodeMs: time,
      selectMs: time,
      adaptMs: time,
      prefillMs: time,
      decodeMsPerToken: time,
      totalMs: time,
    }),
    kvBytes: fc.maxSafeNat(),
    provider: text,
    worker: text,
  }),
);
const anyRow: fc.Arbitrary<EvaluationRow> = fc
  .record({
    item: text,
    setting: fc.nat({ max: 1 }),
    audio: text,
    question: text,
    expected: expectedTexts,
    groups: fc.dictionary(text, texts, { maxKeys: 3, noNullPrototype: true }),
    events: fc.option(fc.array(fc.record({ start: time, end: time, what: text }), { maxLength: 3 }), {
      nil: undefined,
    }),
    outcome,
  })
  .map(({ events, ...row }) => ({ ...row, ...(events && { events }) }));

it('gives back any rows exactly', async () => {
  const file = path.join(folder, 'any.earmark.parquet');
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow, { maxLength: 8 }), async (any) => {
      await writeResults(file, manifest, any);
      expect((await readResults(file)).rows).toEqual(any);
    }),
    { numRuns: 60 },
  );
});

describe('what is no file of results', () => {
  const parquet = async (name: string, metadata: string): Promise<string> => {
    const file = path.join(folder, name);
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run(`COPY (SELECT 1 AS item) TO $1 (FORMAT parquet${metadata})`, [file]);
    return file;
  };
  const refusal = (code: string, message: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error;

  it('is named as such', async () => {
    const broken = path.join(folder, 'broken.parquet');
    await writeFile(broken, 'no Parquet at all');
    await expect(readResults(broken)).rejects.toEqual(refusal('results-invalid', /is no Parquet file/));
    await expect(readResults(path.join(folder, 'none'))).rejects.toEqual(refusal('results-invalid', /no file/));
    const other = await parquet('other.parquet', '');
    await expect(readResults(other)).rejects.toEqual(refusal('results-invalid', /not one of Earmark's/));
    const later = await parquet('later.parquet', `, KV_METADATA {earmark: '{"version": 99, "earmark": "9.0.0"}'}`);
    await expect(readResults(later)).rejects.toEqual(refusal('results-invalid', /Earmark 9\.0\.0.*version 99/));
    const torn = await parquet('torn.parquet', `, KV_METADATA {earmark: '${JSON.stringify(manifest)}'}`);
    await expect(readResults(torn)).rejects.toEqual(refusal('results-invalid', /damaged/));
  });

  it('can not be written where there is no folder or no permission', async () => {
    const nowhere = path.join(folder, 'none', 'x.earmark.parquet');
    await expect(writeResults(nowhere, manifest, rows)).rejects.toEqual(refusal('write-failed', /there is no folder/));
    await mkdir(path.join(folder, 'taken.earmark.parquet'));
    await expect(writeResults(path.join(folder, 'taken.earmark.parquet'), manifest, rows)).rejects.toEqual(
      refusal('write-failed', /can not be written/),
    );
    expect((await readdir(folder)).filter((file) => file.endsWith('.part'))).toEqual([]);
  });
});

describe('the folder of an evaluation', () => {
  const unfinished = async (name: string, lines: string): Promise<string> => {
    const at = path.join(folder, name);
    await mkdir(at);
    await writeFile(path.join(at, 'evaluation.json'), JSON.stringify(manifest));
    await writeFile(path.join(at, 'rows.jsonl'), lines);
    return at;
  };
  const line = (row: EvaluationRow): string => `${JSON.stringify(row)}\n`;

  it('is read from its rows so far: the last of each, and no torn one', async () => {
    const again = problemRow('a', 0, rows[0]!.expected, 'failed');
    const at = await unfinished(
      'on its way',
      line(again) + line(rows[2]!) + line(rows[0]!) + line(rows[3]!).slice(0, 40),
    );
    const { rows: found } = await openResults(at);
    expect(found).toEqual([rows[0], rows[2]]);
  });

  it('is read from its results where it has them, unless they are damaged or older than a row', async () => {
    const at = await unfinished('finished', line(rows[0]!));
    const results = path.join(at, 'results.earmark.parquet');
    await writeResults(results, manifest, rows);
    expect((await openResults(at)).rows).toEqual(rows);
    expect((await openResults(results)).rows).toEqual(rows);
    // Gone on with, and not at its end again.
    const later = new Date(Date.now() + 2000);
    await appendFile(path.join(at, 'rows.jsonl'), line(rows[1]!));
    await utimes(path.join(at, 'rows.jsonl'), later, later);
    expect((await openResults(at)).rows).toEqual([rows[0], rows[1]]);
    await writeFile(path.join(at, 'rows.jsonl'), line(rows[0]!));
    await copyFile(path.join(at, 'rows.jsonl'), results);
    expect((await openResults(at)).rows).toEqual([rows[0]]);
  });

  it('is refused where it holds nothing', async () => {
    const empty = path.join(folder, 'empty');
    await mkdir(empty);
    await expect(openResults(empty)).rejects.toMatchObject({ code: 'results-invalid' });
  });
});
