import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryNeeded } from '../../src/engine/model/needs';
import { readPack, type CrossAttentionPack, type Pack, type PrefixPack } from '../../src/engine/model/pack';
import { runTimes } from '../../src/engine/model/run-times';
import { loadRuntime } from '../../src/engine/model/runtime';
import { measureSpeed } from '../../src/engine/model/speed';
import type { RunTimes } from '../../src/protocol/model';
import { sizeWords } from '../../src/report/numbers';
import { timeSentence } from '../../src/report/time-words';
import { packFolder } from './default-model';

describe('time that a model takes', async () => {
  const shipped = (await readPack(packFolder)) as PrefixPack;
  const speed = { productsPerSecond: { 32: 50e9, 8: 40e9, 4: 30e9 }, bytesPerSecond: 10e9 };
  const part = (parameters: number, memoryBytes: number) => ({ parameters, memoryBytes });
  /** Qwen2-Audio-7B in `int4`, by its published configuration. */
  const large: PrefixPack = {
    ...shipped,
    encoder: { ...shipped.encoder, layers: 32, heads: 20, width: 1280 },
    decoder: { ...shipped.decoder, layers: 32, kvHeads: 32, headDim: 128, width: 4096 },
    precision: { encoder: 'stored as float16; runs in float32', adapter: 'float32', decoder: '4-bit weights' },
    parts: {
      encoder: part(637e6, 2.55e9),
      adapter: part(5.2e6, 21e6),
      embeddings: part(639e6, 1.28e9),
      decoder: part(7.08e9, 4.42e9),
    },
    files: [],
  };
  const cross: CrossAttentionPack = {
    ...shipped,
    family: 'cross-attention',
    encoder: { ...shipped.encoder, positionsPerToken: 1, width: 512 },
    cross: { file: 'cross.onnx', input: '', key: '', value: '', paddingTokens: 150 },
    decoder: { ...shipped.decoder, layers: 6, kvHeads: 8, headDim: 64, inputIds: '' },
    prompt: { startTokens: [1, 2, 3, 4], suppress: [], suppressFirst: [] },
    precision: { decoder: 'fp32' },
    parts: { encoder: part(20e6, 80e6), decoder: part(50e6, 200e6) },
  };

  const close = (found: RunTimes, wanted: RunTimes): void => {
    const numbers = ({ encodeSeconds, all, quarter }: RunTimes): number[] => [
      encodeSeconds,
      all.prefillSeconds,
      all.secondsPerToken,
      quarter.prefillSeconds,
      quarter.secondsPerToken,
    ];
    numbers(found).forEach((value, i) => {
      expect(value).toBeCloseTo(numbers(wanted)[i]!, 9);
    });
  };

  it('is that of its multiplications, and of reading weights and cache, in a language model', () => {
    close(runTimes(large, speed), {
      encodeSeconds: (1500 * 637e6 + 32 * 2 * 1500 * 1500 * 1280) / 50e9,
      all: {
        prefillSeconds: (750 * 5.2e6 + 32 * 800 * 800 * 4096) / 50e9 + (800 * 7.08e9) / 30e9,
        secondsPerToken: (4.42e9 + 20 * 2 * 32 * 32 * 128 * 850 * 4) / 10e9,
      },
      quarter: {
        prefillSeconds: (187 * 5.2e6 + 32 * 237 * 237 * 4096) / 50e9 + (237 * 7.08e9) / 30e9,
        secondsPerToken: (4.42e9 + 20 * 2 * 32 * 32 * 128 * 287 * 4) / 10e9,
      },
    });
  });

  it('is that of projecting tokens, and of reading what they became, in a decoder with cross-attention', () => {
    const readWith = (heard: number) => ({
      prefillSeconds: (heard * 2 * 6 * 512 * 512 + 4 * 50e6) / 50e9,
      secondsPerToken: (200e6 + 2 * 6 * 512 * heard * 4 + 20 * 2 * 6 * 512 * 100 * 4) / 10e9,
    });
    close(runTimes(cross, speed), {
      encodeSeconds: (1500 * 20e6 + 6 * 2 * 1500 * 1500 * 512) / 50e9,
      all: readWith(1500 + 150),
      quarter: readWith(375 + 150),
    });
  });

  it('is no longer with fewer tokens, and no longer on a faster machine', () => {
    const rate = fc.double({ min: 1e8, max: 1e13, noNaN: true });
    const factor = fc.double({ min: 1, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom<Pack>(shipped, large, cross), rate, rate, factor, (pack, products, bytes, faster) => {
        const at = (times: number): RunTimes =>
          runTimes(pack, {
            productsPerSecond: { 32: products * times, 8: products * times, 4: products * times },
            bytesPerSecond: bytes * times,
          });
        const slow = at(1);
        const fast = at(faster);
        expect(slow.quarter.prefillSeconds).toBeLessThan(slow.all.prefillSeconds);
        expect(slow.quarter.secondsPerToken).toBeLessThan(slow.all.secondsPerToken);
        expect(fast.encodeSeconds).toBeLessThanOrEqual(slow.encodeSeconds);
        expect(fast.all.prefillSeconds).toBeLessThanOrEqual(slow.all.prefillSeconds);
        expect(fast.quarter.secondsPerToken).toBeLessThanOrEqual(slow.quarter.secondsPerToken);
      }),
    );
  });

  it('is said in a sentence, as docs/models.md has it of Qwen2-Audio', () => {
    const documented = { productsPerSecond: { 32: 91e9, 8: 97e9, 4: 84e9 }, bytesPerSecond: 13.4e9 };
    expect(timeSentence(runTimes(large, documented))).toBe(
      'A window of sound takes about 13 s to encode, 68 s to prefill (20 s with a quarter of its tokens) and 1.7 s ' +
        'for each token of the answer (0.78 s).',
    );
    expect(sizeWords(memoryNeeded(large))).toBe('9.85 GB');
    expect(timeSentence(undefined)).toBe('');
  });

  it('comes from a speed that is measured', async () => {
    const { productsPerSecond, bytesPerSecond } = await measureSpeed(await loadRuntime(0));
    // From a busy old computer to a large server.
    for (const rate of [...Object.values(productsPerSecond), bytesPerSecond]) {
      expect(rate).toBeGreaterThan(1e8);
      expect(rate).toBeLessThan(1e14);
    }
  });
});
