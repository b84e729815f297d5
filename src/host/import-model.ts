import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Precision } from '../hub/repository-layout';
import { readOffers } from '../import/export-folder';
import { EarmarkError } from '../protocol/errors';
import type { ImportedModel } from '../protocol/import';
import { choosePrecision } from './choose-precision';
import { withFileProgress } from './file-progress';
import { offerModel } from './model-words';
import type { ModelServices } from './models';
import { addModelFolder } from './settings';

/** *Earmark: Import Model*: asks for a folder, makes a model of it where it lies, offers it. */
export async function importModel(services: ModelServices): Promise<void> {
  try {
    const folder = await askForFolder();
    if (folder === undefined) {
      return;
    }
    const offers = await readOffers(folder);
    const precision =
      offers.length > 1 ? await choosePrecision(offers, 'The folder has several precisions') : offers[0]?.precision;
    // A pack has none, and needs none.
    if (precision !== undefined || offers.length === 0) {
      await makeModel(folder, precision, services);
    }
  } catch (thrown) {
    await services.showError(thrown);
  }
}

async function askForFolder(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    title: 'A folder with an ONNX export in the layout of transformers.js',
    openLabel: 'Import',
  });
  const folder = chosen?.[0];
  if (folder && folder.scheme !== 'file') {
    throw new EarmarkError('model-not-found', 'A model is read from the disk of the machine VS Code works on.');
  }
  return folder?.fsPath;
}

async function makeModel(folder: string, precision: Precision | undefined, services: ModelServices): Promise<void> {
  const imported = await withFileProgress(`Earmark: importing ${path.basename(folder)}`, ({ signal, onProgress }) =>
    services.importFolder(folder, precision, signal, onProgress),
  );
  services.refresh();
  const told = await makeFindable(folder, imported, services);
  const { modelId, found, notes } = imported;
  await offerModel(services, { modelId, opening: `The model "${modelId}" can be chosen now.`, found, notes, told });
}

/**
 * The person chose a folder that may lie anywhere: it is named in the setting unless it is found without.
 *
 * @returns what the person should know of that
 */
async function makeFindable(folder: string, { modelId }: ImportedModel, services: ModelServices): Promise<string> {
  const found = (await services.list()).find((model) => model.modelId === modelId);
  if (found && path.resolve(found.folder) === folder) {
    return '';
  }
  if (found) {
    throw new EarmarkError(
      'model-invalid',
      `${folder} is a model now, but can not be chosen: the one in ${found.folder} is called "${modelId}" already.`,
      'Give the folder another name and import it again.',
    );
  }
  await addModelFolder(folder);
  services.refresh();
  return `${folder} was added to the setting earmark.modelFolders.`;
}
