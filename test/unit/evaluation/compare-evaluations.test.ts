import { describe, expect, it } from 'vitest';
import { compareEvaluations } from '../../../src/evaluation/compare-evaluations';
import { pairedDifference } from '../metrics/bootstrap';
import type { Expected } from '../../../src/datasets/dataset';
import { doneRow, manifestOf, problemRow, resultOf, setting } from './evaluations';

const none = setting('none', 1);
const half = setting('segmentwise', 0.5);
const choice: Expected = { kind: 'choice', answer: 'rain', choices: ['rain', 'wind'] };
const manifest = manifestOf([none, half], 4);

describe('two evaluations', () => {
  const a = {
    manifest,
    rows: [
      ...['rain', 'wind', 'rain'].map((text, i) => doneRow(String(i), 0, choice, text)),
      ...['rain', 'rain', 'wind'].map((text, i) => doneRow(String(i), 1, choice, text)),
      doneRow('only a', 1, choice, 'rain'),
    ],
  };
  const b = {
    manifest: manifestOf([setting('top-k', 0.5), { ...half, budgetScope: 'window' as const }], 4, {
      earmark: '0.2.0',
      model: { ...manifest.model, fingerprint: 'another' },
    }),
    rows: [
      ...['rain', 'wind.', 'rain'].map((text, i) => doneRow(String(i), 1, choice, text)),
      problemRow('only b', 0, choice, 'failed'),
    ],
  };
  const comparison = compareEvaluations(a, b);

  it('differ in how they were made', () => {
    expect(comparison.made).toEqual([
      { what: 'fingerprint of the model', a: 'f1', b: 'another' },
      { what: 'version of Earmark', a: '0.1.0', b: '0.2.0' },
    ]);
  });

  it('are joined by settings and items, and the rest is named', () => {
    expect(comparison.settings.map(({ label, keepRatio, items }) => [label, keepRatio, items])).toEqual([
      ['Segmentwise Top-K, 10 segments', 0.5, 3],
    ]);
    expect(comparison.settingsOnly).toEqual({ a: ['All tokens at 1'], b: ['Top-K at 0.5'] });
    expect(comparison.itemsOnly).toEqual({ a: ['only a'], b: ['only b'] });
  });

  it('have paired differences, b less a', () => {
    const { p, ...interval } = pairedDifference([1, 0, 1], [1, 1, 0]);
    const found = comparison.settings[0]!.differences.mmau!;
    expect(found).toMatchObject({ value: interval.value, low: interval.low, high: interval.high });
    expect(found.p).toBeCloseTo(p, 2);
    expect(comparison.settings[0]!.changedTexts).toBe(2);
  });

  it('show what changed most first, both texts side by side', () => {
    expect(comparison.rows.map(({ item, texts }) => [item, texts.a, texts.b])).toEqual([
      ['1', 'rain', 'wind.'],
      ['2', 'wind', 'rain'],
      ['0', 'rain', 'rain'],
    ]);
    expect(comparison.rows[0]!.scores).toMatchObject({ a: { mmau: 1 }, b: { mmau: 0 } });
  });

  it('that are one and the same differ in nothing', () => {
    const same = compareEvaluations(a, a);
    expect(same.made).toEqual([]);
    expect(same.settings.flatMap(({ differences }) => Object.values(differences).map(({ value }) => value))).toEqual(
      expect.arrayContaining([0]),
    );
    expect(same.settings.every(({ changedTexts }) => changedTexts === 0)).toBe(true);
    expect(same.itemsOnly).toEqual({ a: [], b: [] });
  });
});

it('each speed-up is against its own unpruned run', () => {
  const at = (prefillMs: number) => ({ result: { times: { ...resultOf('').times, prefillMs } } });
  const evaluation = (whole: number, pruned: number) => ({
    manifest,
    rows: [doneRow('x', 0, choice, 'rain', at(whole)), doneRow('x', 1, choice, 'rain', at(pruned))],
  });
  const { settings } = compareEvaluations(evaluation(100, 50), evaluation(300, 100));
  expect(settings[1]!.differences['speed-up']!.value).toBe(1);
  expect(settings[1]!.differences['prefill-ms']!.value).toBe(50);
});
