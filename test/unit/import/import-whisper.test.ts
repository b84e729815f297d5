import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPack } from '../../../src/engine/model/pack';
import { importModel } from '../../../src/import/import-model';
import { editJson } from '../../edit-json';

const source = path.join(import.meta.dirname, '..', '..', 'reference', 'transformers-js', 'whisper');

describe('an import of Whisper', () => {
  let folder: string;
  const at = (name: string): string => path.join(folder, name);

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'earmark-whisper-'));
    cpSync(source, folder, { recursive: true });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('writes a pack that is valid, and says what it found', async () => {
    const { pack, found, notes } = await importModel(folder);
    expect(await readPack(folder)).toEqual(pack);
    expect(pack).toMatchObject({
      family: 'cross-attention',
      encoder: { layers: 2, heads: 2, width: 32, positionsPerToken: 1, attention: { kind: 'tap' } },
      decoder: { layers: 2, kvHeads: 2, headDim: 16, maxContext: 64 },
      stopTokens: [256],
    });
    expect(found.join(' ')).toMatch(/^Whisper in fp32: .* one token for 20 ms; .* told to write down English/);
    expect(notes).toEqual([]);
  });

  it('asks a model that knows English only for no language', async () => {
    editJson(at('generation_config.json'), ({ lang_to_id: _, task_to_id: __, ...rest }) => ({
      ...rest,
      suppress_tokens: [-1],
    }));
    const { pack } = await importModel(folder);
    expect(pack.prompt).toEqual({ startTokens: [257, 262], suppress: [], suppressFirst: [32, 256] });
  });

  it.each<[string, () => void, RegExp]>([
    ['half a folder', () => rmSync(at('onnx/decoder_model_merged.onnx')), /onnx\/decoder_model_merged is missing/],
    ['no start', () => rmSync(at('generation_config.json')), /generation_config\.json is missing/],
    [
      'a start that is not said',
      () => {
        editJson(at('generation_config.json'), ({ no_timestamps_token_id: _, ...rest }) => rest);
      },
      /does not say no_timestamps_token_id in generation_config\.json/,
    ],
    [
      'the graphs of another class',
      () => {
        editJson(at('config.json'), (json) => ({ ...json, model_type: 'ultravox' }));
      },
      /has no onnx\/audio_encoder/,
    ],
    [
      'a decoder that is not merged',
      () => {
        cpSync(at('onnx/encoder_model.onnx'), at('onnx/decoder_model_merged.onnx'));
      },
      /has no input named encoder_hidden_states; it has input_features/,
    ],
  ])('says what is wrong with %s', async (_, damage, message) => {
    damage();
    await expect(importModel(folder)).rejects.toThrow(message);
  });
});
