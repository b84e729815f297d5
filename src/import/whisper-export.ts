import type { CrossAttentionPack } from '../engine/model/pack';
import type { PrecisionOffer } from '../hub/repository-layout';
import { cacheShape, known, nameOf, readableAttention, readGraph, readJson } from './export-files';
import type { ReadExport } from './read-export';

/** What of `config.json` is read. */
export interface WhisperConfig {
  readonly d_model?: number;
  readonly encoder_layers?: number;
  readonly encoder_attention_heads?: number;
  readonly max_target_positions?: number;
}

interface Generation {
  readonly decoder_start_token_id?: number;
  /** Absent where the model knows English only. */
  readonly lang_to_id?: Readonly<Record<string, number>>;
  readonly task_to_id?: Readonly<Record<string, number>>;
  readonly no_timestamps_token_id?: number;
  readonly suppress_tokens?: readonly number[] | null;
  readonly begin_suppress_tokens?: readonly number[] | null;
  readonly eos_token_id?: number | readonly number[];
}

/** 3 s: without them a transcript of a short clip does not end; see `recipes/whisper-base/README.md`. */
const paddingTokens = 150;

/**
 * Reads an export of Whisper, whose decoder Optimum merged of two.
 *
 * @throws EarmarkError `model-*`
 */
export async function readWhisperExport(
  folder: string,
  config: WhisperConfig,
  files: PrecisionOffer['files'],
): Promise<ReadExport> {
  const encoder = await readGraph(folder, files, 'encoder_model');
  const decoder = await readGraph(folder, files, 'decoder_model_merged');
  const generation = await readJson<Generation>(folder, 'generation_config.json');
  const notes: string[] = [];
  const layers = known(config.encoder_layers, 'encoder_layers');
  const pastKey = 'past_key_values.{layer}.decoder.key';
  return {
    parts: {
      family: 'cross-attention',
      encoder: {
        file: encoder.file,
        input: nameOf(encoder, 'input', 'input_features'),
        output: nameOf(encoder, 'output', 'last_hidden_state'),
        layers,
        heads: known(config.encoder_attention_heads, 'encoder_attention_heads'),
        width: known(config.d_model, 'd_model'),
        framesPerPosition: 2,
        positionsPerToken: 1,
        attention: readableAttention(encoder, layers, notes),
      },
      cross: {
        input: nameOf(decoder, 'input', 'encoder_hidden_states'),
        key: 'past_key_values.{layer}.encoder.key',
        value: 'past_key_values.{layer}.encoder.value',
        useCache: nameOf(decoder, 'input', 'use_cache_branch'),
        presentKey: 'present.{layer}.encoder.key',
        presentValue: 'present.{layer}.encoder.value',
        paddingTokens,
      },
      decoder: {
        file: decoder.file,
        ...cacheShape(decoder, pastKey),
        maxContext: known(config.max_target_positions, 'max_target_positions'),
        inputIds: nameOf(decoder, 'input', 'input_ids'),
        logits: nameOf(decoder, 'output', 'logits'),
        pastKey,
        pastValue: 'past_key_values.{layer}.decoder.value',
        presentKey: 'present.{layer}.decoder.key',
        presentValue: 'present.{layer}.decoder.value',
      },
      prompt: promptOf(generation),
    },
    stopTokens: [known(generation.eos_token_id, 'eos_token_id in generation_config.json')].flat(),
    found: [generation.lang_to_id ? 'It is told to write down English.' : 'It knows English only.'],
    notes,
  };
}

/** Start tokens that ask for an English transcript without timestamps, and what is never said. */
function promptOf(generation: Generation): CrossAttentionPack['prompt'] {
  const { lang_to_id: languages, task_to_id: tasks } = generation;
  const of = (name: string): string => `${name} in generation_config.json`;
  const chosen = languages
    ? [known(languages['<|en|>'], of('<|en|>')), known(tasks?.['transcribe'], of('the task transcribe'))]
    : [];
  return {
    startTokens: [
      known(generation.decoder_start_token_id, of('decoder_start_token_id')),
      ...chosen,
      known(generation.no_timestamps_token_id, of('no_timestamps_token_id')),
    ],
    suppress: ids(generation.suppress_tokens),
    suppressFirst: ids(generation.begin_suppress_tokens),
  };
}

/** Old configurations say -1 for a list of their own. */
function ids(listed: readonly number[] | null | undefined): readonly number[] {
  return (listed ?? []).filter((id) => id >= 0);
}
