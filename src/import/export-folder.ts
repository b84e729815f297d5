import { readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { readPack } from '../engine/model/pack';
import type { HubFile } from '../hub/hub-client';
import { layoutOf, missingGraphs, type PrecisionOffer } from '../hub/repository-layout';
import { EarmarkError } from '../protocol/errors';

/**
 * The precisions of a folder in the layout of transformers.js; none where it is a pack, which needs no import.
 *
 * @throws EarmarkError `model-not-found`, `model-unsupported` naming what is missing
 */
export async function readOffers(folder: string): Promise<readonly PrecisionOffer[]> {
  const files = [...(await filesIn(folder, '')), ...(await filesIn(folder, 'onnx').catch(() => []))];
  const missing = missingGraphs(files);
  if (missing.length > 0) {
    if (await isWholePack(folder)) {
      return [];
    }
    throw new EarmarkError(
      'model-unsupported',
      `${folder} is no whole export in the layout of transformers.js: ${missing.join('; ')}.`,
      'Choose the folder that holds config.json and onnx/, and get what is missing, all graphs in one precision.',
    );
  }
  // An earlier import wrote a pack.json; the export is what counts.
  const layout = layoutOf(
    files.filter((file) => file.path !== 'pack.json'),
    folder,
  );
  return layout.kind === 'pack' ? [] : layout.offers;
}

/** What lies in one folder; no deeper, for a person may choose a folder of many thousands. Links count as files. */
async function filesIn(folder: string, below: string): Promise<HubFile[]> {
  const names = await readdir(path.join(folder, below)).catch((cause: unknown) => {
    throw new EarmarkError('model-not-found', `There is no folder ${folder}.`, undefined, { cause });
  });
  const found = await Promise.all(
    names.map(async (name) => {
      const there = await stat(path.join(folder, below, name)).catch(() => undefined);
      return there?.isFile() ? [{ path: path.posix.join(below, name), bytes: there.size }] : [];
    }),
  );
  return found.flat();
}

async function isWholePack(folder: string): Promise<boolean> {
  try {
    const { files } = await readPack(folder);
    await Promise.all(files.map((file) => stat(path.join(folder, file.path))));
    return true;
  } catch {
    return false;
  }
}
