import { Option, type Command } from 'commander';
import { defaultEndpoint } from '../hub/repository';
import { precisions } from '../hub/repository-layout';
import { findStored, listStored, removeStored, verifyStored, type StoredModel } from '../hub/stored-models';
import type { ReadingTimes, RunTimes } from '../protocol/model';
import { aboutWords, sizeWords } from '../report/numbers';
import { importModel } from './import-model';
import { measureSpeed } from './measure-speed';
import { warnOfMemory } from './memory-warning';
import { pull } from './pull';
import { addModelFolderOption, modelFolders, type ModelFolderOptions } from './run-options';
import { formatTable } from './table';

export function registerModels(program: Command): void {
  const models = program.command('models').description('Lists, gets, imports, verifies and removes models.');
  registerList(models);
  registerPull(models);
  registerImport(models);
  addModelFolderOption(models.command('verify').argument('<model>', 'its id, repository or folder'))
    .description('Compares every file of a model with its SHA-256.')
    .action(async (name: string, options: ModelFolderOptions) => {
      const count = await verifyStored(await findStored(modelFolders(options), name));
      process.stdout.write(`${name}: ${String(count)} files are as they should be.\n`);
    });
  addModelFolderOption(models.command('remove').argument('<model>', 'its id, repository or folder'))
    .description('Deletes a model that was got by "earmark models pull".')
    .action(async (name: string, options: ModelFolderOptions) => {
      const stored = await findStored(modelFolders(options), name);
      await removeStored(stored);
      process.stdout.write(`${name}: removed, ${sizeWords(stored.bytes)} are free again.\n`);
    });
}

function registerImport(models: Command): void {
  models
    .command('import')
    .argument('<folder>', 'an ONNX export in the layout of transformers.js')
    .description('Makes a model of a folder: writes pack.json beside its files, which stay as they are.')
    .addOption(new Option('--precision <name>', 'of a folder that has several').choices(precisions))
    .option('--json', 'print JSON on standard output', false)
    .action(importModel);
}

function registerList(models: Command): void {
  addModelFolderOption(models.command('list', { isDefault: true }).description('Lists the models that are installed.'))
    .option('--json', 'print JSON on standard output', false)
    .action(async (options: ModelFolderOptions & { json: boolean }) => {
      const stored = await listStored(modelFolders(options), await measureSpeed());
      process.stdout.write(
        options.json
          ? `${JSON.stringify(stored.map(storedJson), null, 2)}\n`
          : `${formatTable(columns, stored.map(row))}\n`,
      );
      if (!options.json && stored.some(({ info }) => info?.times)) {
        process.stdout.write(`\n${aboutTimes}\n`);
      }
      for (const { name, info } of stored) {
        warnOfMemory(name, info?.memoryBytes);
      }
    });
}

const columns = ['id', 'size', 'memory', 'encode', 'prefill', 'token', 'licence', 'source', 'title'];
const aboutTimes =
  'Encode, prefill and each token of the answer: about how long a window of sound takes on this machine, reckoned from ' +
  'its measured speed; in brackets with a quarter of the tokens kept.';

function row({ name, bytes, info, source }: StoredModel): string[] {
  const from = source ? `${source.repository}@${source.commit.slice(0, 7)}` : '';
  const memory = info?.memoryBytes ? sizeWords(info.memoryBytes) : '';
  const title = info ? (info.problem ?? info.title) : notImported;
  return [name, sizeWords(bytes), memory, ...timeCells(info?.times), info?.licence ?? '', from, title];
}

function timeCells(times: RunTimes | undefined): string[] {
  if (!times) {
    return ['', '', ''];
  }
  const both = (seconds: (reading: ReadingTimes) => number): string =>
    `${aboutWords(seconds(times.all))} (${aboutWords(seconds(times.quarter))})`;
  return [
    aboutWords(times.encodeSeconds),
    both(({ prefillSeconds }) => prefillSeconds),
    both(({ secondsPerToken }) => secondsPerToken),
  ];
}

/** A model as the interface lists it, with where it came from; what is no pack says so as its problem. */
function storedJson({ name, folder, bytes, info, source }: StoredModel): object {
  const from = source && {
    endpoint: source.endpoint,
    repository: source.repository,
    revision: source.revision,
    commit: source.commit,
    ...(source.precision && { precision: source.precision }),
  };
  return { ...(info ?? { modelId: name, folder, bytes, problem: notImported }), ...(from && { source: from }) };
}

const notImported = 'Stored, but no pack: it could not be imported. "earmark models import" with its folder says why.';

function registerPull(models: Command): void {
  addModelFolderOption(models.command('pull').argument('<repository>', 'OWNER/NAME or OWNER/NAME@REVISION'))
    .description('Gets a model from a hub; goes on where it was cut off. A token is taken from HF_TOKEN.')
    .addOption(new Option('--precision <name>', 'of a repository that has several').choices(precisions))
    .addOption(new Option('--endpoint <address>', 'a mirror of the hub').env('HF_ENDPOINT').default(defaultEndpoint))
    .option('--update', 'ask whether the revision has moved on, though the model is there', false)
    .action(pull);
}
