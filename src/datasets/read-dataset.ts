import * as path from 'node:path';
import type { Dataset } from './dataset';
import { datasetError } from './dataset-error';
import { findAudioFolder } from './find-audio-folder';
import { readDatasetFile, readDatasetIn, type DatasetFile } from './find-dataset-file';
import { isFolder } from './locate-audio';
import type { ParseOptions } from './parse-dataset';

export interface ReadDatasetOptions extends ParseOptions {
  /** Looked for beside the file where it is absent. */
  readonly audioFolder?: string | undefined;
}

/**
 * Reads a dataset: Clotho, AudioCaps, MMAU, MMAR, ClothoAQA, or Earmark's own format, recognised from what is in it.
 * What is wrong with single items is said in their `problem`, what is odd about the whole in `warnings`.
 *
 * @param location the dataset's file, or the folder that it is in
 * @throws EarmarkError `dataset-invalid`
 */
export async function readDataset(location: string, options: ReadDatasetOptions = {}): Promise<Dataset> {
  const absolute = path.resolve(location);
  const found = (await isFolder(absolute))
    ? await readDatasetIn(absolute, options)
    : await readDatasetFile(absolute, options);
  const { folder, warning } = await audioFolderOf(found, options.audioFolder);
  return {
    name: found.name ?? path.basename(absolute),
    format: found.format,
    file: found.file,
    audioFolder: folder,
    items: found.items,
    warnings: warning === undefined ? found.warnings : [...found.warnings, warning],
  };
}

/** The folder that is asked for, or else the file's own choice, or else where the sounds are. */
async function audioFolderOf(
  { file, items, audio }: DatasetFile,
  asked: string | undefined,
): Promise<{ readonly folder: string; readonly warning?: string }> {
  if (asked === undefined && audio === undefined) {
    return findAudioFolder(path.dirname(file), items);
  }
  const folder = asked === undefined ? path.resolve(path.dirname(file), audio ?? '') : path.resolve(asked);
  if (!(await isFolder(folder))) {
    throw datasetError(`There is no folder "${asked ?? audio ?? ''}" for the sounds of "${path.basename(file)}".`);
  }
  return { folder };
}
