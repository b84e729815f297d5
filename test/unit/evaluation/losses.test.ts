import { describe, expect, it } from 'vitest';
import { lossesOf } from '../../../scripts/benchmark/losses';
import type { Expected } from '../../../src/datasets/dataset';
import { summarise } from '../../../src/evaluation/summarise';
import { doneRow, manifestOf, setting } from './evaluations';

const transcript = (text: string): Expected => ({ kind: 'transcript', text });

describe('where segmentwise loses', () => {
  const settings = [
    setting('none', 1),
    setting('segmentwise', 0.5),
    setting('uniform', 0.5),
    setting('random', 0.5),
    setting('bottom-k', 0.5),
    setting('segmentwise', 0.1),
    setting('uniform', 0.1),
  ];
  // A long transcript and seven of one word: errors over all words are no mean of the items' rates.
  const transcripts = ['a b c d e f g h i j', 'k', 'l', 'm', 'n', 'o', 'p', 'q'];
  const said = (place: number, item: number): string => {
    const { strategy } = settings[place]!;
    const nothingRight = strategy === 'bottom-k' || (strategy === 'segmentwise' && item % 2 === 0);
    return nothingRight ? 'z' : transcripts[item]!;
  };
  const rows = settings.flatMap((_, place) =>
    transcripts.map((text, item) => doneRow(String(item), place, transcript(text), said(place, item))),
  );
  const evaluation = { manifest: manifestOf(settings, transcripts.length), rows };
  const { metrics } = summarise(evaluation);
  const [header, table] = lossesOf(
    evaluation,
    metrics.filter(({ name }) => name === 'wer'),
  );

  it('tells at each keep ratio who is better, by the metric over all items, and how many are worse', () => {
    expect(header.slice(0, 4)).toEqual(['metric', 'keep', 'items', 'better than segmentwise, by']);
    // Wrong with segmentwise: the long one, and three of seven words: 13 of 17.
    expect(table).toEqual([
      ['WER', '50 %', '8', 'Uniform (-0.765), Random (-0.765)', '1', '0'],
      ['WER', '10 %', '8', 'Uniform (-0.765)', '0', '0'],
    ]);
  });
});
