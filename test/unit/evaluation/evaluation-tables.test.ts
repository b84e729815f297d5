import { describe, expect, it } from 'vitest';
import { summarise } from '../../../src/evaluation/summarise';
import type { Expected } from '../../../src/datasets/dataset';
import { renderEvaluationReport } from '../../../src/report/evaluation-report';
import { groupTables, headLines, longTable, metricTables, usualMetrics } from '../../../src/report/evaluation-tables';
import { formatMarkdown } from '../../../src/cli/table';
import { doneRow, manifestOf, problemRow, setting } from './evaluations';

const choice: Expected = { kind: 'choice', answer: 'rain', choices: ['rain', 'wind'] };
const groups = { category: ['</script><b>'] };
const settings = [setting('none', 1), setting('top-k', 0.5), setting('top-k', 0.1)];
const rows = [
  ...['a', 'b'].map((item) => doneRow(item, 0, choice, 'rain', { groups })),
  ...['a', 'b'].map((item) => doneRow(item, 1, choice, item === 'a' ? 'rain' : 'wind', { groups })),
  problemRow('c', 0, choice, 'missing'),
];
const summary = summarise({ manifest: manifestOf(settings, 3), rows });

describe('tables of an evaluation', () => {
  it('have strategies as rows and ratios as columns', () => {
    const [mmau] = metricTables(summary, usualMetrics(summary.metrics));
    expect(mmau).toMatchObject({
      title: 'MMAU accuracy',
      header: ['strategy', '100 %', '50 %', '10 %'],
      rows: [
        ['All tokens', '1.000 [1.000, 1.000]', '-', '-'],
        ['Top-K', '-', '0.500 [0.000, 1.000]', '-'],
      ],
    });
  });

  it('have the groups of each metric of quality', () => {
    const [mmau] = groupTables(summary, usualMetrics(summary.metrics));
    expect(mmau!.title).toBe('MMAU accuracy by category');
    expect(mmau!.rows[1]).toEqual(['</script><b>', '2', 'Top-K', '-', '0.500 [0.000, 1.000]', '-']);
  });

  it('say what there is of it', () => {
    expect(headLines(summary)[0]).toBe(
      'a set: 3 items x 3 settings = 9 rows: 4 done, 1 without a sound, 0 invalid, 0 failed, 4 still to do.',
    );
  });

  it('say that so few sounds prove nothing, and show no difference of one', () => {
    expect(headLines(summary).at(-1)).toMatch(/^So few sounds prove nothing/);
    const many = summarise({ manifest: manifestOf(settings, 20), rows });
    expect(headLines(many).at(-1)).toMatch(/^In brackets/);
    const one = [doneRow('a', 0, choice, 'rain'), doneRow('a', 1, choice, 'wind')];
    const { differences } = summarise({ manifest: manifestOf(settings, 1), rows: one }).settings[1]!;
    expect(differences.mmau).toEqual({ value: -1, low: -1, high: -1, p: 1 });
  });

  it('say where it was run, and whether several runs at once disturbed one another, whatever it was begun with', () => {
    const machine = 'a processor, 2 cores, linux x64';
    const lineOf = (...engines: string[]): string => {
      const made = ['a', 'b'].map((item, i) => doneRow(item, 0, choice, 'rain', { result: { worker: engines[i]! } }));
      return headLines(summarise({ manifest: manifestOf(settings, 3, { jobs: 1 }), rows: made }))[2]!;
    };
    const atOnce = "up to 2 runs at once, which disturb one another's times.";
    expect(lineOf('engine 1', 'engine 1')).toBe(`Measured on ${machine}; one run at a time.`);
    expect(lineOf('engine 1', 'engine 2')).toBe(`Measured on ${machine}; ${atOnce}`);
    expect(lineOf('south 7, engine 1', 'south 7, engine 1')).toBe(
      `Begun on ${machine}; run by south 7, engine 1: one run at a time.`,
    );
    expect(lineOf('south 7, engine 1', 'north 12, engine 1')).toBe(
      `Begun on ${machine}; run by north 12, engine 1; south 7, engine 1: ${atOnce}`,
    );
  });

  it('say which providers ran it, whatever it was begun with, and that times of several are no measure of one', () => {
    const machine = { ...manifestOf(settings, 3).machine, runtime: 'onnxruntime 1.23.2, cpu' };
    const linesOf = (...providers: string[]): string[] => {
      const made = providers.map((provider, i) => doneRow(String(i), 0, choice, 'rain', { result: { provider } }));
      return headLines(summarise({ manifest: manifestOf(settings, 3, { machine }), rows: made }));
    };
    const note = 'Times of several providers are no measure of one.';
    expect(linesOf()[1]).toMatch(/, onnxruntime 1\.23\.2, cpu\.$/);
    expect(linesOf('cuda', 'cuda')[1]).toMatch(/, onnxruntime 1\.23\.2, cuda\.$/);
    expect(linesOf('cuda', 'cuda')).not.toContain(note);
    expect(linesOf('cuda', 'cpu')[1]).toMatch(/, onnxruntime 1\.23\.2, cpu and cuda\.$/);
    expect(linesOf('cuda', 'cpu')[2]).toBe(note);
  });

  it('as rows for a spreadsheet have the difference to the unpruned run', () => {
    const { header, rows: long } = longTable(summary, summary.metrics);
    expect(long.every((row) => row.length === header.length)).toBe(true);
    const row = long.find((each) => each[2] === 0.5 && each[4] === '' && each[6] === 'mmau')!;
    expect(row.slice(8, 13)).toEqual([0.5, 0, 1, 2, -0.5]);
  });

  it('keep bars inside cells in Markdown', () => {
    expect(formatMarkdown(['a'], [['x|y\nz']])).toBe('| a |\n| --- |\n| x\\|y z |');
  });
});

it('a report holds the summary as data and can not be broken out of', () => {
  const html = renderEvaluationReport(summary, { script: 'show()', style: 'p {}' });
  expect(html).toContain('<body data-view="evaluation-report">');
  expect(html).not.toContain('</script><b>');
  const [, json] = /<script id="report-data" type="application\/json">(.*)<\/script>/.exec(html)!;
  expect(JSON.parse(json!)).toEqual(JSON.parse(JSON.stringify(summary)));
});
