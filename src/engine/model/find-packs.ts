import { realpath } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { EarmarkError } from '../../protocol/errors';
import type { ModelInfo, Speed } from '../../protocol/model';
import { sizeWords } from '../../report/numbers';
import { packFolders } from './model-folders';
import { memoryNeeded } from './needs';
import { offersOf, readPack, secondsPerToken, type Pack } from './pack';
import { runTimes } from './run-times';

/** A pack found on disk, or a folder that should be one and why it is not. */
export interface FoundPack {
  readonly folder: string;
  readonly info: ModelInfo;
  /** The folder of the pack that its id stands for, where that is another one. */
  readonly hiddenBy?: string;
}

/**
 * The packs of several model folders, in order; the first of an id wins. A folder may be a pack itself.
 *
 * @param speed of this machine, where it was measured: then each pack says how long it takes
 */
export async function findPacks(modelFolders: readonly string[], speed?: Speed | null): Promise<FoundPack[]> {
  return (await findAllPacks(modelFolders, speed)).filter(({ hiddenBy }) => hiddenBy === undefined);
}

/** The same with those that another one of their id hides. */
export async function findAllPacks(modelFolders: readonly string[], speed?: Speed | null): Promise<FoundPack[]> {
  const found: FoundPack[] = [];
  const used = new Map<string, string>();
  const places = new Set<string>();
  for (const parent of modelFolders) {
    for (const folder of await packFolders(parent)) {
      // Two ways to one folder are one pack, which does not hide itself.
      const place = await placeOf(folder);
      if (places.has(place)) {
        continue;
      }
      places.add(place);
      const info = await describePack(folder, speed);
      const hiddenBy = used.get(info.modelId);
      used.set(info.modelId, hiddenBy ?? folder);
      found.push({ folder, info, ...(hiddenBy !== undefined && { hiddenBy }) });
    }
  }
  return found;
}

/** The folder of the pack that an id stands for, where it is another than the one given; else nothing. */
export async function otherOfId(
  modelFolders: readonly string[],
  modelId: string,
  folder: string,
): Promise<string | undefined> {
  const found = (await findPacks(modelFolders)).find(({ info }) => info.modelId === modelId);
  return found && (await placeOf(found.folder)) !== (await placeOf(folder)) ? found.folder : undefined;
}

/** Where a folder is, whatever links lead to it; its own name where it has just gone. */
function placeOf(folder: string): Promise<string> {
  return realpath(folder).catch(() => folder);
}

/** @throws EarmarkError `model-not-found` naming the models there are */
export async function findPack(modelFolders: readonly string[], modelId: string): Promise<FoundPack> {
  const packs = await findPacks(modelFolders);
  const found = packs.find(({ info }) => info.modelId === modelId);
  if (!found) {
    const names = packs.map(({ info }) => info.modelId).join(', ');
    throw new EarmarkError(
      'model-not-found',
      `There is no model named "${modelId}".`,
      names === '' ? 'No model is installed.' : `Choose one of: ${names}.`,
    );
  }
  return found;
}

async function describePack(folder: string, speed: Speed | null | undefined): Promise<ModelInfo> {
  try {
    return packInfo(folder, await readPack(folder), speed);
  } catch (error) {
    const name = path.basename(folder);
    return {
      modelId: name,
      title: name,
      description: '',
      limits: '',
      family: 'prefix',
      licence: '',
      folder,
      bytes: 0,
      heads: 0,
      secondsPerToken: 0,
      windowSeconds: 0,
      asks: false,
      question: '',
      offers: [],
      precision: {},
      memoryBytes: 0,
      problem: EarmarkError.from(error).message,
    };
  }
}

function packInfo(folder: string, pack: Pack, speed: Speed | null | undefined): ModelInfo {
  const memoryBytes = memoryNeeded(pack);
  const memoryProblem = memoryProblemOf(memoryBytes);
  return {
    modelId: pack.id,
    title: pack.title,
    description: pack.description,
    limits: pack.limits,
    family: pack.family,
    licence: pack.licence,
    folder,
    bytes: pack.files.reduce((sum, file) => sum + file.bytes, 0),
    heads: pack.encoder.heads,
    secondsPerToken: secondsPerToken(pack),
    windowSeconds: pack.frontEnd.windowSeconds,
    asks: pack.family === 'prefix',
    question: pack.family === 'prefix' ? pack.prompt.question : '',
    offers: offersOf(pack),
    precision: pack.precision,
    memoryBytes,
    ...(memoryProblem !== undefined && { memoryProblem }),
    ...(speed && { times: runTimes(pack, speed) }),
  };
}

/** Of a model that no closing of other programs makes room for. What is free at the moment is asked when it is loaded. */
function memoryProblemOf(needed: number): string | undefined {
  return needed > os.totalmem()
    ? `It needs about ${sizeWords(needed)} of memory, and this computer has ${sizeWords(os.totalmem())}.`
    : undefined;
}
