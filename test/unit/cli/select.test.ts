import { Command } from 'commander';
import { zipSync } from 'fflate';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { readScoreFile } from '../../../src/cli/score-file';
import { registerSelect, selectFrom, type SelectOptions } from '../../../src/cli/select';
import { listedStrategies, registerStrategies, strategiesText } from '../../../src/cli/strategies';
import { strategies } from '../../../src/pruning/registry';

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const options = (given: Partial<SelectOptions> = {}): SelectOptions => ({
  strategy: 'segmentwise',
  budget: 'exact',
  set: {},
  ...given,
});

/** A .npy file as numpy's format description (version 1.0) has it, written out here. */
function npy(type: string, shape: readonly number[], data: ArrayBufferView, fortran = false): Uint8Array {
  const shapeText = shape.length === 1 ? `(${shape.join()},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '${type}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shapeText}, }`;
  const padded = `${dictionary.padEnd(Math.ceil((11 + dictionary.length) / 64) * 64 - 11)}\n`;
  const length = [padded.length & 255, padded.length >> 8];
  const magic = [0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, ...length];
  return Uint8Array.from([
    ...magic,
    ...new TextEncoder().encode(padded),
    ...new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ]);
}

const npz = (arrays: Readonly<Record<string, Uint8Array>>): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(arrays).map(([name, bytes]) => [`${name}.npy`, bytes])));

const refused = (text: string | RegExp): unknown =>
  expect.objectContaining({ code: 'settings-invalid', message: expect.stringMatching(text) as string });

describe('readScoreFile: JSON', () => {
  it('reads scores, tokens and keys', () => {
    const { scores, tokens, keys } = readScoreFile(
      json({
        scores: [1, 2],
        tokens: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        keys: null,
        other: 'ignored',
      }),
    );
    expect([...scores]).toEqual([1, 2]);
    expect(tokens).toEqual({ data: Float32Array.of(1, 2, 3, 4, 5, 6), rows: 2, columns: 3 });
    expect(keys).toBeUndefined();
  });

  it.each([
    ['{"scores": [NaN]}', /neither JSON nor \.npz/],
    ['', /neither JSON nor \.npz/],
    ['[1, 2]', /not an object with "scores"/],
    ['{}', /"scores" is not a list of numbers/],
    ['{"scores": [1, null]}', /"scores" holds null at place 1/],
    ['{"scores": [1], "tokens": 3}', /"tokens" is not a list of rows/],
    ['{"scores": [1, 2], "tokens": [1, 2]}', /"tokens\[0\]" is not a list of numbers/],
    ['{"scores": [1, 2], "tokens": [[1, 2], [3]]}', /Row 1 of "tokens" has 1 values, row 0 has 2/],
    ['{"scores": [1, 2], "keys": [[1], ["2"]]}', /"keys\[1\]" holds "2" at place 0/],
  ])('refuses %s', (text, message) => {
    expect(() => readScoreFile(new TextEncoder().encode(text))).toThrow(refused(message));
  });
});

describe('readScoreFile: .npz', () => {
  const scores = npy('<f4', [3], Float32Array.of(1, 2.5, -3));

  it('reads 16, 32 and 64 bit floats and whole numbers', () => {
    // 1.5 and -2 in half precision.
    const half = npy('<f2', [3, 1], Uint16Array.of(0x3e00, 0xc000, 0));
    const { tokens, keys, ...rest } = readScoreFile(
      npz({ scores, tokens: half, keys: npy('<i8', [3, 2], BigInt64Array.of(1n, -2n, 3n, 4n, 5n, 6n)) }),
    );
    expect([...rest.scores]).toEqual([1, 2.5, -3]);
    expect(tokens).toEqual({ data: Float32Array.of(1.5, -2, 0), rows: 3, columns: 1 });
    expect(keys).toEqual({ data: Float32Array.of(1, -2, 3, 4, 5, 6), rows: 3, columns: 2 });
    for (const [type, data] of [
      ['<f8', Float64Array.of(1, 0, 7)],
      ['|u1', Uint8Array.of(1, 0, 7)],
      ['<i2', Int16Array.of(1, 0, 7)],
      ['<u4', Uint32Array.of(1, 0, 7)],
    ] as const) {
      expect([...readScoreFile(npz({ scores: npy(type, [3], data) })).scores]).toEqual([1, 0, 7]);
    }
  });

  it('refuses what it can not read, by name', () => {
    const matrix = Float32Array.of(1, 2, 3, 4, 5, 6);
    const read = (arrays: Readonly<Record<string, Uint8Array>>) => () => readScoreFile(npz(arrays));
    expect(read({ tokens: scores })).toThrow(refused('no array named "scores"'));
    expect(read({ scores: npy('<f4', [3, 2], matrix) })).toThrow(refused('"scores" has 2 dimensions instead of 1'));
    expect(read({ scores, tokens: scores })).toThrow(refused('"tokens" has 1 dimensions instead of 2'));
    expect(read({ scores, tokens: npy('<f4', [3, 2], matrix, true) })).toThrow(refused('Fortran order'));
    expect(read({ scores: npy('<f4', [4], Float32Array.of(1, 2, 3)) })).toThrow(refused('cut off: 3 values'));
    expect(read({ scores: npy('>f4', [3], Float32Array.of(1, 2, 3)) })).toThrow(refused('"scores" can not be read'));
    expect(read({ scores: npy('<c8', [1], Float32Array.of(1, 2)) })).toThrow(refused('values of type c8'));
    expect(read({ scores: npy('|b1', [1], Uint8Array.of(1)) })).toThrow(refused('values of type b1'));
    expect(read({ scores: Uint8Array.of(1, 2, 3) })).toThrow(refused('"scores" can not be read'));
    expect(() => readScoreFile(npz({ scores }).slice(0, 60))).toThrow(refused('damaged'));
  });
});

describe('selectFrom', () => {
  const scores = Float32Array.of(1, 9, 2, 8, 3, 7);

  it('keeps a share or a number of tokens', () => {
    expect(selectFrom({ scores }, options({ strategy: 'top-k', keep: 0.5 }))).toEqual({
      strategy: 'top-k',
      tokens: 6,
      asked: 3,
      kept: [1, 3, 5],
      groups: [[1], [3], [5]],
      weights: [[1], [1], [1]],
    });
    for (let count = 1; count <= 6; count++) {
      expect(selectFrom({ scores }, options({ strategy: 'top-k', tokens: count })).kept).toHaveLength(count);
    }
  });

  it('says what is wrong with scores as a fault of what was given', () => {
    for (const given of [[], [1, NaN, 2, 3]]) {
      const select = (): unknown => selectFrom({ scores: Float32Array.from(given) }, options({ strategy: 'top-k' }));
      expect(select).toThrow(refused(/no tokens|score/i));
    }
  });

  it('keeps any number of any number of tokens exactly', () => {
    for (const n of [3, 7, 49, 750, 1500]) {
      const many = new Float32Array(n);
      for (let count = 1; count <= n; count++) {
        expect(selectFrom({ scores: many }, options({ strategy: 'uniform', tokens: count })).asked).toBe(count);
      }
    }
  });

  it('takes segments and other parameters, --segments before --set', () => {
    expect(selectFrom({ scores }, options({ tokens: 2, segments: 2, set: { segments: 1 } })).kept).toEqual([1, 3]);
    expect(selectFrom({ scores }, options({ tokens: 2, set: { segments: 1 } })).kept).toEqual([1, 3]);
    expect(selectFrom({ scores }, options({ tokens: 3, segments: 2, budget: 'paper' })).kept).toEqual([1, 3]);
  });

  it.each([
    [{ keep: 0 }, 'A keep ratio of 0 is not possible'],
    [{ keep: NaN }, 'A keep ratio of NaN'],
    [{ keep: 1.5 }, 'A keep ratio of 1.5'],
    [{ tokens: 0 }, '0 of 6 tokens can not be kept'],
    [{ tokens: 7 }, '7 of 6 tokens can not be kept'],
    [{ tokens: 1.5 }, '1.5 of 6 tokens'],
    [{ keep: 0.5, tokens: 3 }, 'Both a keep ratio and a number of tokens'],
    [{ segments: 7 }, 'There are 6 tokens, too few for 7 segments'],
    [{ set: { segments: 8 } }, 'too few for 8 segments'],
    [{ segments: 0 }, 'Segments can not be 0'],
    [{ strategy: 'best' }, 'There is no strategy named "best"'],
    [{ strategy: 'divprune' }, "DivPrune needs the encoder's tokens"],
  ])('refuses %o', (given, message) => {
    expect(() => selectFrom({ scores }, options(given))).toThrow(refused(message));
  });

  it.each([
    ['visionzip', {}, 'keys'],
    ['divprune', { keys: { data: new Float32Array(6), rows: 6, columns: 1 } }, 'tokens'],
  ])('says what the file lacks for %s', (strategy, given, lacks) => {
    expect(() => selectFrom({ scores, ...given }, options({ strategy }))).toThrow(
      expect.objectContaining({
        code: 'settings-invalid',
        message: expect.stringContaining(`${lacks}, which the file does not hold.`) as string,
        action: expect.stringContaining(`"${lacks}" to it, one row for each score`) as string,
      }),
    );
  });

  it('refuses an empty clip and scores that are not numbers', () => {
    expect(() => selectFrom({ scores: new Float32Array() }, options())).toThrow('There are no tokens');
    expect(() => selectFrom({ scores: new Float32Array() }, options({ tokens: 3 }))).toThrow('can not be kept');
    expect(() => selectFrom({ scores: Float32Array.of(1, Infinity) }, options())).toThrow('The score of token 1');
  });

  it('gives every strategy on the same tokens', () => {
    const tokens = { data: Float32Array.from({ length: 12 }, (_, i) => i % 5), rows: 6, columns: 2 };
    for (const { name } of strategies) {
      const { kept, groups } = selectFrom({ scores, tokens, keys: tokens }, options({ strategy: name, keep: 0.5 }));
      expect(kept).toEqual([...groups.flat()].sort((a, b) => a - b));
    }
  });
});

describe('the commands', () => {
  const folder = mkdtempSync(join(tmpdir(), 'earmark-select-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  async function output(...args: string[]): Promise<string> {
    const program = new Command('earmark').exitOverride().configureOutput({ writeErr: () => undefined });
    registerSelect(program);
    registerStrategies(program);
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      await program.parseAsync(args, { from: 'user' });
      return write.mock.calls.map(([text]) => String(text)).join('');
    } finally {
      write.mockRestore();
    }
  }

  it('select prints JSON', async () => {
    const file = join(folder, 'scores.json');
    writeFileSync(file, json({ scores: [1, 9, 2, 8, 3, 7] }));
    const text = await output('select', '--input', file, '--keep', '0.34', '--segments', '2');
    expect(JSON.parse(text)).toMatchObject({ strategy: 'segmentwise', asked: 2, kept: [1, 3] });
    expect(
      JSON.parse(await output('select', '--input', file, '--strategy', 'random', '--set', 'seed=3')),
    ).toMatchObject({
      kept: [expect.any(Number)],
    });
  });

  it('select says what is wrong', async () => {
    await expect(output('select', '--input', join(folder, 'none.json'))).rejects.toThrow(
      refused('none.json" can not be read'),
    );
    await expect(output('select', '--input', 'x', '--keep', 'half')).rejects.toThrow('"half" is not a number');
    await expect(output('select', '--input', 'x', '--budget', 'some')).rejects.toThrow('Choose exact or paper');
    await expect(output('select', '--input', 'x', '--set', 'sead=1')).rejects.toThrow(
      'No strategy has a parameter named "sead"',
    );
  });

  it('strategies prints a table or JSON', async () => {
    expect(await output('strategies')).toBe(`${strategiesText()}\n`);
    expect(JSON.parse(await output('strategies', '--json'))).toEqual(listedStrategies());
    const text = strategiesText();
    for (const { name, label, parameters } of strategies) {
      expect(text).toContain(`${name} `);
      expect(text).toContain(label);
      parameters.forEach((parameter) => expect(text).toContain(parameter.description));
    }
    expect(listedStrategies()).toContainEqual(
      expect.objectContaining({ name: 'change-point', needs: ['scores', 'tokens'], published: null }),
    );
  });
});
