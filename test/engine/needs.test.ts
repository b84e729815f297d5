import { describe, expect, it } from 'vitest';
import { memoryNeeded, requireMemory, requireMemoryToTrace } from '../../src/engine/model/needs';
import { readPack } from '../../src/engine/model/pack';
import { weightsOf } from '../../src/engine/model/weights';
import { packFolder } from './default-model';

const file = (path: string, bytes: number) => ({ path, bytes, sha256: '' });

describe('memory that a model needs', async () => {
  /** Without what it says of its own weights. */
  const shipped = { ...(await readPack(packFolder)), parts: {}, precision: {} };
  /** Three matrices of 8 heads by 1500 by 1500 positions; 30 layers, 3 heads of 64, 750 tokens of audio and 100 of text. */
  const process = 150e6;
  const attention = 3 * 8 * 1500 * 1500 * 4;
  const cache = 2 * 30 * 3 * 64 * 4 * 850;
  const base = process + attention + cache;
  const pack = {
    ...shipped,
    precision: {
      features: 'float64 spectrum, float32 output',
      encoder: 'stored as 8-bit blocks of 64 and float16; runs in float32',
      adapter: 'stored as float16; runs in float32',
      embeddings: '8-bit in blocks of 64',
      decoder: '8-bit weights in blocks of 64, float32 elsewhere',
    },
    files: [
      file('features.onnx', 1e6),
      file('encoder.onnx', 8.5e6),
      file('adapter.onnx', 2e6),
      file('embeddings.onnx', 850),
      file('decoder.onnx', 850),
      file('decoder.onnx.data', 60e6),
      file('decoder.onnx.data_1', 25e6),
      file('tokenizer.json', 5e6),
    ],
  };

  it('tells parameters by size and precision, and what they take as they run', () => {
    expect(Object.fromEntries(weightsOf(pack))).toEqual({
      // Float32.
      features: { parameters: 250_000, memoryBytes: 1e6, inGraphBytes: 1e6, bits: 32 },
      // Stored as blocks of 8 bits and as float16, and float32 when they run.
      encoder: { parameters: 8e6, memoryBytes: 32e6, inGraphBytes: 32e6, bits: 32 },
      adapter: { parameters: 1e6, memoryBytes: 4e6, inGraphBytes: 4e6, bits: 32 },
      // Blocks of 8 bits.
      embeddings: { parameters: 800, memoryBytes: 850, inGraphBytes: 850, bits: 8 },
      decoder: { parameters: 80_000_800, memoryBytes: 85_000_850, inGraphBytes: 850, bits: 8 },
    });
  });

  it.each([
    ['fp32', 250e6, 1e9, 32],
    ['fp16', 500e6, 2e9, 32],
    ['int8', 1e9 / 1.0625, 1e9, 8],
    ['quantized', 1e9 / 1.0625, 1e9, 8],
    ['q4', 1e9 / 0.5625, 1e9, 4],
    ['q4f16', 1e9 / 0.5625, 1e9, 4],
    ['bnb4', 1e9 / 0.5625, 1e9, 4],
  ])('knows what exports in %s hold', (precision, parameters, memoryBytes, bits) => {
    const files = [file('decoder.onnx', 0), file('decoder.onnx_data', 1e9)];
    const { decoder } = Object.fromEntries(weightsOf({ ...shipped, files, precision: { decoder: precision } }));
    expect(decoder!.parameters).toBeCloseTo(parameters, 3);
    expect(decoder).toMatchObject({ memoryBytes, bits, inGraphBytes: 0 });
  });

  it('is that of process, weights, encoder and cache; what a graph holds itself is there twice', () => {
    expect(memoryNeeded(pack)).toBe(base + 2 * (1e6 + 32e6 + 4e6 + 850) + 85_000_850 + 850);
  });

  it('is that of its parts where the pack names them', () => {
    const parts = { encoder: { parameters: 1, memoryBytes: 2e9 }, decoder: { parameters: 1, memoryBytes: 5e9 } };
    const files = [file('encoder.onnx.data', 1e9), file('decoder.onnx.data', 5e9)];
    expect(memoryNeeded({ ...pack, files, parts })).toBe(base + 7e9);
  });

  it('is said where it is not free', () => {
    const large = { ...pack, parts: { decoder: { parameters: 1, memoryBytes: 8e9 } } };
    expect(() => {
      requireMemory(large, 4e9);
    }).toThrow('The model "earmark-mini" needs about 8.48 GB of memory, and 4.00 GB are free.');
    expect(() => {
      requireMemory(pack, 4e9);
    }).not.toThrow();
    expect(() => {
      requireMemoryToTrace(large, 4e9);
    }).toThrow(/^Tracing, which loads the decoder of "earmark-mini" once more, needs about 8\.0\d GB of memory/);
    expect(() => {
      requireMemoryToTrace(pack, 4e9);
    }).not.toThrow();
  });
});
