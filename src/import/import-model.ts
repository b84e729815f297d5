import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { partialSuffix } from '../engine/model/model-folders';
import { secondsPerToken, type CrossAttentionPack, type Pack, type PrefixPack } from '../engine/model/pack';
import { writeError } from '../hub/disk';
import { FileMeter } from '../hub/file-meter';
import { offerNamed, type Precision, type PrecisionOffer } from '../hub/repository-layout';
import { EarmarkError } from '../protocol/errors';
import type { FileProgress } from '../protocol/file-progress';
import { readJson } from './export-files';
import { readOffers } from './export-folder';
import { featuresGraph, type FeatureSettings } from './front-end';
import { modelClass, type ModelClass } from './model-classes';
import { readPrefixExport, type PrefixConfig } from './prefix-export';
import { readWhisperExport, type WhisperConfig } from './whisper-export';

/** The log-mel front end that an import writes: public exports have none. */
const featuresFile = 'earmark-features.onnx';

export interface Imported {
  readonly modelId: string;
  readonly pack: Pack;
  /** What was found, in sentences. */
  readonly found: readonly string[];
  /** What could not be found, or what a person should know. */
  readonly notes: readonly string[];
}

export interface ImportOptions {
  /** Of a folder that has several. */
  readonly precision?: Precision | undefined;
  readonly signal?: AbortSignal;
  /** Told while the files are read, of which `pack.json` lists the hashes. */
  readonly onProgress?: (progress: FileProgress) => void;
}

type Config = PrefixConfig & WhisperConfig & { readonly model_type?: string };

type PackWithoutFiles = Omit<PrefixPack, 'files'> | Omit<CrossAttentionPack, 'files'>;

/**
 * Adopts a folder in the layout of transformers.js: reads its configurations and graphs, which stay as they are, and
 * writes `pack.json` and a log-mel front end beside them. What fails or is cancelled leaves the folder as it was.
 *
 * @throws EarmarkError `model-*`, `settings-invalid` where the precision has to be named, `write-failed`, `disk-full`,
 * `cancelled`
 */
export async function importModel(folder: string, options: ImportOptions = {}): Promise<Imported> {
  const { precision, files } = offerNamed(await readOffers(folder), options.precision);
  const config = await readJson<Config>(folder, 'config.json');
  const family = modelClass(config.model_type);
  const logMel = family.logMel(await readJson<FeatureSettings>(folder, 'preprocessor_config.json'));
  const { parts, stopTokens, found, notes } =
    family.family === 'prefix'
      ? await readPrefixExport(folder, family, config, files)
      : await readWhisperExport(folder, config, files);
  const name = path.basename(path.resolve(folder));
  const description: PackWithoutFiles = {
    schemaVersion: 1,
    id: idOf(folder),
    title: `${family.title} (${name}, ${precision})`,
    description: `Imported from an ONNX export of the class ${family.title}, which is used as it is.`,
    limits: [family.limits, ...notes].join(' '),
    licence: 'as published',
    weights: [{ part: 'model', name, source: 'imported', licence: 'as published' }],
    frontEnd: {
      file: featuresFile,
      input: 'samples',
      output: 'mel',
      sampleRate: 16000,
      melBins: logMel.bins,
      ...(logMel.scale !== 'slaney' && { melScale: logMel.scale }),
      ...(logMel.pairs && { features: 'features' }),
      hopSamples: 160,
      windowSeconds: 30,
      padding: family.padding,
    },
    ...parts,
    tokenizer: { file: 'tokenizer.json', config: 'tokenizer_config.json' },
    stopTokens,
    precision: { encoder: precision, embeddings: precision, decoder: precision },
  };
  const pack = await writePack(folder, description, featuresGraph(logMel), files, options);
  const readable = parts.encoder.attention.kind === 'tap';
  return {
    modelId: pack.id,
    pack,
    found: [
      summary(family, precision, pack),
      ...(readable ? ['The attention of its encoder’s last layer can be read.'] : []),
      ...found,
    ],
    notes,
  };
}

/** What a person wants to know of a model at a glance. */
function summary({ title }: ModelClass, precision: Precision, pack: Pack): string {
  const { encoder, decoder } = pack;
  const milliseconds = 1000 * secondsPerToken(pack);
  return (
    `${title} in ${precision}: an encoder of ${String(encoder.layers)} layers with ${String(encoder.heads)} heads, one ` +
    `token for ${String(milliseconds)} ms; a decoder of ${String(decoder.layers)} layers with room for ` +
    `${String(decoder.maxContext)} positions.`
  );
}

/** Writes the front end first, so that a folder that takes nothing is told of before gigabytes are read. */
async function writePack(
  folder: string,
  description: PackWithoutFiles,
  features: Uint8Array,
  files: PrecisionOffer['files'],
  options: ImportOptions,
): Promise<Pack> {
  const target = path.join(folder, 'pack.json');
  const partial = `${target}${partialSuffix}`;
  const before = await stat(target).catch(() => undefined);
  try {
    await writing(folder, () => writeFile(path.join(folder, featuresFile), features));
    const hashes = await describeFiles(folder, [...files, { path: featuresFile, bytes: features.length }], options);
    const pack: Pack = { ...description, files: hashes };
    await writing(folder, async () => {
      await writeFile(partial, `${JSON.stringify(pack, undefined, 2)}\n`);
      await rename(partial, target);
    });
    return pack;
  } catch (thrown) {
    await rm(partial, { force: true }).catch(() => undefined);
    if (!before) {
      await rm(path.join(folder, featuresFile), { force: true }).catch(() => undefined);
    }
    throw thrown;
  }
}

/** @throws EarmarkError `write-failed`, `disk-full` */
async function writing(folder: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (thrown) {
    const { code, message } = writeError(thrown, folder);
    throw new EarmarkError(
      code,
      message,
      `An import writes pack.json and ${featuresFile} into the folder: make that possible, or copy the model to a folder of yours.`,
      { cause: thrown },
    );
  }
}

/** What the folder is called, in the letters that an id may have. */
function idOf(folder: string): string {
  const name = path.basename(path.resolve(folder)).toLowerCase();
  return name.replaceAll(/[^a-z0-9._-]+/g, '-').replace(/^[^a-z0-9]+/, '') || 'model';
}

/** Sizes and hashes. */
async function describeFiles(
  folder: string,
  files: PrecisionOffer['files'],
  { signal, onProgress = () => undefined }: ImportOptions,
): Promise<Pack['files']> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const meter = new FileMeter(total, onProgress);
  const described: Pack['files'][number][] = [];
  for (const { path: name } of files) {
    meter.begin(name);
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const piece of createReadStream(path.join(folder, name), { highWaterMark: 1 << 20, signal })) {
      hash.update(piece as Buffer);
      bytes += (piece as Buffer).length;
      meter.reached(bytes);
    }
    described.push({ path: name, bytes, sha256: hash.digest('hex') });
  }
  return described;
}
