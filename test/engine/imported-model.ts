import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { loadModel, releaseModel, type Model } from '../../src/engine/model/load';
import { loadRuntime } from '../../src/engine/model/runtime';
import { importModel } from '../../src/import/import-model';
import { repository } from './default-model';

/** Tiny exports of several classes and what PyTorch gives of each, written by `recipes/tiny-transformers-js`. */
export const references = path.join(repository, 'test', 'reference', 'transformers-js');

/** A copy of a tiny export, imported and loaded. */
export async function loadImported(kind: string): Promise<Model> {
  const folder = mkdtempSync(path.join(tmpdir(), 'earmark-import-'));
  cpSync(path.join(references, kind), folder, { recursive: true });
  await importModel(folder);
  return loadModel(folder, await loadRuntime(1));
}

/** Frees the model and deletes its copy. */
export async function removeImported(model: Model): Promise<void> {
  await releaseModel(model);
  rmSync(model.folder, { recursive: true });
}
