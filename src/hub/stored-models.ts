import { readdir, rename, rm } from 'node:fs/promises';
import * as path from 'node:path';
import { findAllPacks } from '../engine/model/find-packs';
import { expandHome, partialSuffix } from '../engine/model/model-folders';
import { readPack, verifyFile, verifyPack } from '../engine/model/pack';
import { EarmarkError } from '../protocol/errors';
import type { ModelInfo, Speed } from '../protocol/model';
import { writeError } from './disk';
import { readSource, type ModelSource } from './model-source';

/** A folder on disk: a pack, or files that were pulled and could not be imported. */
export interface StoredModel {
  /** Of a pack its id, else the name of its folder. */
  readonly name: string;
  readonly folder: string;
  readonly bytes: number;
  /** Absent where it was put there by hand, or ships with Earmark. */
  readonly source?: ModelSource;
  /** Absent where it is no pack. */
  readonly info?: ModelInfo;
}

/**
 * Everything in the folders of models, in the order in which models are found; with a speed, how long each takes. A pack
 * that another one of its id hides can not be used, but verified and removed.
 */
export async function listStored(modelFolders: readonly string[], speed?: Speed | null): Promise<StoredModel[]> {
  const packs: StoredModel[] = [];
  for (const { folder, info: found, hiddenBy } of await findAllPacks(modelFolders, speed)) {
    const source = await readSource(folder);
    const problem = found.problem ?? (hiddenBy === undefined ? undefined : hiddenWords(folder, hiddenBy));
    const info = problem === undefined ? found : { ...found, problem };
    packs.push({ name: info.modelId, folder, bytes: info.bytes, info, ...(source && { source }) });
  }
  const known = new Set(packs.map(({ folder }) => folder));
  const others: StoredModel[] = [];
  for (const parent of modelFolders.map(expandHome)) {
    for (const entry of (await readdir(parent).catch(() => [])).sort()) {
      const folder = path.join(parent, entry);
      const source = entry.endsWith(partialSuffix) || known.has(folder) ? undefined : await readSource(folder);
      if (source?.layout === 'transformers.js') {
        const bytes = source.files.reduce((sum, file) => sum + file.bytes, 0);
        others.push({ name: entry, folder, bytes, source });
      }
    }
  }
  return [...packs, ...others];
}

function hiddenWords(folder: string, hiddenBy: string): string {
  return `Not used: the model in ${hiddenBy} has the same id and is found first. This one is in ${folder}.`;
}

/**
 * @param name the id of a model, or where two have it the repository or the folder of one
 * @throws EarmarkError `model-not-found` naming those there are
 */
export async function findStored(modelFolders: readonly string[], name: string): Promise<StoredModel> {
  const stored = await listStored(modelFolders);
  const place = path.resolve(expandHome(name));
  const found =
    stored.find((one) => one.name === name) ??
    stored.find(({ source }) => source?.repository === name) ??
    stored.find(({ folder }) => path.resolve(folder) === place);
  if (!found) {
    throw new EarmarkError(
      'model-not-found',
      `There is no model named "${name}".`,
      `Choose one of: ${[...new Set(stored.map((one) => one.name))].join(', ')}.`,
    );
  }
  return found;
}

/**
 * Compares every file of a model with its SHA-256: those of `pack.json`, or what they were when they were pulled.
 *
 * @returns how many files there are
 * @throws EarmarkError `model-damaged` naming the file
 */
export async function verifyStored({ folder, info, source }: StoredModel): Promise<number> {
  if (info || !source) {
    const pack = await readPack(folder);
    await verifyPack(folder, pack);
    return pack.files.length;
  }
  for (const file of source.files) {
    await verifyFile(folder, source.repository, file);
  }
  return source.files.length;
}

/**
 * Deletes a model that Earmark got. What a person put somewhere is theirs to delete.
 *
 * @throws EarmarkError `settings-invalid`, `write-failed`
 */
export async function removeStored({ name, folder, source }: StoredModel): Promise<void> {
  if (!source) {
    throw new EarmarkError(
      'settings-invalid',
      `The model "${name}" was not got by Earmark, which leaves it alone.`,
      `It is in ${folder}.`,
    );
  }
  const removed = `${folder}.removed${partialSuffix}`;
  try {
    await rm(removed, { recursive: true, force: true });
    // At once, or where a file is in use not at all.
    await rename(folder, removed);
    await rm(removed, { recursive: true });
  } catch (thrown) {
    throw writeError(thrown, folder);
  }
}
