import { describe, expect, it } from 'vitest';
import { memoryNeeded, requireMemory } from '../../src/engine/model/needs';
import { readPack } from '../../src/engine/model/pack';
import { packFolder } from './default-model';

describe('memory that a model needs', async () => {
  const pack = await readPack(packFolder);
  /** 30 layers, 3 heads of 64, float32, 750 tokens of audio and 100 of text. */
  const cache = 2 * 30 * 3 * 64 * 4 * 850;

  it('is that of its files and of keys and values', () => {
    const files = pack.files.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(memoryNeeded(pack)).toBe(files + cache);
  });

  it('is that of its parts where the pack names them', () => {
    const parts = { encoder: { parameters: 1, memoryBytes: 2e9 }, decoder: { parameters: 1, memoryBytes: 5e9 } };
    expect(memoryNeeded({ ...pack, parts })).toBe(7e9 + cache);
  });

  it('is twice that of float16 weights, which run as float32', () => {
    const files = [{ path: 'decoder.onnx', bytes: 3e9, sha256: '' }];
    expect(memoryNeeded({ ...pack, files, precision: { decoder: 'fp16' } })).toBe(6e9 + cache);
    expect(memoryNeeded({ ...pack, files, precision: { decoder: 'q4' } })).toBe(3e9 + cache);
  });

  it('is said where it is not free', () => {
    const large = { ...pack, parts: { decoder: { parameters: 1, memoryBytes: 8e9 } } };
    expect(() => {
      requireMemory(large, 4e9);
    }).toThrow('The model "earmark-mini" needs about 8.04 GB of memory, and 4.00 GB are free.');
    expect(() => {
      requireMemory(pack, 4e9);
    }).not.toThrow();
  });
});
