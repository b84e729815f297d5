import type { Command } from 'commander';
import { findPacks, readPack, verifyPack } from '../engine/model/pack';
import { EarmarkError } from '../protocol/errors';
import { modelFolders } from './run-options';
import { formatTable } from './table';

interface ModelsOptions {
  readonly models?: string;
}

export function registerModels(program: Command): void {
  const models = program.command('models').description('Lists and verifies model packs.');
  models
    .command('list', { isDefault: true })
    .description('Lists the model packs that are installed.')
    .option('--models <folder>', 'a further folder of model packs, searched first')
    .option('--json', 'print JSON on standard output', false)
    .action(async (options: ModelsOptions & { json: boolean }) => {
      const found = (await findPacks(modelFolders(options))).map(({ info }) => info);
      if (options.json) {
        process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
        return;
      }
      const rows = found.map(({ modelId, title, licence, bytes, problem }) => [
        modelId,
        `${(bytes / 1e6).toFixed(0)} MB`,
        licence,
        problem ?? title,
      ]);
      process.stdout.write(`${formatTable(['id', 'size', 'licence', 'title'], rows)}\n`);
    });
  models
    .command('verify')
    .description('Compares every file of a model pack with its SHA-256.')
    .argument('<id>', 'model pack')
    .option('--models <folder>', 'a further folder of model packs, searched first')
    .action(async (id: string, options: ModelsOptions) => {
      const found = (await findPacks(modelFolders(options))).find(({ info }) => info.modelId === id);
      if (!found) {
        throw new EarmarkError('model-not-found', `There is no model named "${id}".`, 'See "earmark models".');
      }
      const pack = await readPack(found.folder);
      await verifyPack(found.folder, pack);
      process.stdout.write(`${id}: ${String(pack.files.length)} files are as they should be.\n`);
    });
}
