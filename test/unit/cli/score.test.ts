import { Command } from 'commander';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { readItemFile } from '../../../src/cli/item-file';
import { readFrequencies, registerScore, scoreFile, type ScoreOptions } from '../../../src/cli/score';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const score = (items: unknown, options: Partial<ScoreOptions> = {}) =>
  scoreFile(readItemFile(bytes(items)), { normalizer: 'english', ...options });

const captions = [
  {
    id: 'man.wav',
    candidate: 'A man is speaking.',
    references: ['A man speaks.', 'Someone speaks', 'a man is speaking, while a bird is chirping in the background'],
  },
  { id: 2, candidate: 'rain falls', references: ['Rain is falling hard on a surface!'] },
];
const answers = [
  { id: 'a', answer: 'Rain', prediction: 'rain', choices: ['Rain', 'The wind'], category: 'sound', difficulty: 'easy' },
  {
    id: 'b',
    answer: 'Rain',
    model_output: 'The answer is rain',
    choices: ['Rain', 'The wind'],
    category: ['sound', 'speech'],
    difficulty: 'hard',
  },
];

describe('scoreFile', () => {
  it('scores captions, by default by the metrics of captions', () => {
    const { corpus, items } = score(captions);
    expect(Object.keys(corpus)).toEqual(['cider-d', 'bleu-1', 'bleu-2', 'bleu-3', 'bleu-4', 'rouge-l']);
    expect(corpus['cider-d']).toBeCloseTo(0.9614, 4);
    expect(corpus['bleu-1']).toBeCloseTo(0.4278, 4);
    expect(items.map(({ id }) => id)).toEqual(['man.wav', '2']);
    expect(items[0]!['cider-d']).toBeCloseTo(1.3641, 4);
  });

  it('scores transcripts against the closest reference, normalised', () => {
    const transcripts = [
      { id: 'a', candidate: 'Twenty one birds', references: ['some birds', '21 birds!'] },
      { id: 'b', candidate: 'a b c', references: ['a x c d'] },
    ];
    expect(score(transcripts, { metrics: ['wer'] }).corpus).toEqual({ wer: 2 / 6 });
    const items = score(transcripts, { metrics: ['wer'], normalizer: 'none' }).items;
    expect(items.map(({ wer }) => wer)).toEqual([1, 0.5]);
    expect(score(transcripts, { metrics: ['cer'] }).items[0]).toEqual({ id: 'a', cer: 0 });
  });

  it('gives no error rate where a reference has no word', () => {
    const transcripts = [
      { id: 'a', candidate: 'a dog', references: ['[laughter]'] },
      { id: 'b', candidate: 'a dog', references: ['a dog'] },
    ];
    expect(score(transcripts, { metrics: ['wer'] })).toMatchObject({
      corpus: { wer: 1 },
      items: [{ id: 'a' }, { id: 'b', wer: 0 }],
    });
    expect(score(transcripts.slice(0, 1), { metrics: ['wer'] })).toEqual({ corpus: {}, items: [{ id: 'a' }] });
  });

  it('scores answers, also by category and difficulty', () => {
    const { corpus, items, groups } = score(answers);
    expect(corpus).toEqual({ 'mmau': 0.5, 'mmau-one-choice': 1 });
    expect(items[1]).toEqual({ 'id': 'b', 'mmau': 0, 'mmau-one-choice': 1 });
    expect(groups?.mmau?.category?.sound).toEqual({ correct: 1, total: 2, accuracy: 0.5 });
    expect(groups?.mmau?.category?.speech).toEqual({ correct: 0, total: 1, accuracy: 0 });
    expect(groups?.mmau?.difficulty?.easy?.accuracy).toBe(1);
  });

  it('takes document frequencies from a file', () => {
    const frequencies = readFrequencies(bytes({ name: 'x', documents: 10, counts: { a: 5 } }));
    expect(score(captions.slice(0, 1)).corpus['cider-d']).toBe(0);
    expect(score(captions.slice(0, 1), { frequencies }).corpus['cider-d']).toBeGreaterThan(1);
    for (const bad of [null, [], {}, { documents: 0, counts: {} }, { documents: 2, counts: { a: 'x' } }]) {
      expect(() => readFrequencies(bytes(bad))).toThrow(/document frequencies/);
    }
  });

  it('refuses metrics of another kind of items', () => {
    expect(() => score(answers, { metrics: ['wer'] })).toThrow(/"wer" does not score/);
    expect(() => score(captions, { metrics: ['mmau'] })).toThrow(/"mmau" does not score/);
  });
});

describe('readItemFile', () => {
  const item = { id: 'a', candidate: 'x', references: ['x'] };
  it.each<[string, unknown, RegExp]>([
    ['a document', { items: [item] }, /nothing to score/],
    ['nothing', [], /nothing to score/],
    ['a text in the list', ['x'], /Item 0 is no object/],
    ['no id', [{ candidate: 'x', references: ['x'] }], /Item 0 is no object with an "id"/],
    ['an id twice', [item, item], /Two items have the id "a"/],
    [
      'a number and a text of the same id',
      [
        { ...item, id: 1 },
        { ...item, id: '1' },
      ],
      /id "1"/,
    ],
    ['no candidate', [{ id: 'a', references: ['x'] }], /Item "a" has no text "candidate"/],
    ['no references', [{ id: 'a', candidate: 'x' }], /no list of texts "references"/],
    ['an empty list of references', [{ ...item, references: [] }], /Item "a" has no references/],
    ['a reference that is an object', [{ ...item, references: [{}] }], /no list of texts "references"/],
    ['an answer that is no choice', [{ ...answers[0], answer: 'snow' }], /"snow", is not among its choices/],
    ['no prediction at all', [{ ...answers[0], prediction: null }], /No item has a prediction/],
    ['mixed kinds', [answers[0], item], /Item "a"|id "a"/],
  ])('refuses %s', (_, value, message) => {
    expect(() => readItemFile(bytes(value))).toThrow(message);
    expect(() => readItemFile(bytes(value))).toThrow(expect.objectContaining({ code: 'settings-invalid' }) as Error);
  });

  it('refuses what is no JSON, or not in UTF-8', () => {
    expect(() => readItemFile(new TextEncoder().encode('id,candidate'))).toThrow(/not JSON/);
    expect(() => readItemFile(Buffer.from('\ufeff[]', 'utf16le'))).toThrow(/not UTF-8/);
  });

  it('reads JSON lines, numbers as answers, and the first prediction that is a text, as benchmarks have them', () => {
    const rows = [
      { id: 'a', answer: 2, choices: [1, 2], prediction: null, model_output: '2' },
      { id: 'b', answer: 'x', choices: ['x', 'y'] },
    ];
    const lines = rows.map((row) => JSON.stringify(row)).join('\r\n');
    const file = readItemFile(new TextEncoder().encode(lines));
    expect(file.items).toMatchObject([
      { answer: '2', choices: ['1', '2'], prediction: '2' },
      { id: 'b', prediction: '' },
    ]);
    expect(scoreFile(file, { normalizer: 'english' }).corpus).toEqual({ 'mmau': 0.5, 'mmau-one-choice': 0.5 });
    expect(() => readItemFile(new TextEncoder().encode(`${lines}\n{"id": "c", `))).toThrow(/Line 3/);
  });

  it('passes over a byte order mark and takes an empty candidate', () => {
    const text = `\ufeff${JSON.stringify([{ ...item, candidate: '' }])}`;
    expect(readItemFile(new TextEncoder().encode(text)).items).toHaveLength(1);
  });
});

describe('earmark score', () => {
  const folder = mkdtempSync(join(tmpdir(), 'earmark-score-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'items.json');
  writeFileSync(file, JSON.stringify(captions));

  async function run(...given: string[]): Promise<string> {
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    registerScore(program);
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      await program.parseAsync(['score', ...given], { from: 'user' });
      return write.mock.calls.map(([text]) => String(text)).join('');
    } finally {
      write.mockRestore();
    }
  }

  it('writes JSON', async () => {
    const result = JSON.parse(await run('--metrics', 'rouge-l, wer', file)) as ReturnType<typeof score>;
    expect(Object.keys(result.corpus)).toEqual(['rouge-l', 'wer']);
    expect(result.items).toHaveLength(2);
  });

  it('says of which items there is no error rate, also where there is none at all', async () => {
    const wordless = join(folder, 'wordless.json');
    writeFileSync(wordless, JSON.stringify([{ id: 'a', candidate: 'a dog', references: ['[laughter]'] }]));
    const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      expect(JSON.parse(await run('--metrics', 'rouge-l,wer', wordless))).toMatchObject({ corpus: { 'rouge-l': 0 } });
      expect(told).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('No error rate of "a"'));
    } finally {
      told.mockRestore();
    }
  });

  it('says what is wrong with options and files', async () => {
    await expect(run('--metrics', 'spice', file)).rejects.toThrow(/"spice" is none of cider-d/);
    await expect(run('--normalizer', 'german', file)).rejects.toThrow(/Allowed choices/);
    await expect(run(join(folder, 'none.json'))).rejects.toThrow(/can not be read/);
  });
});
