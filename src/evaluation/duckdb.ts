import type { DuckDBConnection } from '@duckdb/node-api';
import { EarmarkError, type ErrorCode } from '../protocol/errors';

export type DuckDB = typeof import('@duckdb/node-api');

/**
 * Opens a database in memory for one task. DuckDB is loaded here and nowhere else, when it is first needed: everything
 * that reads or writes no Parquet works without it.
 *
 * @param code what it means to the caller that there is no DuckDB for this machine
 */
export async function withDuckDB<Result>(
  code: ErrorCode,
  task: (connection: DuckDBConnection, duckdb: DuckDB) => Promise<Result>,
): Promise<Result> {
  const duckdb = await loaded(code);
  const instance = await duckdb.DuckDBInstance.create(':memory:');
  try {
    const connection = await instance.connect();
    try {
      return await task(connection, duckdb);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

async function loaded(code: ErrorCode): Promise<DuckDB> {
  try {
    return await import('@duckdb/node-api');
  } catch (cause) {
    throw new EarmarkError(
      code,
      `Parquet files can be neither read nor written on this machine (${process.platform} ${process.arch}): DuckDB has no binary for it.`,
      'Give the folder of the evaluation instead: its evaluation.json and rows.jsonl hold the same.',
      { cause },
    );
  }
}
