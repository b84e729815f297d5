import { existsSync } from 'node:fs';
import { link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { partialSuffix } from '../engine/model/model-folders';
import { readPack, verifyFile } from '../engine/model/pack';
import { EarmarkError } from '../protocol/errors';
import type { FileProgress } from '../protocol/file-progress';
import type { ImportedModel } from '../protocol/import';
import { requireSpace, writeError } from './disk';
import { bytesThere, downloadFile, type Downloaded } from './download-file';
import { FileMeter } from './file-meter';
import { pathBelow } from './file-names';
import { lockFolder } from './folder-lock';
import { HubClient, type HubFile, type HubOptions } from './hub-client';
import { folderName, readSource, writeSource, type ModelSource } from './model-source';
import { repositoryName, type Repository } from './repository';
import { layoutOf, offerNamed, type Precision, type PrecisionOffer, type RepositoryLayout } from './repository-layout';

export interface PullOptions {
  /** Holds a folder for each model. */
  readonly modelFolder: string;
  readonly hub: HubOptions;
  /** Of a repository that has several. */
  readonly precision?: Precision;
  /** Asks the person for one of several, where none was named; undefined where they declined. */
  readonly choosePrecision?: (offers: readonly PrecisionOffer[]) => Promise<Precision | undefined>;
  /** Asks the hub whether the revision has moved on, though the model is there. */
  readonly update: boolean;
  readonly onProgress: (progress: FileProgress) => void;
  /** Makes a model of an export, wherever that is done. */
  readonly importFolder: (folder: string, precision: Precision | undefined) => Promise<ImportedModel>;
}

export interface Pulled {
  readonly folder: string;
  readonly source: ModelSource;
  /** What it is called from now on; absent where it could not be imported. */
  readonly modelId?: string;
  /** Of an import: what was found, in sentences. */
  readonly found: readonly string[];
  /** Of an import: what could not be found, or why there is none. */
  readonly notes: readonly string[];
  /** False where it was there already. */
  readonly fresh: boolean;
}

/**
 * Gets a model from a hub: the commit of its revision, exactly the files that it needs, each verified, and only when
 * all of them are there the folder under its name. What is there already and whole is taken without asking anyone. An
 * export in the layout of transformers.js is imported.
 *
 * @throws EarmarkError `hub-*`, `download-damaged`, `disk-full`, `write-failed`, `model-*`, `settings-invalid`, `cancelled`
 */
export async function pullModel(repository: Repository, options: PullOptions): Promise<Pulled> {
  try {
    const there = options.update ? undefined : await findPulled(repository, options);
    return there ?? (await pull(new HubClient(options.hub), repository, options));
  } catch (thrown) {
    if (options.hub.signal.aborted) {
      throw new EarmarkError('cancelled', 'Stopped; what has come is kept.', 'Get the model again to go on.', {
        cause: thrown,
      });
    }
    const ofSystem = typeof (thrown as NodeJS.ErrnoException).syscall === 'string';
    throw ofSystem ? writeError(thrown, options.modelFolder) : EarmarkError.from(thrown);
  }
}

/** What was pulled before from the same hub, by the name of its revision or by its commit. */
async function findPulled(repository: Repository, options: PullOptions): Promise<Pulled | undefined> {
  const name = repositoryName(repository);
  const stem = folderName(name);
  const { modelFolder, hub, precision, choosePrecision } = options;
  const found: { readonly folder: string; readonly source: ModelSource }[] = [];
  for (const entry of await readdir(modelFolder).catch(() => [])) {
    const folder = path.join(modelFolder, entry);
    const named = (entry === stem || entry.startsWith(`${stem}--`)) && !entry.endsWith(partialSuffix);
    const source = named ? await readSource(folder) : undefined;
    const same = source?.endpoint === hub.endpoint.href && source.repository === name;
    // Whoever is to be asked for a precision may want another one than those that are there.
    const wanted = source?.layout === 'pack' || (precision ? source?.precision === precision : !choosePrecision);
    if (same && wanted && [source.revision, source.commit].includes(repository.revision)) {
      found.push({ folder, source });
    }
  }
  const [only, ...others] = found;
  return only && others.length === 0 && (await isWhole(only.folder, only.source))
    ? pulled(only.folder, only.source, false, options)
    : undefined;
}

/** Whether each file that was pulled, or made of them by an import, still has its SHA-256. */
async function isWhole(folder: string, { repository, files }: ModelSource): Promise<boolean> {
  try {
    for (const file of files) {
      await verifyFile(folder, repository, file);
    }
    const { files: ofPack } = isPack(folder) ? await readPack(folder) : { files: [] };
    for (const file of ofPack.filter((one) => !files.some(({ path: name }) => name === one.path))) {
      await verifyFile(folder, repository, file);
    }
    return true;
  } catch {
    // Whatever is wrong with it: it is got again, and what is whole of it is taken over.
    return false;
  }
}

function isPack(folder: string): boolean {
  return existsSync(path.join(folder, 'pack.json'));
}

async function chooseOffer(offers: readonly PrecisionOffer[], options: PullOptions): Promise<PrecisionOffer> {
  const { precision, choosePrecision } = options;
  if (precision !== undefined || choosePrecision === undefined || offers.length === 1) {
    return offerNamed(offers, precision);
  }
  const chosen = await choosePrecision(offers);
  if (chosen === undefined) {
    throw new EarmarkError('cancelled', 'No precision was chosen.');
  }
  return offerNamed(offers, chosen);
}

/** An export in the layout of transformers.js is imported; one that can not be stays as it is, with the reason. */
async function pulled(
  folder: string,
  source: ModelSource,
  fresh: boolean,
  { importFolder, hub }: PullOptions,
): Promise<Pulled> {
  if (isPack(folder)) {
    return { folder, source, fresh, modelId: (await readPack(folder)).id, found: [], notes: [] };
  }
  try {
    return { folder, source, fresh, ...(await importFolder(folder, source.precision)) };
  } catch (thrown) {
    hub.signal.throwIfAborted();
    const { message, action } = EarmarkError.from(thrown);
    return { folder, source, fresh, found: [], notes: [action === undefined ? message : `${message} ${action}`] };
  }
}

async function pull(client: HubClient, repository: Repository, options: PullOptions): Promise<Pulled> {
  const name = repositoryName(repository);
  const commit = await client.resolveCommit(repository);
  const layout = layoutOf(await client.listFiles(repository, commit), name);
  const offer = layout.kind === 'pack' ? undefined : await chooseOffer(layout.offers, options);
  const folder = path.join(options.modelFolder, folderName(name, offer?.precision));
  const before = await readSource(folder);
  if (before?.commit === commit && (await isWhole(folder, before))) {
    return pulled(folder, before, false, options);
  }
  const partial = `${folder}${partialSuffix}`;
  await mkdir(partial, { recursive: true });
  const unlock = await lockFolder(partial);
  try {
    const files = await download({ client, repository, commit, folder, partial, layout, offer, options });
    const source: ModelSource = {
      version: 1,
      endpoint: options.hub.endpoint.href,
      repository: name,
      revision: repository.revision,
      commit,
      layout: layout.kind,
      ...(offer && { precision: offer.precision }),
      pulled: new Date().toISOString(),
      files,
    };
    await removeStrangers(partial, files);
    await writeSource(partial, source);
    await unlock();
    await putInPlace(partial, folder);
    return await pulled(folder, source, true, options);
  } finally {
    await unlock();
  }
}

interface Task {
  readonly client: HubClient;
  readonly repository: Repository;
  readonly commit: string;
  /** Where the model is to be, and may be already, damaged or of another commit. */
  readonly folder: string;
  readonly partial: string;
  readonly layout: RepositoryLayout;
  readonly offer: PrecisionOffer | undefined;
  readonly options: PullOptions;
}

async function download(task: Task): Promise<readonly Downloaded[]> {
  const { client, repository, commit, folder, partial, options } = task;
  const files = task.offer ? task.offer.files : await filesOfPack(task);
  for (const { path: name } of files) {
    // Before anything is got: a name that is refused ends it all.
    pathBelow(partial, name);
  }
  for (const file of files) {
    await takeOver(file, folder, partial);
  }
  const there = await Promise.all(files.map((file) => bytesThere(file, partial)));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  await requireSpace(partial, total - there.reduce((sum, bytes) => sum + bytes, 0));
  const meter = new FileMeter(total, options.onProgress);
  const done: Downloaded[] = [];
  for (const file of files) {
    meter.begin(file.path);
    done.push(
      await downloadFile(client, repository, commit, file, partial, (bytes) => {
        meter.reached(bytes);
      }),
    );
  }
  return done;
}

/** What the model of before has of a file is not got again. Whether it is the same content, the download looks at. */
async function takeOver({ path: name, bytes }: HubFile, folder: string, partial: string): Promise<void> {
  const from = pathBelow(folder, name);
  if ((await stat(from).catch(() => undefined))?.size === bytes) {
    const to = pathBelow(partial, name);
    await mkdir(path.dirname(to), { recursive: true });
    // It may be there already, or the disk may know no links: then it is got.
    await link(from, to).catch(() => undefined);
  }
}

/** `pack.json` and exactly the files that it lists, with the hashes that it lists. */
async function filesOfPack({ client, repository, commit, partial, layout }: Task): Promise<readonly HubFile[]> {
  if (layout.kind !== 'pack') {
    return [];
  }
  await downloadFile(client, repository, commit, layout.description, partial, () => undefined);
  const { files } = await readPack(partial);
  return [layout.description, ...files.filter(({ path: name }) => name !== layout.description.path)];
}

/** Files of another revision, or partial ones of another content. */
async function removeStrangers(partial: string, files: readonly Downloaded[]): Promise<void> {
  const wanted = new Set(files.map(({ path: name }) => path.normalize(name)));
  for (const entry of await readdir(partial, { recursive: true, withFileTypes: true })) {
    const name = path.relative(partial, path.join(entry.parentPath, entry.name));
    if (!entry.isDirectory() && !wanted.has(name)) {
      await rm(path.join(partial, name), { force: true });
    }
  }
}

/**
 * Until the last moment the model of before stands, and it stands again where the new one can not take its place; it is
 * put aside by its name, for none is in two states at once.
 */
async function putInPlace(partial: string, folder: string): Promise<void> {
  const old = `${folder}.old${partialSuffix}`;
  try {
    await rm(old, { recursive: true, force: true });
    await rename(folder, old).catch((thrown: unknown) => {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') {
        throw thrown;
      }
    });
    await rename(partial, folder).catch(async (thrown: unknown) => {
      // There may have been none.
      await rename(old, folder).catch(() => undefined);
      throw thrown;
    });
    await rm(old, { recursive: true, force: true });
  } catch (thrown) {
    throw writeError(thrown, folder);
  }
}
