import { cpSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { halfOf, widened } from '../../../src/engine/model/half';
import { readPack, type Pack, type PrefixPack } from '../../../src/engine/model/pack';
import { importModel } from '../../../src/import/import-model';
import { editJson } from '../../edit-json';

const models = path.join(import.meta.dirname, '..', '..', 'reference', 'transformers-js');

const templateOf = ({ pack }: { readonly pack: Pack }): string => (pack as PrefixPack).prompt.template;

describe('an import', () => {
  let folder: string;
  const at = (name: string): string => path.join(folder, name);
  const copy = (kind: string): void => {
    rmSync(folder, { recursive: true, force: true });
    cpSync(path.join(models, kind), folder, { recursive: true });
  };

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'earmark-import-'));
    copy('ultravox');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('writes a pack that is valid, and can be done again', async () => {
    const { pack } = await importModel(folder);
    expect(await readPack(folder)).toEqual(pack);
    expect(pack).toMatchObject({
      encoder: { positionsPerToken: 8, extraRows: 1, attention: { kind: 'tap' } },
      decoder: { layers: 2, kvHeads: 2, headDim: 16 },
      stopTokens: [257],
      prompt: { template: '<s><|user|>{audio}\n{question}<|end|>' },
    });
    expect((await importModel(folder)).pack).toEqual(pack);
  });

  it('uses a plain prompt where there is no chat template, and says so', async () => {
    editJson(at('tokenizer_config.json'), ({ chat_template: _, ...config }) => config);
    const { pack, notes } = await importModel(folder);
    expect(templateOf({ pack })).toBe('<s>USER: {audio}\n{question}\nASSISTANT:');
    expect(notes.join()).toMatch(/no chat template/);
  });

  it('takes the default of several chat templates, and before them one in a file of its own', async () => {
    const templates = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: '[{{ messages[0].content }}]' },
    ];
    editJson(at('tokenizer_config.json'), (config) => ({ ...config, chat_template: templates }));
    expect(templateOf(await importModel(folder))).toBe('[{audio}\n{question}]');
    writeFileSync(at('chat_template.jinja'), '({{ messages[0].content }})');
    expect(templateOf(await importModel(folder))).toBe('({audio}\n{question})');
  });

  it('names the same day in every import, where a chat template asks for one as Llama’s do', async () => {
    const today = '{% if not date_string is defined %}{% set date_string = strftime_now("%d %b %Y") %}{% endif %}';
    writeFileSync(at('chat_template.jinja'), `${today}Today Date: {{ date_string }}. {{ messages[0].content }}`);
    expect(templateOf(await importModel(folder))).toBe('Today Date: 26 Jul 2024. {audio}\n{question}');
  });

  it.each([
    ['%B %d, %Y', 'July 26, 2024'],
    ['%A, %-d.%-m.%y, %H:%M (100 %% %Q)', 'Friday, 26.7.24, 00:00 (100 % %Q)'],
  ])('names that day where a template asks for today as %j, as Granite’s do', async (format, day) => {
    // The white space that a template begins with stays.
    writeFileSync(at('chat_template.jinja'), `\n {{ strftime_now('${format}') }}. {{ messages[0].content }}`);
    expect(templateOf(await importModel(folder))).toBe(`\n ${day}. {audio}\n{question}`);
  });

  it('begins Voxtral’s sound as its processor does, whether or not the chat template does', async () => {
    copy('voxtral');
    const prompt = '<s>[INST][BEGIN_AUDIO]{audio}{question}[/INST]';
    expect(templateOf(await importModel(folder))).toBe(prompt);
    editJson(at('tokenizer_config.json'), ({ chat_template, ...config }) => ({
      ...config,
      chat_template: String(chat_template).replace('[AUDIO]', '[BEGIN_AUDIO][AUDIO]'),
    }));
    expect(templateOf(await importModel(folder))).toBe(prompt);
  });

  it('finds no attention, says so, and does without', async () => {
    editJson(at('config.json'), (config) => ({
      ...config,
      audio_config: { num_hidden_layers: 9, num_attention_heads: 2 },
    }));
    const { pack, notes } = await importModel(folder);
    expect(pack.encoder.attention.kind).toBe('none');
    expect(notes.join()).toMatch(/No attention of layer 9 .* only strategies that need no scores/);
  });

  it.each<[string, () => void, RegExp]>([
    [
      'half a folder',
      () => {
        rmSync(at('onnx/embed_tokens.onnx'));
      },
      /onnx\/embed_tokens is missing/,
    ],
    [
      'no configuration',
      () => {
        rmSync(at('config.json'));
      },
      /config\.json is missing/,
    ],
    [
      'no front end',
      () => {
        rmSync(at('preprocessor_config.json'));
      },
      /preprocessor_config\.json is missing/,
    ],
    [
      'mixed precisions',
      () => {
        renameSync(at('onnx/embed_tokens.onnx'), at('onnx/embed_tokens_q4.onnx'));
      },
      /embed_tokens is there in q4/,
    ],
    [
      'another class',
      () => {
        editJson(at('config.json'), (json) => ({ ...json, model_type: 'gemma3n' }));
      },
      /"gemma3n", which can not be imported/,
    ],
    [
      'windows that are no whole number of tokens',
      () => {
        copy('granite-speech');
        editJson(at('config.json'), (json) => ({ ...json, downsample_rate: 4 }));
      },
      /windows of 15 positions, 4 each/,
    ],
    [
      'another log-mel of Granite Speech',
      () => {
        copy('granite-speech');
        editJson(at('preprocessor_config.json'), (json) => ({ ...json, melspec_kwargs: { win_length: 512 } }));
      },
      /80 mel bins at 16000 Hz with windows of 512 in transforms of 512 every 160/,
    ],
    [
      'another log-mel',
      () => {
        editJson(at('preprocessor_config.json'), (json) => ({ ...json, n_fft: 512 }));
      },
      /windows of 512/,
    ],
    [
      'a cut-off graph',
      () => {
        truncateSync(at('onnx/audio_encoder.onnx'), 20_000);
      },
      /audio_encoder\.onnx is damaged/,
    ],
    [
      'no JSON',
      () => {
        writeFileSync(at('config.json'), '{');
      },
      /config\.json in .* is not JSON/,
    ],
    [
      'a template without sound',
      () => {
        writeFileSync(at('chat_template.jinja'), 'Hello');
      },
      /makes no prompt with <\|audio\|>/,
    ],
  ])('says what is wrong with %s', async (_, damage, message) => {
    damage();
    await expect(importModel(folder)).rejects.toThrow(message);
  });

  it('says that there is no folder', async () => {
    await expect(importModel(at('none'))).rejects.toThrow(/There is no folder/);
  });
});

describe('float16', () => {
  it.each([0, 1, -2.5, 65504, 2 ** -24, 2 ** -14, Infinity])('keeps %d', (value) => {
    expect(widened(halfOf(value))).toBe(value);
  });

  it('rounds to nearest, ties to even', () => {
    expect(widened(halfOf(1 + 2 ** -11))).toBe(1);
    expect(widened(halfOf(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
    expect(widened(halfOf(70_000))).toBe(Infinity);
    expect(widened(halfOf(NaN))).toBeNaN();
  });
});
