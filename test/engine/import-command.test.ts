import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pack } from '../../src/engine/model/pack';
import type { ModelInfo } from '../../src/protocol/model';
import { packFolder, repository, sampleFiles } from './default-model';
import { editJson } from '../edit-json';

const graphs = ['audio_encoder', 'embed_tokens', 'decoder_model_merged'];

/** The built command line makes models of folders, as a person has them from somewhere, and works with them. */
describe('earmark models import', () => {
  let parent: string;
  let folder: string;
  const at = (name: string): string => path.join(folder, name);

  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'earmark-import-'));
    folder = path.join(parent, 'My Ultravox');
    cpSync(path.join(repository, 'test', 'reference', 'transformers-js', 'ultravox'), folder, { recursive: true });
  });
  afterEach(() => {
    rmSync(parent, { recursive: true });
  });

  /** @param prefix words before those of the command, as `setpriv` and its options */
  function earmarkUnder(prefix: readonly string[], ...words: readonly string[]) {
    const [program = '', ...rest] = [...prefix, process.execPath, path.join(repository, 'dist', 'cli.js'), ...words];
    const env = { ...process.env, XDG_DATA_HOME: parent, LOCALAPPDATA: parent };
    const { status, stdout, stderr } = spawnSync(program, rest, { cwd: parent, env, encoding: 'utf8' });
    return { status, stdout, stderr };
  }
  const earmark = (...words: readonly string[]) => earmarkUnder([], ...words);
  const caption = (...words: readonly string[]) =>
    earmark(
      'caption',
      sampleFiles[0]!,
      '--models',
      parent,
      '--model',
      'my-ultravox',
      '--max-new-tokens',
      '8',
      ...words,
    );

  it('says what it found, and the model captions', () => {
    const { status, stdout, stderr } = earmark('models', 'import', 'My Ultravox');
    expect(stderr).toMatch(/^earmark: Its decoder computes logits of every position of the prompt.*\n$/);
    expect(stdout.split('\n')).toEqual([
      `${folder} is a model now.`,
      expect.stringMatching(/^Ultravox in fp32: an encoder of 2 layers with 2 heads, one token for 160 ms; a decoder/),
      'The attention of its encoder’s last layer can be read.',
      'Its prompt is the one of its chat template.',
      expect.stringMatching(/^It needs about 20\d MB of memory\.$/),
      expect.stringMatching(/^A window of sound takes about \d.* to encode, .* to prefill .* for each token/),
      `Use it with --models ${folder} --model my-ultravox.`,
      '',
    ]);
    expect(status).toBe(0);
    // A folder that is called as the model that ships: its id stands for that one elsewhere.
    const named = path.join(parent, 'Earmark Mini');
    cpSync(folder, named, { recursive: true });
    expect(earmark('models', 'import', named).stdout).toMatch(
      `Use it with --models ${named} --model earmark-mini. Without --models, "earmark-mini" is the model in ${packFolder}.`,
    );
    rmSync(named, { recursive: true });
    const captioned = caption('--json');
    expect(captioned).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(captioned.stdout)).toMatchObject({
      model: 'my-ultravox',
      runs: [
        { strategy: 'none', tokens: { valid: 26, kept: 26 } },
        { strategy: 'segmentwise', tokens: { valid: 26, kept: 6 } },
      ],
    });
  });

  it('prints JSON, and so does the list, with what the model needs in memory and time', () => {
    const { status, stdout, stderr } = earmark('models', 'import', folder, '--json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const imported = JSON.parse(stdout) as { memoryBytes: number };
    expect(imported).toEqual({
      modelId: 'my-ultravox',
      folder,
      found: [expect.any(String), expect.any(String), expect.any(String)],
      notes: [expect.stringContaining('logits of every position')],
      memoryBytes: expect.any(Number) as number,
      times: expect.objectContaining({ encodeSeconds: expect.any(Number) as number }) as object,
    });
    const [listed] = JSON.parse(earmark('models', '--models', parent, '--json').stdout) as ModelInfo[];
    expect(listed).toMatchObject({ modelId: 'my-ultravox', folder, memoryBytes: imported.memoryBytes });
    // The process; float32 graphs, twice; attention of 2 heads; keys and values of 188 + 100 positions in 2 layers.
    const { files } = JSON.parse(readFileSync(at('pack.json'), 'utf8')) as Pick<Pack, 'files'>;
    const weights = files.filter((file) => file.path.endsWith('.onnx')).reduce((sum, { bytes }) => sum + bytes, 0);
    const attention = 3 * 2 * 1500 * 1500 * 4;
    expect(imported.memoryBytes).toBe(150e6 + 2 * weights + attention + 2 * 2 * 2 * 16 * 4 * 288);
    expect(listed!.times!.quarter.prefillSeconds).toBeLessThan(listed!.times!.all.prefillSeconds);
  });

  it('asks for one of several precisions, with their sizes', () => {
    for (const graph of graphs) {
      copyFileSync(at(`onnx/${graph}.onnx`), at(`onnx/${graph}_q4.onnx`));
    }
    const unnamed = earmark('models', 'import', folder);
    expect(unnamed.stderr).toMatch(
      /There are several precisions: fp32 \(819\.\d kB\), q4 \(819\.\d kB\)\. Choose one with --precision\./,
    );
    expect(unnamed).toMatchObject({ status: 2, stdout: '' });
    expect(earmark('models', 'import', folder, '--precision', 'q4').stdout).toMatch(/Ultravox in q4/);
    expect(earmark('models', 'import', folder, '--precision', 'fp16').stderr).toMatch(
      /There is no precision fp16, but fp32/,
    );
  });

  it.each<[string, () => void, number, RegExp]>([
    [
      'no configuration',
      () => {
        rmSync(at('config.json'));
      },
      4,
      /My Ultravox is no whole export .*: config\.json is missing\. Choose the folder that holds config\.json and onnx/,
    ],
    [
      'an unknown class',
      () => {
        editJson(at('config.json'), (json) => ({ ...json, model_type: 'gemma3n' }));
      },
      4,
      /of the class "gemma3n", which can not be imported\. Choose a model of one of the classes ultravox, voxtral, granite_speech, whisper/,
    ],
    [
      'half a model',
      () => {
        renameSync(at('onnx/embed_tokens.onnx'), at('onnx/embed_tokens_q4.onnx'));
        rmSync(at('onnx/decoder_model_merged.onnx'));
      },
      4,
      /onnx\/audio_encoder is there in fp32; onnx\/embed_tokens is there in q4; onnx\/decoder_model_merged is missing\./,
    ],
    [
      'no folder',
      () => {
        rmSync(folder, { recursive: true });
      },
      4,
      /There is no folder .*My Ultravox\./,
    ],
  ])('says what is wrong with %s, and writes nothing', (_, damage, status, message) => {
    damage();
    const files = (): string[] => readdirSync(parent, { recursive: true, encoding: 'utf8' });
    const before = files();
    const ended = earmark('models', 'import', folder);
    expect(ended.stderr).toMatch(message);
    expect(ended).toMatchObject({ status, stdout: '' });
    expect(files()).toEqual(before);
  });

  it.runIf(process.platform !== 'win32')('says that it may not write into the folder', () => {
    chmodSync(folder, 0o555);
    // The rights of a file do not bind root, unless it gives that up.
    const bound = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : [];
    const ended = earmarkUnder(bound, 'models', 'import', folder);
    chmodSync(folder, 0o755);
    expect(ended.stderr).toMatch(
      /My Ultravox can not be written: you do not have the right to \(EACCES\)\. An import writes/,
    );
    expect(ended).toMatchObject({ status: 5, stdout: '' });
  });

  it.runIf(process.platform !== 'win32')('says that there is no room, and leaves nothing behind', () => {
    // The shell's limit on the size of a file, in blocks of 512 bytes, fails as a full disk does.
    const ended = earmarkUnder(['sh', '-c', 'ulimit -f 100; exec "$@"', 'sh'], 'models', 'import', folder);
    expect(ended.stderr).toMatch(/There is no room left for .*My Ultravox \(EFBIG\)\. An import writes pack\.json and/);
    expect(ended).toMatchObject({ status: 5, stdout: '' });
    expect(readdirSync(folder).filter((name) => /pack|earmark/.test(name))).toEqual([]);
  });

  it('does without attention that it does not find: what needs none captions, the rest says why not', () => {
    editJson(at('config.json'), (json) => ({
      ...json,
      audio_config: { num_hidden_layers: 9, num_attention_heads: 2 },
    }));
    const { status, stdout, stderr } = earmark('models', 'import', folder);
    expect(status).toBe(0);
    expect(stderr).toMatch(/No attention of layer 9 .* only strategies that need no scores can be used\./);
    expect(stdout).not.toMatch(/can be read/);
    const captioned = caption('--strategy', 'none,random,uniform,divprune', '--json');
    expect(captioned).toMatchObject({ status: 0, stderr: '' });
    const { runs } = JSON.parse(captioned.stdout) as { runs: { strategy: string; tokens: { kept: number } }[] };
    expect(runs.map(({ strategy, tokens }) => [strategy, tokens.kept])).toEqual([
      ['none', 26],
      ['random', 6],
      ['uniform', 6],
      ['divprune', 6],
    ]);
    const refused = caption('--strategy', 'segmentwise');
    expect(refused.stderr).toMatch(
      /Segmentwise Top-K needs the encoder's attention, which can not be read in the model/,
    );
    expect(refused).toMatchObject({ status: 4, stdout: '' });
  });

  it('has nothing to do for an Earmark pack', () => {
    const { status, stdout, stderr } = earmark('models', 'import', packFolder);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/Earmark mini, an Earmark pack, which needs no import\./);
  });

  it('says that a model does not fit into the memory, before it is loaded', () => {
    earmark('models', 'import', folder);
    editJson(at('pack.json'), (pack) => ({ ...pack, parts: { decoder: { parameters: 1, memoryBytes: 9e14 } } }));
    const listed = earmark('models', '--models', parent);
    expect(listed.stderr).toMatch(
      /my-ultravox does not fit: it needs about 900000\.2\d GB of memory, and .* GB are free/,
    );
    expect(listed.stdout).toMatch(/my-ultravox +\d\.\d MB +900000\.2\d GB/);
    const [json] = JSON.parse(earmark('models', '--models', parent, '--json').stdout) as { memoryProblem?: string }[];
    expect(json!.memoryProblem).toMatch(/^It needs about 900000\.2\d GB of memory, and this computer has .* GB\.$/);
    const refused = caption();
    expect(refused.stderr).toMatch(
      /The model "my-ultravox" needs about 900000\.2\d GB of memory, and .* GB are free\./,
    );
    expect(refused).toMatchObject({ status: 4, stdout: '' });
  });
});
