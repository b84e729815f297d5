import { readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { leavesFolder } from './audio-names';
import type { Dataset, DatasetItem } from './dataset';

/**
 * The file of an item's sound: the first of its names that is in the audio folder, or else in exactly one folder in
 * that. Where two of them have it, nobody knows which is meant.
 *
 * @returns an absolute path, or undefined where there is no such file
 */
export async function locateAudio(
  { audioFolder }: Pick<Dataset, 'audioFolder'>,
  { audio }: Pick<DatasetItem, 'audio'>,
): Promise<string | undefined> {
  const direct = await findIn(audioFolder, audio);
  if (direct !== undefined) {
    return direct;
  }
  const below = await Promise.all((await foldersIn(audioFolder)).map((folder) => findIn(folder, audio)));
  const found = below.filter((file) => file !== undefined);
  return found.length === 1 ? found[0] : undefined;
}

/** The first of these names that is a file in this folder itself; names that lead out of it are none. */
export async function findIn(folder: string, names: readonly string[]): Promise<string | undefined> {
  // A letter with an accent is one character or two, by the system that the sounds were unpacked on.
  const spellings = names.flatMap((name) => [name, name.normalize('NFC'), name.normalize('NFD')]);
  for (const name of new Set(spellings)) {
    const file = path.resolve(folder, name);
    if (!leavesFolder(name) && (await isFile(file))) {
      return file;
    }
  }
  return undefined;
}

/** The folders in a folder, absolute, sorted, also those that are links; none where it can not be read. */
export async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const maybe = entries.filter(
    (entry) => !entry.name.startsWith('.') && (entry.isDirectory() || entry.isSymbolicLink()),
  );
  const paths = maybe.map(({ name }) => path.join(folder, name)).sort();
  const areFolders = await Promise.all(paths.map(isFolder));
  return paths.filter((_, place) => areFolders[place]);
}

export async function isFolder(location: string): Promise<boolean> {
  return stat(location).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function isFile(location: string): Promise<boolean> {
  return stat(location).then(
    (found) => found.isFile(),
    () => false,
  );
}
