import * as path from 'node:path';
import type { DatasetItem } from './dataset';
import { findIn, foldersIn, locateAudio } from './locate-audio';

/** So many sounds tell where all are, and as many may be missing (AudioCaps' videos vanish). */
const sampled = 20;

/**
 * Where the sounds of a dataset lie: in the file's own folder, or in the folder there that has most of the first ones
 * (`evaluation`, `audio`, `wav` …), or one level further down.
 *
 * @param root the folder of the dataset file, absolute
 * @returns the root itself, with a warning, where none of them is anywhere
 */
export async function findAudioFolder(
  root: string,
  items: readonly DatasetItem[],
): Promise<{ readonly folder: string; readonly warning?: string }> {
  const sample = items.filter(({ problem }) => problem === undefined).slice(0, sampled);
  const below = await foldersIn(root);
  const direct = await mostHits([root, ...below], (folder) => countFound(sample, (item) => findIn(folder, item.audio)));
  const found =
    direct ??
    (await mostHits(below, (folder) => countFound(sample, (item) => locateAudio({ audioFolder: folder }, item))));
  if (!found) {
    return {
      folder: root,
      ...(sample.length > 0 && {
        warning: `None of its first ${sample.length} sounds is beside it: give their folder.`,
      }),
    };
  }
  const { folder, equals } = found;
  if (folder === root || equals.length === 0) {
    return { folder };
  }
  const others = equals.map((other) => `"${path.basename(other)}"`).join(', ');
  return {
    folder,
    warning: `Its sounds are in the folder "${path.basename(folder)}", which is used, and in ${others} as well.`,
  };
}

/** The first folder with most hits, and those that have as many; undefined where none has any. */
async function mostHits(
  folders: readonly string[],
  count: (folder: string) => Promise<number>,
): Promise<{ readonly folder: string; readonly equals: readonly string[] } | undefined> {
  const hits = await Promise.all(folders.map(count));
  const most = Math.max(0, ...hits);
  const [folder, ...equals] = folders.filter((_, place) => most > 0 && hits[place] === most);
  return folder === undefined ? undefined : { folder, equals };
}

async function countFound(
  items: readonly DatasetItem[],
  find: (item: DatasetItem) => Promise<string | undefined>,
): Promise<number> {
  const files = await Promise.all(items.map(find));
  return files.filter((file) => file !== undefined).length;
}
