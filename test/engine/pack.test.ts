import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findPacks } from '../../src/engine/model/find-packs';
import { readPack, verifyPack } from '../../src/engine/model/pack';
import { packFolder } from './default-model';

describe('a model pack', () => {
  let parent: string;
  let folder: string;

  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'earmark-pack-'));
    folder = path.join(parent, 'broken');
    // Links to the real files, so that one can be replaced without copying the rest.
    linkFiles(folder);
  });

  afterEach(() => {
    rmSync(parent, { recursive: true });
  });

  it('verifies as it ships', async () => {
    await expect(verifyPack(packFolder, await readPack(packFolder))).resolves.toBeUndefined();
  });

  it('stays small enough to ship, and every file small enough for a git host', async () => {
    const { files } = await readPack(packFolder);
    expect(Math.max(...files.map((file) => file.bytes))).toBeLessThan(95e6);
    expect(files.reduce((sum, file) => sum + file.bytes, 0)).toBeLessThan(110e6);
    const listed = files.map((file) => file.path);
    expect(
      readdirSync(packFolder)
        .filter((name) => !listed.includes(name))
        .sort(),
    ).toEqual(['README.md', 'pack.json'].sort());
  });

  it('names a missing file', async () => {
    rmSync(path.join(folder, 'adapter.onnx'));
    await expect(verifyPack(folder, await readPack(folder))).rejects.toThrow(/lacks its file adapter\.onnx/);
  });

  it('names a damaged file with the expected and the found hash', async () => {
    const file = path.join(folder, 'adapter.onnx');
    rmSync(file);
    copyFileSync(path.join(packFolder, 'adapter.onnx'), file);
    appendFileSync(file, 'x');
    const { files } = await readPack(folder);
    const expected = files.find((entry) => entry.path === 'adapter.onnx')!.sha256;
    await expect(verifyPack(folder, await readPack(folder))).rejects.toThrow(
      new RegExp(`adapter\\.onnx.*expected.*${expected}.*found.*[0-9a-f]{64}`),
    );
  });

  it('names the field that is wrong in pack.json', async () => {
    const pack = JSON.parse(readFileSync(path.join(packFolder, 'pack.json'), 'utf8')) as {
      encoder: { heads: unknown };
    };
    pack.encoder.heads = 'eight';
    replacePackJson(JSON.stringify(pack));
    await expect(readPack(folder)).rejects.toThrow(/\/encoder\/heads must be integer/);
  });

  it.each([
    ['prefix', /\/ must have required property 'embeddings'/],
    ['cross-attention', /must have required property 'cross'.*\/prompt must have required property 'startTokens'/],
    ['diffusion', /value of tag "family" must be in oneOf/],
  ])('of the family %s has the parts of that family', async (family, problem) => {
    const pack = JSON.parse(readFileSync(path.join(packFolder, 'pack.json'), 'utf8')) as object;
    replacePackJson(JSON.stringify({ ...pack, family, embeddings: undefined }));
    await expect(readPack(folder)).rejects.toThrow(problem);
  });

  it.each(['../encoder.onnx', '/encoder.onnx', 'C:\\encoder.onnx', 'onnx//encoder.onnx', 'nul'])(
    'has no file named %j',
    async (name) => {
      const pack = shippedPack();
      const [first, ...others] = pack.files;
      replacePackJson(JSON.stringify({ ...pack, files: [{ ...first, path: name }, ...others] }));
      await expect(readPack(folder)).rejects.toMatchObject({
        code: 'model-invalid',
        message: expect.stringContaining(
          `/files/0/path must be the name of a file below the folder, not ${JSON.stringify(name)}`,
        ) as string,
      });
    },
  );

  it.each([
    ['frontEnd', 'file'],
    ['encoder', 'file'],
    ['adapter', 'file'],
    ['embeddings', 'file'],
    ['cross', 'file'],
    ['decoder', 'file'],
    ['tokenizer', 'file'],
    ['tokenizer', 'config'],
  ])('lists the file that %s.%s names', async (part, field) => {
    const pack = part === 'cross' ? crossAttentionPack() : shippedPack();
    replacePackJson(JSON.stringify(pack));
    await expect(readPack(folder)).resolves.toMatchObject({ id: 'earmark-mini' });
    replacePackJson(JSON.stringify({ ...pack, [part]: { ...pack[part], [field]: 'other.onnx' } }));
    await expect(readPack(folder)).rejects.toMatchObject({
      code: 'model-invalid',
      message: expect.stringContaining(`/${part}/${field} must be one of files, not "other.onnx"`) as string,
    });
  });

  it('says that pack.json is no JSON', async () => {
    replacePackJson('{');
    await expect(readPack(folder)).rejects.toThrow(/is not JSON/);
  });

  it('is listed with its problem where it can not be read', async () => {
    replacePackJson('{}');
    const packs = await findPacks([parent, path.join(parent, 'does-not-exist')]);
    expect(packs).toHaveLength(1);
    expect(packs[0]!.info.problem).toMatch(/does not describe a model pack/);
  });

  it('of an id is found in the first folder that has it', async () => {
    const packs = await findPacks([parent, path.dirname(packFolder)]);
    expect(packs.filter(({ info }) => info.modelId === 'earmark-mini')).toHaveLength(1);
    expect(packs.find(({ info }) => info.modelId === 'earmark-mini')!.folder).toBe(folder);
  });

  function shippedPack(): Record<string, object> & { readonly files: readonly object[] } {
    return JSON.parse(readFileSync(path.join(packFolder, 'pack.json'), 'utf8')) as ReturnType<typeof shippedPack>;
  }

  /** The same, said to be of the other family. */
  function crossAttentionPack(): ReturnType<typeof shippedPack> {
    const pack = shippedPack();
    return Object.assign(pack, {
      family: 'cross-attention',
      cross: { ...pack['adapter'], key: '{layer}', value: '{layer}', paddingTokens: 0 },
      decoder: { ...pack['decoder'], inputIds: 'input_ids' },
      prompt: { startTokens: [1], suppress: [], suppressFirst: [] },
    });
  }

  function linkFiles(target: string): void {
    mkdirSync(target);
    for (const name of readdirSync(packFolder)) {
      symlinkSync(path.join(packFolder, name), path.join(target, name));
    }
  }

  function replacePackJson(text: string): void {
    const file = path.join(folder, 'pack.json');
    rmSync(file);
    writeFileSync(file, text);
  }
});
