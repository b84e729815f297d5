import { readdir, readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { EarmarkError } from '../protocol/errors';
import { datasetError } from './dataset-error';
import { parseDataset, type ParsedDataset, type ParseOptions } from './parse-dataset';

export interface DatasetFile extends ParsedDataset {
  readonly file: string;
}

/**
 * Reads a dataset file.
 *
 * @throws EarmarkError `dataset-invalid` naming the file and what is wrong with it
 */
export async function readDatasetFile(file: string, options: ParseOptions): Promise<DatasetFile> {
  const name = path.basename(file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw datasetError(`"${name}" can not be read.`, (cause as Error).message, cause);
  }
  try {
    return { ...parseDataset(bytes, options), file };
  } catch (cause) {
    const { message, action } = EarmarkError.from(cause);
    throw datasetError(`"${name}" can not be read as a dataset. ${message}`, action, cause);
  }
}

/**
 * Finds and reads the one dataset file in a folder: files that are no dataset are passed over, and the part that
 * models are evaluated on is preferred to those they are trained on.
 *
 * @throws EarmarkError `dataset-invalid` where there is none, or several fit equally
 */
export async function readDatasetIn(folder: string, options: ParseOptions): Promise<DatasetFile> {
  const entries = (await readdir(folder)).filter((name) => /\.(?:csv|jsonl?)$/i.test(name) && !name.startsWith('.'));
  const readings = await Promise.allSettled(
    entries.sort().map((name) => readDatasetFile(path.join(folder, name), options)),
  );
  const found = readings.flatMap((reading) => (reading.status === 'fulfilled' ? [reading.value] : []));
  const [only] = readings;
  if (only?.status === 'rejected' && readings.length === 1) {
    throw EarmarkError.from(only.reason);
  }
  const best = Math.max(...found.map(rankOf));
  const [chosen, ...others] = found.filter((file) => rankOf(file) === best);
  if (!chosen || others.length > 0) {
    const names = [...(chosen ? [chosen] : []), ...others].map(({ file }) => `"${path.basename(file)}"`).join(', ');
    throw chosen
      ? datasetError(`The folder "${path.basename(folder)}" has several datasets: ${names}.`, 'Give one of the files.')
      : datasetError(
          `The folder "${path.basename(folder)}" has no dataset${entries.length > 0 ? ` among ${entries.join(', ')}` : ''}.`,
          'Give the .csv, .json or .jsonl file of the dataset.',
        );
  }
  return chosen;
}

function rankOf({ file, format, items }: DatasetFile): number {
  // The big half of MMAU comes without answers: nothing in it can be evaluated.
  if (items.every(({ problem }) => problem !== undefined)) {
    return 0;
  }
  const words = path
    .basename(file)
    .toLowerCase()
    .split(/[^a-z]+/);
  const has = (...some: readonly string[]): boolean => some.some((word) => words.includes(word));
  if (format === 'earmark' || has('evaluation', 'eval', 'test')) {
    return 4;
  }
  return has('validation', 'valid', 'val') ? 2 : has('development', 'dev', 'training', 'train') ? 1 : 3;
}
