import { describe, expect, it } from 'vitest';
import { joinImportedScores, readImportedScores } from '../../../src/evaluation/imported-scores';
import { manifestOf, setting } from './evaluations';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const manifest = manifestOf(
  [setting('none', 1), setting('segmentwise', 0.25), setting('segmentwise', 0.25, { parameters: { segments: 5 } })],
  2,
);
const items = new Set(['a, b', 'c']);
const read = (text: string) => readImportedScores('scores.csv', bytes(text));
const join = (text: string, taken: string[] = []) => joinImportedScores(read(text), manifest, items, new Set(taken));

describe('imported scores', () => {
  it('are read from CSV, with segments where they are needed and gaps', () => {
    const csv =
      '\ufeffid,strategy,keep,segments,SPICE,FENSE\r\n"a, b",none,1,,0.1,0.5\r\nc,segmentwise,0.25,5,,0.25\r\n';
    const { metrics, scoreOf } = join(csv);
    expect(metrics.map(({ name, label }) => [name, label])).toEqual([
      ['spice', 'SPICE'],
      ['fense', 'FENSE'],
    ]);
    expect(scoreOf('spice', 0, 'a, b')).toBe(0.1);
    expect(scoreOf('fense', 2, 'c')).toBe(0.25);
    expect(scoreOf('spice', 2, 'c')).toBeUndefined();
    expect(scoreOf('spice', 1, 'c')).toBeUndefined();
  });

  it('are read whatever their lines end in', () => {
    expect(join('id,strategy,keep,SPICE\r\nc,none,1,0.1\n"a, b",none,1,0.2\n').scoreOf('spice', 0, 'a, b')).toBe(0.2);
  });

  it('never share a name', () => {
    const { metrics, scoreOf } = join('id,strategy,keep,SPICE,spice,Spice\nc,none,1,0.1,0.2,0.3');
    expect(metrics.map(({ name }) => name)).toEqual(['spice', 'spice-imported', 'spice-imported-2']);
    expect(metrics.map(({ name }) => scoreOf(name, 0, 'c'))).toEqual([0.1, 0.2, 0.3]);
    const again = join(
      'id,strategy,keep,SPICE\nc,none,1,0.4',
      metrics.map(({ name }) => name),
    ).metrics;
    expect(again.map(({ name }) => name)).toEqual(['spice-imported-3']);
  });

  it('are read from JSON', () => {
    const json = JSON.stringify([{ id: 'c', strategy: 'none', keep: 1, METEOR: 0.3 }]);
    expect(join(json).scoreOf('meteor', 0, 'c')).toBe(0.3);
  });

  it('take another name where Earmark computes a metric of that name; error rates are better low', () => {
    const { metrics, scoreOf } = join('id,strategy,keep,cider_d,fense_err\nc,none,1,0.3,1', ['cider-d']);
    expect(metrics.map(({ name, better }) => [name, better])).toEqual([
      ['cider-d-imported', 'higher'],
      ['fense-err', 'lower'],
    ]);
    expect(scoreOf('cider-d-imported', 0, 'c')).toBe(0.3);
    expect(join('id,strategy,keep,WER\nc,none,1,0.3').metrics[0]!.better).toBe('lower');
  });

  it.each([
    ['id,strategy,SPICE\nc,none,1', /no column "keep"/],
    ['id,strategy,keep\nc,none,1', /no column with a metric/],
    ['id,strategy,keep,SPICE\nc,none,1,much', /"much" as SPICE in row 1/],
    ['id,strategy,keep,SPICE\nc,none,1,0.1\nc,,1,0.1', /no strategy in row 2/],
    ['id,strategy,keep,SPICE\nc,none,1,0.1\nz,none,1,0.1', /"z" in row 2, which is no item/],
    ['id,strategy,keep,SPICE\nc,top-k,0.5,0.1', /row 1 top-k at a keep ratio of 0.5, which was not evaluated/],
    ['id,strategy,keep,SPICE\nc,segmentwise,0.25,0.1', /row 1 segmentwise .* several settings/],
    ['id,strategy,keep,SPICE\nc,none,1,0.1\nc,none,1,0.1', /"c" under the same setting again in row 2/],
    ['id,strategy,keep,SPICE\nc,none', /not CSV: row 1/],
    ['[{"id": "c"', /not JSON/],
    ['[3]', /no object as entry 1/],
  ])('that make no sense name the row: %j', (text, message) => {
    expect(() => join(text)).toThrow(expect.objectContaining({ code: 'results-invalid' }) as Error);
    expect(() => join(text)).toThrow(message);
  });
});
