import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { GraphProto } from 'onnx-buf';
import { findAttention } from '../engine/model/attention-finder';
import { partialSuffix } from '../engine/model/model-folders';
import { samplesPerToken, type PrefixPack } from '../engine/model/pack';
import { writeError } from '../hub/disk';
import { FileMeter } from '../hub/file-meter';
import { offerNamed, type Precision, type PrecisionOffer } from '../hub/repository-layout';
import { EarmarkError } from '../protocol/errors';
import type { FileProgress } from '../protocol/file-progress';
import { chatPrompt } from './chat-prompt';
import { readOffers } from './export-folder';
import { featuresGraph, melBinsOf, type FeatureSettings } from './front-end';
import { readGraphOutline, shapeOf } from './graph-outline';
import { modelClass, type ModelClass } from './model-classes';

/** The log-mel front end that an import writes: public exports have none. */
const featuresFile = 'earmark-features.onnx';

export interface Imported {
  readonly modelId: string;
  readonly pack: PrefixPack;
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

interface Config {
  readonly model_type?: string;
  readonly audio_config?: Dimensions;
  readonly text_config?: Dimensions;
}

/** Names differ by the age of the configuration. */
interface Dimensions {
  readonly num_hidden_layers?: number;
  readonly encoder_layers?: number;
  readonly num_attention_heads?: number;
  readonly encoder_attention_heads?: number;
  readonly max_position_embeddings?: number;
  readonly eos_token_id?: number | readonly number[];
}

interface TokenizerConfig {
  readonly bos_token?: string | { readonly content: string } | null;
  readonly eos_token?: string | { readonly content: string } | null;
  /** One, or several of which one is the default. */
  readonly chat_template?: string | readonly { readonly name: string; readonly template: string }[];
}

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
  const settings = await readJson<FeatureSettings>(folder, 'preprocessor_config.json');
  const melBins = melBinsOf(settings);
  const graphs = await readGraphs(folder, files);
  const notes: string[] = [];
  const prompt = await readPrompt(folder, family);
  if (prompt.note !== undefined) {
    notes.push(prompt.note);
  }
  const encoder = describeEncoder(config, family, graphs, notes);
  const decoder = describeDecoder(config, graphs, notes);
  const name = path.basename(path.resolve(folder));
  const description: Omit<PrefixPack, 'files'> = {
    schemaVersion: 1,
    id: idOf(folder),
    title: `${family.title} (${name}, ${precision})`,
    description: `Imported from an ONNX export of the class ${family.title}, which is used as it is.`,
    limits: [family.limits, ...notes].join(' '),
    family: 'prefix',
    licence: 'as published',
    weights: [{ part: 'model', name, source: 'imported', licence: 'as published' }],
    frontEnd: {
      file: featuresFile,
      input: 'samples',
      output: 'mel',
      sampleRate: 16000,
      melBins,
      hopSamples: 160,
      windowSeconds: 30,
      padding: family.padding,
    },
    encoder,
    embeddings: {
      file: graphs.embeddings.file,
      input: nameOf(graphs.embeddings, 'input', 'input_ids'),
      output: nameOf(graphs.embeddings, 'output', 'inputs_embeds'),
    },
    decoder,
    tokenizer: { file: 'tokenizer.json', config: 'tokenizer_config.json' },
    prompt: { template: prompt.template, question: 'Describe the audio.' },
    stopTokens: await readStopTokens(folder, config),
    precision: { encoder: precision, embeddings: precision, decoder: precision },
  };
  const pack = await writePack(folder, description, featuresGraph(melBins), files, options);
  const found = [summary(family, precision, pack)];
  if (encoder.attention.kind === 'tap') {
    found.push('The attention of its encoder’s last layer can be read.');
  }
  if (prompt.note === undefined) {
    found.push('Its prompt is the one of its chat template.');
  }
  return { modelId: pack.id, pack, found, notes };
}

/** What a person wants to know of a model at a glance. */
function summary({ title }: ModelClass, precision: Precision, pack: PrefixPack): string {
  const { encoder, decoder } = pack;
  const milliseconds = (1000 * samplesPerToken(pack)) / pack.frontEnd.sampleRate;
  return (
    `${title} in ${precision}: an encoder of ${String(encoder.layers)} layers with ${String(encoder.heads)} heads, one ` +
    `token for ${String(milliseconds)} ms; a language model of ${String(decoder.layers)} layers that reads at most ` +
    `${String(decoder.maxContext)} positions.`
  );
}

/** Writes the front end first, so that a folder that takes nothing is told of before gigabytes are read. */
async function writePack(
  folder: string,
  description: Omit<PrefixPack, 'files'>,
  features: Uint8Array,
  files: PrecisionOffer['files'],
  options: ImportOptions,
): Promise<PrefixPack> {
  const target = path.join(folder, 'pack.json');
  const partial = `${target}${partialSuffix}`;
  const before = await stat(target).catch(() => undefined);
  try {
    await writing(folder, () => writeFile(path.join(folder, featuresFile), features));
    const hashes = await describeFiles(folder, [...files, { path: featuresFile, bytes: features.length }], options);
    const pack: PrefixPack = { ...description, files: hashes };
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

interface Graph {
  /** Path within the folder. */
  readonly file: string;
  readonly outline: GraphProto;
}

interface Graphs {
  readonly encoder: Graph;
  readonly embeddings: Graph;
  readonly decoder: Graph;
}

async function readGraphs(folder: string, files: PrecisionOffer['files']): Promise<Graphs> {
  const read = async (stem: string): Promise<Graph> => {
    const file = files.find((one) => one.path.startsWith(`onnx/${stem}`) && one.path.endsWith('.onnx'))!.path;
    return { file, outline: await readGraphOutline(path.join(folder, file)) };
  };
  return {
    encoder: await read('audio_encoder'),
    embeddings: await read('embed_tokens'),
    decoder: await read('decoder_model_merged'),
  };
}

function describeEncoder(
  { audio_config: audio = {} }: Config,
  { group, extraRows }: ModelClass,
  { encoder, decoder }: Graphs,
  notes: string[],
): PrefixPack['encoder'] {
  const layers = known(audio.num_hidden_layers ?? audio.encoder_layers, 'audio_config.num_hidden_layers');
  const heads = known(audio.num_attention_heads ?? audio.encoder_attention_heads, 'audio_config.num_attention_heads');
  const found = findAttention(encoder.outline, layers) !== undefined;
  if (!found) {
    notes.push(
      `No attention of layer ${String(layers)} that can be read was found in ${encoder.file}: only strategies that need ` +
        'no scores can be used.',
    );
  }
  return {
    file: encoder.file,
    input: nameOf(encoder, 'input', 'audio_values'),
    output: nameOf(encoder, 'output', 'audio_features'),
    layers,
    heads,
    width: widthOf(decoder),
    framesPerPosition: 2,
    positionsPerToken: group,
    ...(extraRows > 0 && { extraRows }),
    attention: { kind: found ? 'tap' : 'none' },
  };
}

function describeDecoder(
  { text_config: text = {} }: Config,
  { decoder }: Graphs,
  notes: string[],
): PrefixPack['decoder'] {
  const past = decoder.outline.input.filter(({ name }) => /^past_key_values\.\d+\.key$/.test(name));
  const [, kvHeads, , headDim] = past[0] ? shapeOf(past[0]) : [];
  if (!decoder.outline.input.some(({ name }) => name === 'num_logits_to_keep')) {
    notes.push(
      'Its decoder computes logits of every position of the prompt, which costs time that pruning then saves.',
    );
  }
  return {
    file: decoder.file,
    layers: known(past.length || undefined, `past_key_values in ${decoder.file}`),
    kvHeads: known(kvHeads, `the number of key-value heads in ${decoder.file}`),
    headDim: known(headDim, `the width of a head in ${decoder.file}`),
    width: widthOf(decoder),
    maxContext: known(text.max_position_embeddings, 'text_config.max_position_embeddings'),
    inputsEmbeds: nameOf(decoder, 'input', 'inputs_embeds'),
    attentionMask: nameOf(decoder, 'input', 'attention_mask'),
    logits: nameOf(decoder, 'output', 'logits'),
    pastKey: 'past_key_values.{layer}.key',
    pastValue: 'past_key_values.{layer}.value',
    presentKey: 'present.{layer}.key',
    presentValue: 'present.{layer}.value',
  };
}

function widthOf({ file, outline }: Graph): number {
  const input = outline.input.find(({ name }) => name === 'inputs_embeds');
  return known(input && shapeOf(input)[2], `the width of inputs_embeds in ${file}`);
}

/** @throws EarmarkError `model-unsupported` where the graph has it not, naming what it has */
function nameOf({ file, outline }: Graph, side: 'input' | 'output', wanted: string): string {
  const names = outline[side].map(({ name }) => name);
  if (!names.includes(wanted)) {
    throw new EarmarkError(
      'model-unsupported',
      `${file} has no ${side} named ${wanted}; it has ${names.join(', ')}.`,
      'Choose an export in the layout of transformers.js.',
    );
  }
  return wanted;
}

/** @throws EarmarkError `model-unsupported` */
function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) {
    throw new EarmarkError('model-unsupported', `The model does not say ${what}.`, 'Complete its config.json.');
  }
  return value;
}

async function readPrompt(
  folder: string,
  { placeholder, opening }: ModelClass,
): Promise<ReturnType<typeof chatPrompt>> {
  const config = await readJson<TokenizerConfig>(folder, 'tokenizer_config.json');
  const template =
    (await readFile(path.join(folder, 'chat_template.jinja'), 'utf8').catch(() => undefined)) ??
    templateOf(await readOptional<TokenizerConfig>(folder, 'chat_template.json')) ??
    templateOf(config);
  const processor = {
    ...(await readOptional<{ audio_placeholder?: string }>(folder, 'preprocessor_config.json')),
    ...(await readOptional<{ audio_placeholder?: string }>(folder, 'processor_config.json')),
  };
  return chatPrompt({
    ...(template !== undefined && { template }),
    bos: tokenText(config.bos_token),
    eos: tokenText(config.eos_token),
    placeholder: processor.audio_placeholder ?? placeholder,
    ...(opening !== undefined && { opening }),
  });
}

function templateOf(config: TokenizerConfig | undefined): string | undefined {
  const template = config?.chat_template;
  return typeof template === 'object' ? template.find(({ name }) => name === 'default')?.template : template;
}

function tokenText(token: TokenizerConfig['bos_token']): string {
  return typeof token === 'string' ? token : (token?.content ?? '');
}

/** Of `generation_config.json`, else of `config.json`. */
async function readStopTokens(folder: string, { text_config: text }: Config): Promise<readonly number[]> {
  const generation = await readOptional<Dimensions>(folder, 'generation_config.json');
  const ids = generation?.eos_token_id ?? text?.eos_token_id;
  return [known(ids, 'eos_token_id in generation_config.json or config.json')].flat();
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
): Promise<PrefixPack['files']> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const meter = new FileMeter(total, onProgress);
  const described: PrefixPack['files'][number][] = [];
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

/** @throws EarmarkError `model-unsupported` where it is missing, `model-damaged` where it is no JSON */
async function readJson<T>(folder: string, name: string): Promise<T> {
  let text: string;
  try {
    text = await readFile(path.join(folder, name), 'utf8');
  } catch (error) {
    throw new EarmarkError(
      'model-unsupported',
      `${name} is missing in ${folder}.`,
      'Get it from where the model is from.',
      {
        cause: error,
      },
    );
  }
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new EarmarkError('model-damaged', `${name} in ${folder} is not JSON.`, 'Get the file again.', {
      cause: error,
    });
  }
}

async function readOptional<T>(folder: string, name: string): Promise<T | undefined> {
  const there = await stat(path.join(folder, name)).catch(() => undefined);
  return there ? readJson<T>(folder, name) : undefined;
}
