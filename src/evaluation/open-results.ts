import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import { EarmarkError } from '../protocol/errors';
import { manifestFile, readManifest, readRows, resultsFile, rowsFile } from './evaluation-folder';
import { readResults } from './results-file';
import type { Evaluation } from './summarise';

/**
 * Opens an evaluation: a file of results, or the folder of an evaluation. A folder that has no file of results yet, or
 * that was gone on with since, is read from its rows so far, also while others are added.
 *
 * @throws EarmarkError `results-invalid`
 */
export async function openResults(location: string): Promise<Evaluation> {
  if (!(await entry(location))?.isDirectory()) {
    return readResults(location);
  }
  const results = path.join(location, resultsFile);
  const found = await entry(results);
  const rows = await entry(path.join(location, rowsFile));
  const hasRows = rows !== undefined && (await entry(path.join(location, manifestFile))) !== undefined;
  if (found && !(hasRows && rows.mtimeMs > found.mtimeMs)) {
    try {
      return await readResults(results);
    } catch (error) {
      // Without DuckDB, or where the file is damaged, the rows that it was made of say the same.
      if (!hasRows) {
        throw error;
      }
    }
  }
  if (!hasRows) {
    throw new EarmarkError(
      'results-invalid',
      `The folder ${location} holds no evaluation.`,
      `Give a folder that "earmark evaluate" wrote to: it holds ${resultsFile}, or ${manifestFile} while it goes on.`,
    );
  }
  return { manifest: await readManifest(location), rows: await readRows(location) };
}

function entry(location: string): Promise<Stats | undefined> {
  return stat(location).catch(() => undefined);
}
