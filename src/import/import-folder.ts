import { readPack } from '../engine/model/pack';
import type { ImportedModel } from '../protocol/import';
import { readOffers } from './export-folder';
import { importModel, type ImportOptions } from './import-model';

/**
 * Makes a model of a folder that a person chose. One that is a pack is a model already.
 *
 * @throws EarmarkError what `importModel` throws
 */
export async function importFolder(folder: string, options: ImportOptions = {}): Promise<ImportedModel> {
  if ((await readOffers(folder)).length === 0) {
    const { id, title } = await readPack(folder);
    return { modelId: id, found: [`${title}, an Earmark pack, which needs no import.`], notes: [] };
  }
  const { modelId, found, notes } = await importModel(folder, options);
  return { modelId, found, notes };
}
