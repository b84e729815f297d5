import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPack, verifyPack } from '../../../src/engine/model/pack';
import { importFolder } from '../../../src/import/import-folder';
import type { FileProgress } from '../../../src/protocol/file-progress';

const source = path.join(import.meta.dirname, '..', '..', 'reference', 'transformers-js', 'ultravox');

describe('a folder that is imported', () => {
  let parent: string;
  let folder: string;
  const files = (): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'earmark-import-'));
    folder = path.join(parent, 'ultravox');
    cpSync(source, folder, { recursive: true });
  });
  afterEach(() => {
    rmSync(parent, { recursive: true });
  });

  it('is read to its end, which is told', async () => {
    const told: FileProgress[] = [];
    await importFolder(folder, { onProgress: (progress) => told.push(progress) });
    const { files: listed } = await readPack(folder);
    const total = listed.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(told.at(-1)).toMatchObject({ file: 'earmark-features.onnx', done: total, total });
    expect(told.map(({ file }) => file)).toContain('onnx/decoder_model_merged.onnx');
    expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).sort((a, b) => a - b));
  });

  it('is left as it was by a cancel, and as it was before a second import', async () => {
    const cancel = (): Promise<unknown> => {
      const controller = new AbortController();
      return importFolder(folder, {
        signal: controller.signal,
        onProgress: ({ file }) => {
          if (file.startsWith('onnx/')) {
            controller.abort();
          }
        },
      });
    };
    const before = files();
    await expect(cancel()).rejects.toThrow(/abort/);
    expect(files()).toEqual(before);
    await importFolder(folder);
    const imported = files();
    await expect(cancel()).rejects.toThrow(/abort/);
    expect(files()).toEqual(imported);
    await verifyPack(folder, await readPack(folder));
  });

  it('may be one of links, as the cache of a hub is', async () => {
    const blobs = path.join(parent, 'blobs');
    renameSync(folder, blobs);
    cpSync(source, folder, { recursive: true, filter: (file) => !/\.\w+$/.test(path.basename(file)) });
    for (const name of readdirSync(blobs, { recursive: true, encoding: 'utf8' })) {
      if (/\.\w+$/.test(name)) {
        symlinkSync(path.join(blobs, name), path.join(folder, name));
      }
    }
    expect((await importFolder(folder)).modelId).toBe('ultravox');
    await verifyPack(folder, await readPack(folder));
  });

  it('is not taken for a pack where a file of an earlier import is gone', async () => {
    await importFolder(folder);
    rmSync(path.join(folder, 'onnx', 'embed_tokens.onnx'));
    await expect(importFolder(folder)).rejects.toThrow(/embed_tokens is missing/);
  });
});
