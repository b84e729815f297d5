import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { PrefixPack } from '../engine/model/pack';
import type { PrecisionOffer } from '../hub/repository-layout';
import { chatPrompt } from './chat-prompt';
import {
  cacheShape,
  known,
  nameOf,
  readableAttention,
  readGraph,
  readJson,
  readOptional,
  type Graph,
} from './export-files';
import { shapeOf } from './graph-outline';
import type { PrefixClass, WindowConfig } from './model-classes';
import type { ReadExport } from './read-export';

/** What of `config.json` is read. */
export interface PrefixConfig extends WindowConfig {
  readonly audio_config?: Dimensions;
  readonly encoder_config?: Dimensions;
  readonly text_config?: Dimensions;
}

/** Names differ by the age of the configuration. */
interface Dimensions {
  readonly num_hidden_layers?: number;
  readonly encoder_layers?: number;
  readonly num_layers?: number;
  readonly num_attention_heads?: number;
  readonly encoder_attention_heads?: number;
  readonly num_heads?: number;
  readonly max_position_embeddings?: number;
  readonly eos_token_id?: number | readonly number[];
}

interface TokenizerConfig {
  readonly bos_token?: string | { readonly content: string } | null;
  readonly eos_token?: string | { readonly content: string } | null;
  /** One, or several of which one is the default. */
  readonly chat_template?: string | readonly { readonly name: string; readonly template: string }[];
}

/** What stands for the sound in a text; classes name it differently. */
interface ProcessorConfig {
  readonly audio_placeholder?: string;
  readonly audio_token?: string;
}

/**
 * Reads an export whose audio tokens stand in the prompt of a language model.
 *
 * @throws EarmarkError `model-*`
 */
export async function readPrefixExport(
  folder: string,
  family: PrefixClass,
  config: PrefixConfig,
  files: PrecisionOffer['files'],
): Promise<ReadExport> {
  const encoderGraph = await readGraph(folder, files, 'audio_encoder');
  const embeddings = await readGraph(folder, files, 'embed_tokens');
  const decoderGraph = await readGraph(folder, files, 'decoder_model_merged');
  const notes: string[] = [];
  const prompt = await readPrompt(folder, family);
  if (prompt.note !== undefined) {
    notes.push(prompt.note);
  }
  const encoder = describeEncoder(config, family, encoderGraph, widthOf(decoderGraph), notes);
  const decoder = describeDecoder(config, decoderGraph, notes);
  return {
    parts: {
      family: 'prefix',
      encoder,
      embeddings: {
        file: embeddings.file,
        input: nameOf(embeddings, 'input', 'input_ids'),
        output: nameOf(embeddings, 'output', 'inputs_embeds'),
      },
      decoder,
      prompt: { template: prompt.template, question: 'Describe the audio.' },
    },
    stopTokens: await readStopTokens(folder, config),
    found: prompt.note === undefined ? ['Its prompt is the one of its chat template.'] : [],
    notes,
  };
}

function describeEncoder(
  config: PrefixConfig,
  { encoderConfig, encoderInput, grouping, noScores }: PrefixClass,
  encoder: Graph,
  width: number,
  notes: string[],
): PrefixPack['encoder'] {
  const audio = config[encoderConfig] ?? {};
  const layers = audio.num_hidden_layers ?? audio.encoder_layers ?? audio.num_layers;
  const heads = audio.num_attention_heads ?? audio.encoder_attention_heads ?? audio.num_heads;
  const { group, extraRows } = grouping(config);
  const described = {
    file: encoder.file,
    input: nameOf(encoder, 'input', encoderInput),
    output: nameOf(encoder, 'output', 'audio_features'),
    layers: known(layers, `the number of layers in ${encoderConfig}`),
    heads: known(heads, `the number of heads in ${encoderConfig}`),
    width,
    framesPerPosition: 2,
    positionsPerToken: group,
    ...(extraRows > 0 && { extraRows }),
  };
  if (noScores !== undefined) {
    notes.push(noScores);
    return { ...described, attention: { kind: 'none' } };
  }
  return { ...described, attention: readableAttention(encoder, described.layers, notes) };
}

function describeDecoder(
  { text_config: text = {} }: PrefixConfig,
  decoder: Graph,
  notes: string[],
): PrefixPack['decoder'] {
  const pastKey = 'past_key_values.{layer}.key';
  if (!decoder.outline.input.some(({ name }) => name === 'num_logits_to_keep')) {
    notes.push(
      'Its decoder computes logits of every position of the prompt, which costs time that pruning then saves.',
    );
  }
  return {
    file: decoder.file,
    ...cacheShape(decoder, pastKey),
    width: widthOf(decoder),
    maxContext: known(text.max_position_embeddings, 'text_config.max_position_embeddings'),
    inputsEmbeds: nameOf(decoder, 'input', 'inputs_embeds'),
    attentionMask: nameOf(decoder, 'input', 'attention_mask'),
    logits: nameOf(decoder, 'output', 'logits'),
    pastKey,
    pastValue: 'past_key_values.{layer}.value',
    presentKey: 'present.{layer}.key',
    presentValue: 'present.{layer}.value',
  };
}

function widthOf({ file, outline }: Graph): number {
  const input = outline.input.find(({ name }) => name === 'inputs_embeds');
  return known(input && shapeOf(input)[2], `the width of inputs_embeds in ${file}`);
}

async function readPrompt(
  folder: string,
  { placeholder, opening, separator }: PrefixClass,
): Promise<ReturnType<typeof chatPrompt>> {
  const config = await readJson<TokenizerConfig>(folder, 'tokenizer_config.json');
  const template =
    (await readFile(path.join(folder, 'chat_template.jinja'), 'utf8').catch(() => undefined)) ??
    templateOf(await readOptional<TokenizerConfig>(folder, 'chat_template.json')) ??
    templateOf(config);
  const processor = {
    ...(await readOptional<ProcessorConfig>(folder, 'preprocessor_config.json')),
    ...(await readOptional<ProcessorConfig>(folder, 'processor_config.json')),
  };
  return chatPrompt({
    ...(template !== undefined && { template }),
    bos: tokenText(config.bos_token),
    eos: tokenText(config.eos_token),
    placeholder: processor.audio_placeholder ?? processor.audio_token ?? placeholder,
    separator,
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
async function readStopTokens(folder: string, { text_config: text }: PrefixConfig): Promise<readonly number[]> {
  const generation = await readOptional<Dimensions>(folder, 'generation_config.json');
  const ids = generation?.eos_token_id ?? text?.eos_token_id;
  return [known(ids, 'eos_token_id in generation_config.json or config.json')].flat();
}
