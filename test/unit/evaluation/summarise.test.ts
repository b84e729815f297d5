import { mersenne } from 'pure-rand/generator/mersenne';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { describe, expect, it } from 'vitest';
import { summarise } from '../../../src/evaluation/summarise';
import { bootstrapMean, bootstrapStatistic, pairedDifference } from '../metrics/bootstrap';
import { ciderD } from '../../../src/metrics/cider-d';
import { tokenise } from '../../../src/metrics/tokenise';
import type { Expected } from '../../../src/datasets/dataset';
import type { RowResult } from '../../../src/protocol/evaluation';
import { referenceScores } from '../metrics/reference';
import { doneRow, manifestOf, problemRow, resultOf, setting, type RowParts } from './evaluations';

const none = setting('none', 1);
const half = setting('segmentwise', 0.5);
const captions = (...references: string[]): Expected => ({ kind: 'captions', references });
const transcript = (text: string): Expected => ({ kind: 'transcript', text });
const timed = (prefillMs: number, more: Partial<RowResult> = {}): RowParts => ({
  result: { ...more, times: { ...resultOf('').times, prefillMs } },
});

describe('the same values as the Python packages on whole sets', () => {
  const generator = mersenne(7);
  const between = (low: number, high: number): number => uniformInt(generator, low, high);
  const words = 'a the dog barks rain falls on roof man speaks while bird chirps'.split(' ');
  const caption = (): string =>
    Array.from({ length: between(3, 9) }, () => words[between(0, words.length - 1)]).join(' ');
  const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
  const sets = times(20, () =>
    times(between(2, 12), () => ({ candidate: caption(), references: times(between(1, 5), caption) })),
  );
  const reference = referenceScores({
    captions: sets,
    transcripts: sets.map((set) =>
      set.map(({ candidate, references }) => ({ hypothesis: candidate, reference: references[0]! })),
    ),
    texts: [],
    answers: [],
  });

  it('CIDEr-D, BLEU and ROUGE-L of pycocoevalcap', () => {
    sets.forEach((set, i) => {
      const rows = set.map(({ candidate, references }, item) =>
        doneRow(String(item), 0, captions(...references), candidate),
      );
      const { values } = summarise({ manifest: manifestOf([none], set.length), rows }).settings[0]!;
      const { ciderD: cider, bleu, rougeL } = reference.captions[i]!;
      expect(values['cider-d']!.value).toBeCloseTo(cider[0], 9);
      expect(values['rouge-l']!.value).toBeCloseTo(rougeL[0], 9);
      bleu[0].forEach((value, n) => {
        expect(values[`bleu-${String(n + 1)}`]!.value).toBeCloseTo(value, 9);
      });
    });
  });

  it('WER and CER of jiwer', () => {
    sets.forEach((set, i) => {
      const rows = set.map(({ candidate, references }, item) =>
        doneRow(String(item), 0, transcript(references[0]!), candidate),
      );
      const { values } = summarise({ manifest: manifestOf([none], set.length), rows }).settings[0]!;
      expect(values.wer!.value).toBeCloseTo(reference.transcripts[i]!.wer[0], 9);
      expect(values.cer!.value).toBeCloseTo(reference.transcripts[i]!.cer[0], 9);
    });
  });
});

describe('captions', () => {
  it('have no CIDEr-D where there is one item only, whatever the settings', () => {
    const rows = [doneRow('a', 0, captions('a dog barks'), 'a dog barks'), doneRow('a', 1, captions('a dog'), 'a dog')];
    const { metrics, settings, rows: scored } = summarise({ manifest: manifestOf([none, half], 1), rows });
    expect(metrics.map(({ name }) => name)).not.toContain('cider-d');
    expect(settings[0]!.values['rouge-l']!.value).toBeCloseTo(1);
    expect(scored[0]!.scores).not.toHaveProperty('cider-d');
  });

  it('are measured by one table of frequencies, also under a setting where items failed', () => {
    const references = ['a dog barks loudly', 'rain falls on a roof', 'a man speaks to a dog'];
    const all = references.map((each) => captions(each));
    const texts = ['a dog barks', 'rain falls', 'a man speaks'];
    const rows = [
      ...all.map((expected, i) => doneRow(String(i), 0, expected, texts[i]!)),
      ...all.slice(0, 2).map((expected, i) => doneRow(String(i), 1, expected, texts[i]!)),
      problemRow('2', 1, all[2]!, 'failed'),
    ];
    const { settings } = summarise({ manifest: manifestOf([none, half], 3), rows });
    const { items } = ciderD(
      references.map((each, i) => ({ candidate: tokenise(texts[i]!), references: [tokenise(each)] })),
    );
    expect(settings[1]!.values['cider-d']!.value).toBeCloseTo((items[0]! + items[1]!) / 2, 12);
    // The same texts on the same items: no difference, although the baseline has an item more.
    expect(settings[1]!.differences['cider-d']!.value).toBe(0);
    expect(settings[0]!.values['cider-d']!.items).toBe(3);
  });
});

describe('intervals and differences', () => {
  const shares = [0.1, 0.4, 0.2, 0.9, 0.7];
  const pruned = [0.3, 0.3, 0.1, 0.5, 0.6];
  // ROUGE-L, transcripts and times are whatever they are; imported scores are the numbers wanted.
  const scores = {
    name: 'scores.csv',
    metrics: ['SPICE'],
    rows: [...shares, ...pruned].map((value, i) => ({
      place: `row ${String(i + 1)}`,
      id: String(i % 5),
      strategy: i < 5 ? 'none' : 'segmentwise',
      keep: i < 5 ? 1 : 0.5,
      scores: { SPICE: value },
    })),
  };
  const rows = [0, 1].flatMap((place) =>
    shares.map((_, i) =>
      doneRow(String(i), place, transcript('x y'), 'x', timed(40 * (i + 1) * (place === 0 ? 2 : 1))),
    ),
  );
  const { settings, baseline, metrics } = summarise({ manifest: manifestOf([none, half], 5), rows }, [scores]);

  it('are those of the bootstrap over clips', () => {
    const { value, low, high } = bootstrapMean(pruned);
    const spice = settings[1]!.values.spice!;
    expect(spice.value).toBeCloseTo(value, 12);
    expect(spice.low).toBeCloseTo(low, 12);
    expect(spice.high).toBeCloseTo(high, 12);
    expect(spice.items).toBe(5);
  });

  it('draw a clip with all of its items', () => {
    // Clips of one, two and three items.
    const clipOf = [0, 1, 1, 2, 2, 2];
    const prefills = [30, 10, 20, 70, 50, 60];
    const said = ['x y', 'x', 'y', 'x y', 'z', 'x'];
    const several = [0, 1].flatMap((place) =>
      clipOf.map((clip, i) => ({
        ...doneRow(String(i), place, transcript('x y'), said[(i + place) % 6]!, timed(prefills[i]! * (2 - place))),
        audio: `${String(clip)}.wav`,
      })),
    );
    const { settings: found } = summarise({ manifest: manifestOf([none, half], 6), rows: several });
    const drawnItems = (clips: Uint32Array): number[] =>
      Array.from(clips).flatMap((clip) => clipOf.flatMap((of, item) => (of === clip ? [item] : [])));
    const wrong = (place: number, item: number): number =>
      ({ 'x y': 0, 'x': 1, 'y': 1, 'z': 2 })[said[(item + place) % 6]!]! / 2;
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const median = (values: number[]): number => {
      const sorted = values.sort((a, b) => a - b);
      return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
    };
    const wer = bootstrapStatistic(3, (clips) => mean(drawnItems(clips).map((item) => wrong(1, item))));
    const less = bootstrapStatistic(3, (clips) =>
      mean(drawnItems(clips).map((item) => wrong(1, item) - wrong(0, item))),
    );
    const prefill = bootstrapStatistic(3, (clips) => median(drawnItems(clips).map((item) => prefills[item]!)));
    for (const [expected, actual] of [
      [wer, found[1]!.values.wer!],
      [less, found[1]!.differences.wer!],
      [prefill, found[1]!.values['prefill-ms']!],
    ] as const) {
      expect(actual.value).toBeCloseTo(expected.value, 12);
      expect(actual.low).toBeCloseTo(expected.low, 12);
      expect(actual.high).toBeCloseTo(expected.high, 12);
    }
    expect(found[1]!.values.wer!.items).toBe(6);
  });

  it('are paired with the unpruned run', () => {
    expect(baseline).toBe(0);
    const expected = pairedDifference(pruned, shares);
    const found = settings[1]!.differences.spice!;
    expect(found.value).toBeCloseTo(expected.value, 12);
    expect(found.low).toBeCloseTo(expected.low, 12);
    expect(found.high).toBeCloseTo(expected.high, 12);
    expect(found.p).toBeCloseTo(expected.p, 2);
    expect(settings[0]!.differences).toEqual({});
  });

  it('of times are of medians', () => {
    const prefills = [40, 80, 120, 160, 200];
    const middle = (indices: Uint32Array): number => Array.from(indices, (i) => prefills[i]!).sort((a, b) => a - b)[2]!;
    expect(settings[1]!.values['prefill-ms']).toEqual({ ...bootstrapStatistic(5, middle), items: 5 });
    expect(settings[1]!.values['speed-up']).toEqual({ value: 2, low: 2, high: 2, items: 5 });
    expect(settings[1]!.differences['prefill-ms']!.value).toBe(-120);
  });

  it('say where a metric is from', () => {
    expect(metrics.find(({ name }) => name === 'spice')).toEqual({
      name: 'spice',
      label: 'SPICE',
      kind: 'quality',
      better: 'higher',
      description: 'imported from scores.csv',
    });
  });

  it('are of what both have', () => {
    const without = rows.filter(({ item, setting: place }) => !(place === 0 && item === '4'));
    const { settings: some } = summarise({ manifest: manifestOf([none, half], 5), rows: without });
    expect(some[1]!.values['prefill-ms']!.value).toBe(120);
    // Medians of four: (80 + 120) / 2 against twice that.
    expect(some[1]!.differences['prefill-ms']!.value).toBe(-100);
    expect(some[1]!.values['speed-up']!.items).toBe(4);
  });
});

describe('transcripts', () => {
  it('are the quoted words of an answer that quotes', () => {
    const rows = [
      doneRow('a', 0, transcript('PRESS SIX TO PLAY'), 'A woman says, "Press 6 to play", then a dog barks.'),
      doneRow('b', 0, transcript('a man said go and left'), 'A man said, "Go and left"'),
    ];
    const { rows: scored } = summarise({ manifest: manifestOf([none], 2), rows });
    expect(scored.map(({ scores }) => scores.wer)).toEqual([0, 0]);
  });

  it('are summed over the set before they are divided', () => {
    const rows = [doneRow('a', 0, transcript('one'), 'x'), doneRow('b', 0, transcript('a b c'), 'a b c')];
    expect(summarise({ manifest: manifestOf([none], 2), rows }).settings[0]!.values.wer!.value).toBe(0.25);
  });

  it('without a word have no rate of their own', () => {
    const rows = [doneRow('a', 0, transcript(''), 'x'), doneRow('b', 0, transcript('b'), 'b')];
    const { rows: scored, settings } = summarise({ manifest: manifestOf([none], 2), rows });
    expect(scored[0]!.scores).not.toHaveProperty('wer');
    expect(settings[0]!.values.wer!.value).toBe(1);
    expect(Number.isFinite(settings[0]!.values.wer!.high)).toBe(true);
  });
});

describe('answers', () => {
  const choice: Expected = { kind: 'choice', answer: 'a dog barks', choices: ['rain falls', 'a dog barks'] };

  it('with choices count by the official rule and by the stricter one, letters as their choices', () => {
    const rows = ['(B)', 'The answer is rain falls', 'a dog barks', 'barks dog a'].map((text, i) =>
      doneRow(String(i), 0, choice, text),
    );
    const { rows: scored, settings } = summarise({ manifest: manifestOf([none], 4), rows });
    expect(scored.map(({ scores }) => scores.mmau)).toEqual([1, 0, 1, 1]);
    expect(scored.map(({ scores }) => scores['mmau-one-choice'])).toEqual([1, 0, 1, 0]);
    expect(settings[0]!.values.mmau!.value).toBe(0.75);
  });

  it('of several people count by how many agree, and by what most say', () => {
    const said = (...answers: string[]): Expected => ({ kind: 'answers', answers });
    const rows = [
      doneRow('a', 0, said('yes', 'yes', 'no'), 'Yes, there is.'),
      doneRow('b', 0, said('dog', 'cat', 'bird'), 'A dog.'),
      doneRow('c', 0, said('no', 'no', 'no'), 'Yes'),
    ];
    const { settings, rows: scored } = summarise({ manifest: manifestOf([none], 3), rows });
    expect(scored.map(({ scores }) => scores['answer-accuracy'])).toEqual([2 / 3, 1 / 3, 0]);
    expect(settings[0]!.values['answer-accuracy']!.value).toBeCloseTo(1 / 3);
    expect(settings[0]!.values['answer-majority']).toMatchObject({ value: 0.5, items: 2 });
  });
});

it('event recall is the share of the time that kept tokens cover', () => {
  // Half a second a token. Tokens 2 and 3 cover 1 to 2 s of the first event, 0.5 to 2.5 s; nothing of the second.
  const events = [
    { start: 0.5, end: 2.5, what: 'bark' },
    { start: 3, end: 3.5, what: 'horn' },
    { start: 11, end: 12, what: 'after the end' },
  ];
  const rows = [
    doneRow('a', 0, captions('x'), 'x', { events, result: { kept: [2, 3] } }),
    doneRow('b', 0, captions('x'), 'x', { events: events.slice(0, 1), result: { kept: [1, 2, 3, 4] } }),
  ];
  const { settings, rows: scored } = summarise({ manifest: manifestOf([none], 2), rows });
  expect(scored.map(({ scores }) => scores['event-recall'])).toEqual([0.25, 1]);
  expect(scored.map(({ scores }) => scores['events-missed'])).toEqual([0.5, 0]);
  // Over events: (0.5 + 0 + 1) / 3.
  expect(settings[0]!.values['event-recall']!.value).toBeCloseTo(0.5);
  expect(settings[0]!.values['events-missed']!.value).toBeCloseTo(1 / 3);
});

it('event recall knows when a token is in windows that are no whole number of them', () => {
  // 30 s are 187.5 tokens of 160 ms: each window has 188, and the last of them ends with it.
  const model = { ...manifestOf([none], 1).model, secondsPerToken: 0.16, windowSeconds: 30 };
  const tokens = (first: number, count: number) => Array.from({ length: count }, (_, i) => 19 * 188 + first + i);
  const events = [
    { start: 570, end: 570.96, what: 'bark' },
    { start: 599.92, end: 600, what: 'horn' },
    { start: 599.95, end: 599.95, what: 'click' },
  ];
  const result = { durationSeconds: 600, kept: [...tokens(0, 3), ...tokens(187, 1)] };
  const rows = [doneRow('a', 0, captions('x'), 'x', { events, result })];
  const { rows: scored } = summarise({ manifest: manifestOf([none], 1, { model }), rows });
  expect(scored[0]!.scores['event-recall']).toBeCloseTo((0.5 + 1 + 1) / 3);
});

it('costs', () => {
  const rows = [doneRow('a', 0, captions('x'), 'x', timed(80)), doneRow('a', 1, captions('x'), 'x', timed(40))];
  const { settings } = summarise({ manifest: manifestOf([none, half], 1), rows });
  const values = Object.fromEntries(Object.entries(settings[1]!.values).map(([name, { value }]) => [name, value]));
  expect(values).toMatchObject({
    'kept-share': 50,
    'select-ms': 0.5,
    'prefill-ms': 40,
    'decode-ms-per-token': 8,
    'total-ms': 120,
    'kv-mb': 1,
    'speed-up': 2,
    'bound': 1.5,
  });
  expect(settings[1]!.keptShare).toBe(0.5);
});

it('groups have values of their own; an item in several counts in each', () => {
  const choice = (answer: string): Expected => ({ kind: 'choice', answer, choices: ['rain', 'wind'] });
  const rows = [
    doneRow('a', 0, choice('rain'), 'rain', { groups: { category: ['sound'] } }),
    doneRow('b', 0, choice('rain'), 'wind', { groups: { category: ['sound', 'music'] } }),
    doneRow('c', 0, choice('wind'), 'wind', { groups: { category: ['music'], difficulty: ['hard'] } }),
    doneRow('d', 0, choice('wind'), 'wind', { groups: { category: ['music'] } }),
  ];
  const { groups, settings } = summarise({ manifest: manifestOf([none], 4), rows });
  expect(groups).toEqual({ category: ['sound', 'music'], difficulty: ['hard'] });
  const { byGroup } = settings[0]!;
  expect(byGroup.category!.sound!.mmau).toMatchObject({ value: 0.5, items: 2, low: 0, high: 1 });
  expect(byGroup.category!.music!.mmau!.value).toBeCloseTo(2 / 3);
  expect(byGroup.difficulty!.hard!.mmau).toEqual({ value: 1, low: 1, high: 1, items: 1 });
});

it('rows that came to nothing are counted and left out; the last of the same row counts', () => {
  const expected = transcript('a b');
  const rows = [
    problemRow('a', 0, expected, 'failed'),
    doneRow('a', 0, expected, 'a b'),
    problemRow('b', 0, expected, 'missing'),
    problemRow('c', 0, expected, 'invalid'),
    problemRow('d', 0, expected, 'failed'),
  ];
  const { counts, settings, rows: all } = summarise({ manifest: manifestOf([none, half], 5), rows });
  expect(counts).toEqual({ items: 5, planned: 10, done: 1, missing: 1, invalid: 1, failed: 1 });
  expect(settings.map(({ done }) => done)).toEqual([1, 0]);
  expect(settings[0]!.values.wer).toEqual({ value: 0, low: 0, high: 0, items: 1 });
  expect(settings[1]!.values).toEqual({});
  expect(all).toHaveLength(4);
});

it('nothing at all is an evaluation as well', () => {
  const { metrics, settings, counts } = summarise({ manifest: manifestOf([none], 3), rows: [] });
  expect(metrics).toEqual([]);
  expect(settings[0]!.values).toEqual({});
  expect(counts.done).toBe(0);
});

it('labels tell settings apart, but for the keep ratio', () => {
  const labels = (...settings: Parameters<typeof manifestOf>[0]) =>
    summarise({ manifest: manifestOf(settings, 1), rows: [] }).settings.map(({ label }) => label);
  expect(labels(none, half, setting('segmentwise', 0.25))).toEqual([
    'All tokens',
    'Segmentwise Top-K, 10 segments',
    'Segmentwise Top-K, 10 segments',
  ]);
  expect(labels(half, setting('segmentwise', 0.5, { headReduce: 3, parameters: { segments: 5 } }))).toEqual([
    'Segmentwise Top-K, 10 segments, mean of heads',
    'Segmentwise Top-K, 5 segments, head 3',
  ]);
  const seeded = (seed: number) => setting('random', 0.5, { parameters: { seed } });
  expect(labels(seeded(1), seeded(2))).toEqual(['Random, seed 1', 'Random, seed 2']);
  expect(labels(setting('of-tomorrow', 0.5))).toEqual(['of-tomorrow']);
});
