import { EarmarkError } from '../protocol/errors';
import { sizeWords } from '../report/numbers';
import type { HubFile } from './hub-client';

/** Suffixes of graphs in the layout of transformers.js, by the name of their precision. */
const suffixes = {
  fp32: '',
  fp16: '_fp16',
  quantized: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
} as const;
export type Precision = keyof typeof suffixes;
export const precisions = Object.keys(suffixes) as Precision[];

/**
 * The graphs of an audio language model, or of Whisper, whose encoder has another name; each has its weights inside or in
 * `.onnx_data*` beside it.
 */
function graphsOf(files: readonly HubFile[]): readonly string[] {
  const has = (graph: string): boolean => files.some(({ path }) => path.startsWith(`onnx/${graph}`));
  return has('encoder_model') && !has('audio_encoder')
    ? ['encoder_model', 'decoder_model_merged']
    : ['audio_encoder', 'embed_tokens', 'decoder_model_merged'];
}

const required = ['config.json', 'tokenizer.json', 'tokenizer_config.json'] as const;
const optional = [
  'preprocessor_config.json',
  'processor_config.json',
  'generation_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'chat_template.json',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
] as const;

/** What one precision of a repository comes to. */
export interface PrecisionOffer {
  readonly precision: Precision;
  readonly bytes: number;
  readonly files: readonly HubFile[];
}

/** What a repository is, told by its files. */
export type RepositoryLayout =
  | { readonly kind: 'pack'; readonly description: HubFile }
  | { readonly kind: 'transformers.js'; readonly offers: readonly PrecisionOffer[] };

/** @throws EarmarkError `model-unsupported` */
export function layoutOf(files: readonly HubFile[], name: string): RepositoryLayout {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const description = byPath.get('pack.json');
  if (description) {
    return { kind: 'pack', description };
  }
  const offers = required.every((file) => byPath.has(file))
    ? precisions.flatMap((precision) => offerOf(precision, files, byPath))
    : [];
  if (offers.length === 0) {
    throw new EarmarkError(
      'model-unsupported',
      `${name} holds no model that Earmark can use: neither pack.json, nor ` +
        `${graphsOf(files).join(', ')} in onnx/ with config.json and tokenizer.json.`,
      'Choose a repository with an Earmark pack, or with an ONNX export in the layout of transformers.js.',
    );
  }
  return { kind: 'transformers.js', offers };
}

/** Nothing where a graph is missing in this precision. */
function offerOf(
  precision: Precision,
  files: readonly HubFile[],
  byPath: ReadonlyMap<string, HubFile>,
): PrecisionOffer[] {
  const stems = graphsOf(files).map((graph) => `onnx/${graph}${suffixes[precision]}.onnx`);
  if (!stems.every((stem) => byPath.has(stem))) {
    return [];
  }
  const isWeight = (path: string): boolean =>
    stems.some((stem) => path === stem || (/^_data(_\d+)?$/.test(path.slice(stem.length)) && path.startsWith(stem)));
  const described = [...required, ...optional].flatMap((path) => byPath.get(path) ?? []);
  const chosen = [...described, ...files.filter(({ path }) => isWeight(path))];
  return [{ precision, files: chosen, bytes: chosen.reduce((sum, { bytes }) => sum + bytes, 0) }];
}

/** What an export lacks to be whole, in words, or nothing. */
export function missingGraphs(files: readonly HubFile[]): string[] {
  const paths = new Set(files.map(({ path }) => path));
  const graphs = graphsOf(files);
  const settings = required.filter((name) => !paths.has(name)).map((name) => `${name} is missing`);
  const there = (graph: string): Precision[] =>
    precisions.filter((precision) => paths.has(`onnx/${graph}${suffixes[precision]}.onnx`));
  if (precisions.some((precision) => graphs.every((graph) => there(graph).includes(precision)))) {
    return settings;
  }
  const found = graphs.map((graph) => {
    const names = there(graph).join(', ');
    return `onnx/${graph} is ${names === '' ? 'missing' : `there in ${names}`}`;
  });
  return [...settings, ...found];
}

/** `q4 (1.26 GB), fp16 (3.10 GB)` */
export function offerWords(offers: readonly PrecisionOffer[]): string {
  return offers.map(({ precision, bytes }) => `${precision} (${sizeWords(bytes)})`).join(', ');
}

/** @throws EarmarkError `settings-invalid` naming what there is */
export function offerNamed(offers: readonly PrecisionOffer[], precision: Precision | undefined): PrecisionOffer {
  const [only, ...others] = offers;
  const found = offers.find((offer) => offer.precision === precision);
  if (found) {
    return found;
  }
  if (precision === undefined && only && others.length === 0) {
    return only;
  }
  throw new EarmarkError(
    'settings-invalid',
    precision === undefined
      ? `There are several precisions: ${offerWords(offers)}.`
      : `There is no precision ${precision}, but ${offerWords(offers)}.`,
    'Choose one with --precision.',
  );
}
