import type { Command } from 'commander';
import { findPack, findPacks, readPack, verifyPack } from '../engine/model/pack';
import { addModelFolderOption, modelFolders } from './run-options';
import { formatTable } from './table';

interface ModelsOptions {
  readonly models?: string;
}

export function registerModels(program: Command): void {
  const models = program.command('models').description('Lists and verifies model packs.');
  addModelFolderOption(
    models.command('list', { isDefault: true }).description('Lists the model packs that are installed.'),
  )
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
  addModelFolderOption(models.command('verify').argument('<id>', 'model pack'))
    .description('Compares every file of a model pack with its SHA-256.')
    .action(async (id: string, options: ModelsOptions) => {
      const { folder } = await findPack(modelFolders(options), id);
      const pack = await readPack(folder);
      await verifyPack(folder, pack);
      process.stdout.write(`${id}: ${String(pack.files.length)} files are as they should be.\n`);
    });
}
