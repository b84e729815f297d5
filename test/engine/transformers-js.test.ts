import {
  AutoFeatureExtractor,
  env,
  GraniteSpeechForConditionalGeneration,
  GraniteSpeechProcessor,
  UltravoxModel,
  UltravoxProcessor,
  VoxtralForConditionalGeneration,
  VoxtralProcessor,
  WhisperForConditionalGeneration,
} from '@huggingface/transformers';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode } from '../../src/engine/model/decode';
import { encodeWindow, output, type EncodedWindow } from '../../src/engine/model/encode';
import { promptIds } from '../../src/engine/model/families/prefix';
import { floats } from '../../src/engine/model/half';
import type { Model } from '../../src/engine/model/load';
import type { CrossAttentionPack, PrefixPack } from '../../src/engine/model/pack';
import { selectTokens } from '../../src/pruning/selection';
import { readPlainWav, repository } from './default-model';
import { loadImported, references, removeImported } from './imported-model';

// `package.json` puts a small package in the place of onnxruntime-web, which transformers.js needs in browsers only: it
// has 140 MB. onnxruntime-node is the one that Earmark ships.

/** Of a tensor of transformers.js, what is compared. */
interface Values<T = Float32Array> {
  readonly data: T;
  readonly dims: readonly number[];
}

interface Inputs {
  readonly input_ids: Values<BigInt64Array>;
  /** The log-mel, which has one name or the other. */
  readonly audio_values?: Values;
  readonly input_features?: Values;
}

/** What is used of the classes of transformers.js, whose types say less. */
interface TheirProcessor {
  (text: string, audio: Float32Array): Promise<Inputs>;
  readonly tokenizer: { apply_chat_template(messages: readonly object[], options: object): string };
}
interface TheirModel {
  encode_audio(inputs: Inputs): Promise<Values>;
  generate(options: object): Promise<Values<BigInt64Array>>;
  dispose(): Promise<unknown>;
}
interface Theirs {
  readonly processor: { from_pretrained(id: string): Promise<unknown> };
  readonly model: { from_pretrained(id: string, options: object): Promise<unknown> };
  /** What a person writes, as the examples of transformers.js do for this class. */
  readonly content: unknown;
  /** Samples that the sound is padded to; their rows are heard by transformers.js, and trimmed by Earmark. */
  readonly heard: number;
}

const question = 'What is it?';
const newTokens = 12;
/** Neither a whole number of positions nor of groups. */
const sound = readPlainWav(path.join(repository, 'media', 'samples', 'conference-prompt.wav')).slice(0, 321 * 160);

const classes: Readonly<Record<string, Theirs>> = {
  'ultravox': {
    processor: UltravoxProcessor,
    model: UltravoxModel,
    content: `<|audio|>\n${question}`,
    heard: sound.length,
  },
  'voxtral': {
    processor: VoxtralProcessor,
    model: VoxtralForConditionalGeneration,
    content: [{ type: 'audio' }, { type: 'text', text: question }],
    heard: 480_000,
  },
  'granite-speech': {
    processor: GraniteSpeechProcessor,
    model: GraniteSpeechForConditionalGeneration,
    content: `<|audio|>${question}`,
    heard: sound.length,
  },
};

describe.each(Object.entries(classes))('%s, against transformers.js on the same files', (kind, theirs) => {
  let model: Model;
  let pack: PrefixPack;
  let encoded: EncodedWindow;
  let their: TheirModel;
  let inputs: Inputs;
  /** The sound as transformers.js hears it: rows of padding are rows like others. */
  const heard = new Float32Array(theirs.heard);
  heard.set(sound);

  beforeAll(async () => {
    env.allowRemoteModels = false;
    env.localModelPath = `${references}/`;
    const processor = (await theirs.processor.from_pretrained(kind)) as TheirProcessor;
    their = (await theirs.model.from_pretrained(kind, { dtype: 'fp32', device: 'cpu' })) as TheirModel;
    const messages = [{ role: 'user', content: theirs.content }];
    const text = processor.tokenizer.apply_chat_template(messages, { tokenize: false, add_generation_prompt: true });
    inputs = await processor(text, sound);

    model = await loadImported(kind);
    pack = model.pack as PrefixPack;
    encoded = await encodeWindow(model, heard);
  });
  afterAll(async () => {
    await their.dispose();
    await removeImported(model);
  });

  it('has the same log-mel', async () => {
    const input = new model.runtime.Tensor('float32', heard, [1, heard.length]);
    const features = output(
      await model.frontEnd.run({ samples: input }),
      pack.frontEnd.features ?? pack.frontEnd.output,
    );
    const theirFeatures = (inputs.audio_values ?? inputs.input_features)!;
    expect(features.dims).toEqual(theirFeatures.dims);
    expect(farthest(floats(features), theirFeatures.data)).toBeLessThan(1e-4);
  });

  it('has the same audio features, in as many rows', async () => {
    const features = await their.encode_audio(inputs);
    const rows = [...encoded.tokens.data, ...encoded.padding.data];
    expect([encoded.tokens.rows + encoded.padding.rows, encoded.tokens.columns]).toEqual(features.dims.slice(-2));
    expect(farthest(Float32Array.from(rows), features.data)).toBeLessThan(1e-3);
  });

  it('makes the first of these rows of the sound alone, and of its padding none that are heard', async () => {
    const { tokens, padding, counts } = await encodeWindow(model, sound);
    const features = await their.encode_audio(inputs);
    expect(tokens.rows).toBe(Math.ceil(sound.length / 320 / pack.encoder.positionsPerToken));
    expect(tokens.rows + padding.rows + counts.trimmed).toBe(features.dims.at(-2));
    expect(farthest(tokens.data, features.data.subarray(0, tokens.data.length))).toBeLessThan(1e-3);
  });

  it('has the same prompt', () => {
    const { before, after } = promptIds(model.tokenizer, pack.prompt.template, question);
    const ids = Array.from(inputs.input_ids.data, Number);
    const rows = encoded.tokens.rows + encoded.padding.rows;
    const audio = ids[before.length]!;
    expect(ids).toEqual([...before, ...Array<number>(rows).fill(audio), ...after]);
  });

  it('says the same, choosing greedily', async () => {
    const every = selectTokens(Array.from({ length: encoded.tokens.rows }, (_, token) => token));
    const prompt = await model.family.prompt(await model.family.adapt(encoded, every), question);
    const options = { maxNewTokens: newTokens, signal: new AbortController().signal, onText: () => undefined };
    const { tokenIds } = await decode(model, prompt, options);
    const said = await their.generate({ ...inputs, max_new_tokens: newTokens, do_sample: false });
    expect(tokenIds).toEqual(Array.from(said.data, Number).slice(inputs.input_ids.dims[1]));
    expect(tokenIds).toHaveLength(newTokens);
  });
});

describe('whisper, against transformers.js on the same files', () => {
  let model: Model;
  let their: TheirModel;
  let features: Values;
  /** transformers.js hears the whole window. */
  const heard = new Float32Array(480_000);
  heard.set(sound);

  beforeAll(async () => {
    env.allowRemoteModels = false;
    env.localModelPath = `${references}/`;
    const extract = (await AutoFeatureExtractor.from_pretrained('whisper')) as unknown as (
      sound: Float32Array,
    ) => Promise<{ readonly input_features: Values }>;
    features = (await extract(sound)).input_features;
    const options = { dtype: 'fp32', device: 'cpu' } as const;
    their = (await WhisperForConditionalGeneration.from_pretrained('whisper', options)) as unknown as TheirModel;
    model = await loadImported('whisper');
  });
  afterAll(async () => {
    await their.dispose();
    await removeImported(model);
  });

  it('has the same log-mel', async () => {
    const input = new model.runtime.Tensor('float32', heard, [1, heard.length]);
    const mel = output(await model.frontEnd.run({ samples: input }), 'mel');
    expect(mel.dims).toEqual(features.dims);
    expect(farthest(floats(mel), features.data)).toBeLessThan(1e-4);
  });

  it('starts and goes on the same, choosing greedily', async () => {
    const encoded = await encodeWindow(model, heard);
    const every = selectTokens(Array.from({ length: encoded.tokens.rows }, (_, token) => token));
    const prompt = await model.family.prompt(await model.family.adapt(encoded, every), '');
    const options = { maxNewTokens: newTokens, signal: new AbortController().signal, onText: () => undefined };
    const { tokenIds } = await decode(model, prompt, options);
    const asked = { inputs: features, language: 'en', task: 'transcribe', max_new_tokens: newTokens, do_sample: false };
    const said = Array.from((await their.generate(asked)).data, Number);
    const { startTokens } = (model.pack as CrossAttentionPack).prompt;
    expect(said).toEqual([...startTokens, ...tokenIds]);
    expect(tokenIds).toHaveLength(newTokens);
  });
});

/** The largest difference of two lists of one length. */
function farthest(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
