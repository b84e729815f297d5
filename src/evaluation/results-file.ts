import { access, constants, rename, rm } from 'node:fs/promises';
import * as path from 'node:path';
import type { DuckDBAppender, DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { EarmarkError } from '../protocol/errors';
import type { EvaluationManifest, EvaluationRow } from '../protocol/evaluation';
import { withDuckDB, type DuckDB } from './duckdb';
import { requireVersion } from './evaluation-folder';
import { columns, fromCells, toCells, type ReadCells } from './row-columns';

/** What a file of results is called, by convention. */
export const resultsSuffix = '.earmark.parquet';

const metadataKey = 'earmark';
const names = Object.keys(columns) as (keyof typeof columns)[];

/**
 * Writes an evaluation to one Parquet file that needs nothing else: a row is a row, and the manifest is in the file's
 * metadata under `earmark`. Whatever reads Parquet reads it. It takes its name when it is whole.
 *
 * @throws EarmarkError `write-failed`
 */
export async function writeResults(
  file: string,
  manifest: EvaluationManifest,
  rows: Iterable<EvaluationRow> | AsyncIterable<EvaluationRow>,
): Promise<void> {
  const unfinished = `${file}.part`;
  try {
    await withDuckDB('write-failed', async (connection, duckdb) => {
      const types = names.map((name) => `"${name}" ${columns[name]}`).join(', ');
      await connection.run(`CREATE TABLE results (${types})`);
      await append(await connection.createAppender('results'), manifest, rows, duckdb);
      await connection.run(`COPY results TO $1 (FORMAT parquet, COMPRESSION zstd, KV_METADATA {${metadataKey}: $2})`, [
        unfinished,
        JSON.stringify(manifest),
      ]);
    });
    await rename(unfinished, file);
  } catch (thrown) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw notWritten(file, thrown);
  }
}

async function append(
  appender: DuckDBAppender,
  manifest: EvaluationManifest,
  rows: Iterable<EvaluationRow> | AsyncIterable<EvaluationRow>,
  duckdb: DuckDB,
): Promise<void> {
  const types = names.map((_, column) => appender.columnType(column));
  for await (const row of rows) {
    const cells = toCells(row, manifest.settings, duckdb);
    names.forEach((name, column) => {
      appendCell(appender, cells[name], types[column]!);
    });
    appender.endRow();
  }
  appender.closeSync();
}

function appendCell(appender: DuckDBAppender, cell: DuckDBValue | undefined, type: DuckDBType): void {
  if (cell === undefined || cell === null) {
    appender.appendNull();
  } else {
    appender.appendValue(cell, type);
  }
}

function notWritten(file: string, thrown: unknown): EarmarkError {
  if (thrown instanceof EarmarkError) {
    return thrown;
  }
  const { message } = thrown as Error;
  const why = /no space/i.test(message)
    ? 'the disk is full'
    : /permission|EACCES|EPERM|read-only/i.test(message)
      ? 'it may not be written there'
      : /no such file|ENOENT/i.test(message)
        ? `there is no folder ${path.dirname(file)}`
        : message;
  return new EarmarkError(
    'write-failed',
    `The results can not be written to ${file}: ${why}.`,
    'Make room or choose another place; the rows of the evaluation are kept in its folder.',
    { cause: thrown },
  );
}

/**
 * Reads what `writeResults` wrote.
 *
 * @throws EarmarkError `results-invalid` where there is no such file, it is none of Earmark's, it is damaged, or another
 *   version wrote it
 */
export async function readResults(
  file: string,
): Promise<{ readonly manifest: EvaluationManifest; readonly rows: readonly EvaluationRow[] }> {
  try {
    await access(file, constants.R_OK);
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code !== 'ENOENT';
    throw invalid(isThere ? `${file} may not be read.` : `There is no file ${file}.`, cause);
  }
  return withDuckDB('results-invalid', async (connection) => {
    const manifest = requireVersion(await readManifestOf(connection, file), file);
    return { manifest, rows: await readRowsOf(connection, file) };
  });
}

async function readManifestOf(connection: DuckDBConnection, file: string): Promise<Partial<EvaluationManifest>> {
  const query = 'SELECT decode(value) AS manifest FROM parquet_kv_metadata($1) WHERE decode(key) = $2';
  let json: unknown;
  try {
    const reader = await connection.runAndReadAll(query, [file, metadataKey]);
    json = reader.getRowObjectsJS()[0]?.manifest;
  } catch (cause) {
    throw invalid(`${file} is no Parquet file, or it is damaged.`, cause);
  }
  if (typeof json !== 'string') {
    throw invalid(`${file} is a Parquet file, but not one of Earmark's results.`);
  }
  try {
    return JSON.parse(json) as Partial<EvaluationManifest>;
  } catch (cause) {
    throw invalid(`${file} is damaged: its description is no JSON.`, cause);
  }
}

async function readRowsOf(connection: DuckDBConnection, file: string): Promise<EvaluationRow[]> {
  // By name, so that columns of other programs beside them do no harm; folders such as "keep=0.5" are no columns.
  const selected = names.map((name) => `"${name}"`).join(', ');
  try {
    const result = await connection.stream(`SELECT ${selected} FROM read_parquet($1, hive_partitioning = false)`, [
      file,
    ]);
    const rows: EvaluationRow[] = [];
    for await (const chunk of result.yieldRowObjectJs()) {
      rows.push(...chunk.map((cells) => fromCells(cells as ReadCells)));
    }
    return rows;
  } catch (cause) {
    throw invalid(`${file} is damaged: ${(cause as Error).message}`, cause);
  }
}

function invalid(message: string, cause?: unknown): EarmarkError {
  return new EarmarkError(
    'results-invalid',
    message,
    `Give a file *${resultsSuffix} that "earmark evaluate" wrote, or the folder of an evaluation.`,
    { cause },
  );
}
