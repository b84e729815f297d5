import Papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import { predictionsFor } from '../../../src/datasets/predictions';

const rows = [
  { id: 'a', audio_id: 'a.wav', question: '?', choices: ['x', 'y'], answer: 'x', extra: [1] },
  { id: 'b', audio_id: 'b.wav', question: '?', choices: ['x', 'y'], answer: 'y' },
];
const predictions = [{ id: 'b', text: 'It is "y"' }];

describe('predictionsFor', () => {
  it('adds both names to the rows of MMAU', () => {
    const written = predictionsFor('mmau')!(predictions, JSON.stringify(rows));
    expect(JSON.parse(written)).toEqual([
      rows[0],
      { ...rows[1], model_output: 'It is "y"', model_prediction: 'It is "y"' },
    ]);
  });

  it('keeps the lines of MMAR, and replaces a prediction that was there', () => {
    const source = rows.map(({ audio_id, ...row }) => ({ ...row, audio_path: audio_id, answer_prediction: 'old' }));
    const lines = source.map((row) => JSON.stringify(row)).join('\n');
    const expected = [source[0], { ...source[1], answer_prediction: 'It is "y"' }];
    const written = predictionsFor('mmar')!(predictions, lines);
    expect(
      written
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(expected);
    expect(JSON.parse(predictionsFor('mmar')!(predictions, JSON.stringify(source)))).toEqual(expected);
  });

  it('tells rows of the same id apart', () => {
    const written = predictionsFor('mmau')!([{ id: 'a', text: 'x' }], JSON.stringify([rows[0], rows[0]]));
    expect(JSON.parse(written)).toEqual([expect.objectContaining({ model_output: 'x' }), rows[0]]);
  });

  it("writes Clotho's captions on a line each, with names to the letter", () => {
    const written = predictionsFor('clotho')!(
      [
        { id: 'a, b.wav', text: ' Rain\nfalls, "hard" ' },
        { id: '-c.wav', text: '=x' },
      ],
      '',
    );
    expect(written).toBe('file_name,caption_predicted\n"a, b.wav","Rain falls, ""hard"""\n-c.wav,=x\n');
    expect(Papa.parse(written.trimEnd()).errors).toEqual([]);
  });

  it('knows of no scorer for others', () => {
    expect(predictionsFor('audiocaps')).toBeUndefined();
    expect(predictionsFor('earmark')).toBeUndefined();
  });
});
