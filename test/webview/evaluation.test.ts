import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { strategies } from '../../src/pruning/registry';
import { renderEvaluationReport } from '../../src/report/evaluation-report';
import { constructResults, type ResultsShape } from './constructed-results';
import {
  accessibilityFaults,
  openFile,
  openView,
  repository,
  screenshot,
  startPages,
  stopPages,
  switchTheme,
  watchTheme,
  type PageOptions,
} from './pages';

beforeAll(startPages);
afterAll(stopPages);

const faults = {
  3: { status: 'failed', problem: 'The sound is damaged.' },
  7: { status: 'missing', problem: 'There is no "clip 1.wav" in /data.' },
  20: { status: 'invalid', problem: 'Its answer is not among its choices.' },
} as const;
const attack = '<img src=x onerror="window.attacked=1"> </script> [x](command:y)';

async function openResults(shape: ResultsShape = {}, options: PageOptions = {}) {
  const opened = await openView('evaluation', {
    fileName: 'results.earmark.parquet',
    sound: null,
    results: shape,
    ...options,
  });
  await opened.page.locator('.result-rows .table').waitFor();
  return opened;
}

const calls = (page: Page, method: string) =>
  page.evaluate((name) => window.fake.calls.filter((call) => call.method === name).map(({ params }) => params), method);

const cells = (page: Page, table: string, column: number) =>
  page.locator(`${table} tbody tr td:nth-child(${String(column)})`).allTextContents();

async function choose(page: Page, field: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: field, exact: true }).first().click();
  await page.getByRole('option', { name: option, exact: true }).click();
}

describe('the table', () => {
  it('has strategies down and keep ratios across, with intervals, differences and the best marked in words', async () => {
    const { page, problems } = await openResults();
    const table = page.getByRole('table', { name: 'Strategies by keep ratio' });
    expect(await table.getByRole('columnheader').allTextContents()).toEqual([
      'Strategy',
      '50\u00a0%',
      '25\u00a0%',
      '10\u00a0%',
    ]);
    expect(await table.locator('tbody tr').count()).toBe(5);
    expect(await table.locator('tr.baseline').textContent()).toContain('All tokens');
    const cell = await table.locator('tbody tr').nth(1).locator('td').nth(1).textContent();
    expect(cell).toMatch(/0\.\d{3}0\.\d{3} to 0\.\d{3}[−+]0\.\d{3}.*p\u00a0[<=]\u00a00\.\d+/);
    // One in each column, and never the unpruned run.
    expect(await table.locator('.best-mark', { hasText: 'best' }).count()).toBe(3);
    expect(await table.locator('tr.baseline .best-mark').count()).toBe(0);
    expect(await table.locator('tr', { hasText: 'VisionZip' }).textContent()).toContain('kept 45\u00a0%');
    expect(problems).toEqual([]);
  });

  it('sorts by any column by keyboard; the unpruned run stays first', async () => {
    const { page } = await openResults();
    const header = page.getByRole('columnheader', { name: '10\u00a0%' });
    await header.getByRole('button').focus();
    await page.keyboard.press('Enter');
    expect(await header.getAttribute('aria-sort')).toBe('ascending');
    const values = (texts: string[]) => texts.slice(1).map((text) => Number(/0\.\d{3}/.exec(text)?.[0]));
    const rising = values(await cells(page, '.metric-table', 4).then((texts) => ['', ...texts]));
    expect(rising).toEqual(rising.toSorted((a, b) => a - b));
    await page.keyboard.press('Space');
    expect(await header.getAttribute('aria-sort')).toBe('descending');
    expect((await cells(page, '.metric-table', 1))[0]).toContain('All tokens');
  });

  it('shows another metric, whose best may be the lowest', async () => {
    const { page } = await openResults();
    await choose(page, 'Metric', 'WER (lower is better)');
    const texts = await cells(page, '.metric-table', 3);
    const rates = texts.map((text) => Number(/\d+\.\d/.exec(text.replace('best', ''))?.[0]));
    expect(texts[rates.indexOf(Math.min(...rates))]).toContain('best');
    expect(await page.locator('.metric-table > .hint').textContent()).toContain('Lower is better');
    expect(texts.join()).toContain('worse');
  });

  it('shows the items by group, at one keep ratio or all', async () => {
    const { page, problems } = await openResults();
    expect(await page.getByRole('combobox', { name: 'Keep ratio', exact: true }).count()).toBe(1);
    await choose(page, 'Items', 'By category');
    const table = page.getByRole('table', { name: 'Settings by group' });
    expect(await table.getByRole('columnheader').allTextContents()).toEqual([
      'Setting',
      'All',
      'sound',
      'music',
      'speech',
    ]);
    expect((await cells(page, '.metric-table', 1)).slice(0, 2)).toEqual([
      'All tokens',
      'Segmentwise Top-K, 10 segments, 25\u00a0%',
    ]);
    await choose(page, 'Keep ratio', 'All');
    expect(await table.locator('tbody tr').count()).toBe(13);
    await page.waitForTimeout(300);
    await screenshot(page, 'evaluation-groups');
    expect(problems).toEqual([]);
  });
});

describe('the figures', () => {
  it('say what they show, and hide and point out strategies', async () => {
    const { page } = await openResults();
    const ratio = page.getByRole('img', { name: /CIDEr-D against keep ratio/ });
    await ratio.locator('.main-svg').first().waitFor();
    expect(await ratio.getAttribute('aria-label')).toMatch(/All tokens: 0\.\d+; Segmentwise.*: 0\.\d+ at 10/);
    await page.getByRole('img', { name: /On the Pareto front: .*All tokens/ }).waitFor();
    await expect.poll(() => ratio.locator('.scatterlayer .errorbars').count()).toBeGreaterThan(0);
    const lines = () => ratio.locator('.scatterlayer .trace').count();
    await expect.poll(lines).toBe(6);
    const entry = page.locator('.series-entry', { hasText: 'VisionZip' });
    await entry.focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('.series-entry', { hasText: 'VisionZip' }).getAttribute('aria-pressed')).toBe('false');
    await expect.poll(lines).toBe(5);
    expect(await entry.evaluate((node) => node === document.activeElement)).toBe(true);
    await choose(page, 'Cost', 'Prefill speed-up');
    await page.getByRole('img', { name: /against Prefill speed-up, ×/ }).waitFor();
  });

  it('tell fifteen strategies apart without their colour', async () => {
    const named = strategies
      .filter(({ usesKeepRatio }) => usesKeepRatio)
      .map(({ name, label }) => [name, label] as const);
    const { page, problems } = await openResults({ strategies: named, items: 12 });
    await page.locator('.charts .main-svg').nth(1).waitFor();
    const looks = await page
      .locator('.series-entry .glyph')
      .evaluateAll((glyphs) =>
        glyphs.map(
          (glyph) =>
            [...glyph.children].map((part) => part.getAttribute('d') ?? '').join() +
            (glyph.firstElementChild?.getAttribute('stroke-dasharray') ?? ''),
        ),
      );
    expect(new Set(looks).size).toBe(named.length);
    await page.getByText('So few items prove nothing').waitFor();
    await page.waitForTimeout(400);
    await screenshot(page, 'evaluation-many');
    expect(problems).toEqual([]);
  });

  it('are saved with a legend', async () => {
    const { page } = await openResults();
    await page.locator('.charts .main-svg').nth(1).waitFor();
    await page.getByRole('button', { name: 'SVG of Quality against keep ratio' }).click();
    await page.getByText('Saved.').waitFor();
    const [{ content, suggestedName }] = (await calls(page, 'view/save')) as [
      { content: string; suggestedName: string },
    ];
    expect(suggestedName).toBe('constructed-captions-quality-by-ratio.svg');
    expect(content).toContain('VisionZip');
  });
});

describe('the rows', () => {
  it('are searched, filtered and sorted', async () => {
    const { page } = await openResults({ faults });
    const count = page.locator('.result-rows > .hint');
    await expect.poll(() => count.textContent()).toBe('390 runs.');
    await page.getByRole('searchbox').fill('RAIN falls');
    await expect.poll(() => count.textContent()).toBe('78 of 390 runs.');
    await choose(page, 'Strategy', 'Random');
    await expect.poll(() => count.textContent()).toBe('18 of 390 runs.');
    await page.locator('.result-rows .row-filters').getByRole('combobox', { name: 'Keep ratio' }).click();
    await page.getByRole('option', { name: '10\u00a0%', exact: true }).click();
    await expect.poll(() => count.textContent()).toBe('6 of 390 runs.');
    await page.getByRole('columnheader', { name: 'CIDEr-D' }).getByRole('button').press('Enter');
    const scores = (await cells(page, '.result-rows', 4)).map(Number);
    expect(scores).toEqual(scores.toSorted((a, b) => a - b));
    // What is looked at is there again after a reload.
    const { choices } = (await page.evaluate(() => window.fake.state)) as { choices: { filter: unknown } };
    expect(choices.filter).toEqual({ text: 'RAIN falls', strategy: 'Random', ratio: '0.1', status: '' });
  });

  it('are led to from what went wrong', async () => {
    const { page } = await openResults({ faults });
    expect(await page.locator('.evaluation-counts').textContent()).toBe(
      '390 runs planned: 387 done, 1 without a sound, 1 that make no sense, 1 failed.',
    );
    await page.getByRole('button', { name: '1 failed' }).click();
    await expect.poll(() => page.locator('.result-rows > .hint').textContent()).toBe('1 of 390 runs.');
    expect(await cells(page, '.result-rows', 5)).toEqual(['FailedThe sound is damaged.']);
  });

  it('show what was said against the unpruned run, and what was expected', async () => {
    const { page } = await openResults();
    const said = page.locator('.result-rows tbody td:nth-child(5)');
    expect(await said.locator('ins').count()).toBeGreaterThan(5);
    expect(await said.locator('del').count()).toBeGreaterThan(5);
    await page.getByText('1 more reference').first().click();
    await page.getByText('Something is heard far away.').first().waitFor();
    // Opening the references opens no sound.
    expect(await calls(page, 'view/openResultRow')).toEqual([]);
  });

  it('open their sound by click and by Enter, from row to row by arrows', async () => {
    const { page } = await openResults();
    await page.locator('.result-rows tbody tr').nth(2).locator('td').nth(4).click();
    await page.locator('.result-rows tbody tr').nth(2).locator('.item').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const asked = await calls(page, 'view/openResultRow');
    expect(asked).toEqual([
      { audio: 'clip 1.wav', setting: 2, question: '' },
      { audio: 'clip 1.wav', setting: 3, question: '' },
    ]);
  });

  it('stay smooth when there are 48 000', async () => {
    const { page, problems } = await openResults({ items: 3000, strategies: manyStrategies });
    const count = page.locator('.result-rows > .hint');
    await expect.poll(() => count.textContent(), { timeout: 20_000 }).toBe('48\u202f000 runs.');
    expect(await page.locator('.result-rows tbody tr').count()).toBe(50);
    const took = await page.evaluate(() => {
      const press = (selector: string) => {
        const started = performance.now();
        document.querySelector<HTMLElement>(selector)!.click();
        return performance.now() - started;
      };
      const headers = [...document.querySelectorAll('.result-rows th button')];
      headers.forEach((header, i) => (header.id = `sort-${String(i)}`));
      return {
        text: press('#sort-0'),
        number: press('#sort-3'),
        page: press('.result-rows .pager vscode-button:last-child'),
      };
    });
    expect(took.text).toBeLessThan(1000);
    expect(took.number).toBeLessThan(500);
    expect(took.page).toBeLessThan(100);
    await page.getByText('51–100 of 48\u202f000').waitFor();
    await page.getByRole('searchbox').fill('clip 2999');
    await expect.poll(() => count.textContent()).toBe('16 of 48\u202f000 runs.');
    expect(problems).toEqual([]);
  });
});

const manyStrategies = Array.from({ length: 5 }, (_, i) => [`s${String(i)}`, `Strategy ${String(i)}`] as const);

describe('an evaluation that is not whole', () => {
  it('says so, and shows what there is', async () => {
    const { page } = await openResults({ made: 100, engines: ['engine 1', 'engine 2'] });
    expect(await page.locator('.evaluation-counts').textContent()).toBe(
      '390 runs planned: 100 done, 290 still to be made.',
    );
    await page.getByText('This evaluation is not finished').waitFor();
    await page.getByText('their times disturb one another').waitFor();
    await page.getByText('up to 2 processes at once').waitFor();
  });

  it('says which workers of a queue ran it, and not that the machine did where it was begun', async () => {
    const { page } = await openResults({ engines: ['north 12, engine 1', 'south 7, engine 1'] });
    const facts = (await page.locator('.evaluation-facts').textContent()) ?? '';
    expect(facts).toContain('Begun on');
    expect(facts).toContain('Run bynorth 12, engine 1; south 7, engine 1');
    expect(facts).not.toContain('Machine');
  });

  it('says that several providers ran it, and not only the one that it was begun with', async () => {
    const { page } = await openResults({ providers: ['cpu', 'cuda'] });
    expect(await page.locator('.evaluation-facts').textContent()).toContain(', cpu and cuda');
    await page.getByText('times of several are no measure of one').waitFor();
  });

  it('is shown when nothing was made yet, or nothing came of anything', async () => {
    const { page, problems } = await openResults({ made: 0 });
    await page.getByText('No run was made yet').waitFor();
    const all = Object.fromEntries(Array.from({ length: 26 }, (_, i) => [i, faults[7]]));
    const none = await openResults({ items: 2, faults: all });
    await none.page.getByText('No run has a result').waitFor();
    expect(await none.page.locator('.status-mark').count()).toBe(26);
    expect([...problems, ...none.problems]).toEqual([]);
  });

  it('is read again when it goes on, and what was chosen stays', async () => {
    const { page } = await openResults({ made: 100 });
    await choose(page, 'Metric', 'WER (lower is better)');
    await page.evaluate(() => {
      window.fake.options = { ...window.fake.options, results: {} };
      window.fake.changeState({ revision: 1 });
    });
    await page.getByText('390 done').waitFor();
    expect(await page.locator('.metric-table > .hint').textContent()).toContain('WER');
  });

  /** Reads the results again: `made` runs of them, or all. */
  const readAgain = async (page: Page, revision: number, made?: number) => {
    await page.evaluate(
      ([next, count]) => {
        const results = count === undefined ? {} : { made: count };
        window.fake.options = { ...window.fake.options, results };
        window.fake.changeState({ revision: next });
      },
      [revision, made] as const,
    );
    await page.getByText(`${String(made ?? 390)} done`).waitFor();
  };

  it('leaves a person on the buttons that turn the pages of runs at either end', async () => {
    const { page } = await openResults({ made: 80 });
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    await page.getByText('1–50 of 80').waitFor();
    await page.getByRole('button', { name: 'Next rows' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('51–80 of 80').waitFor();
    await expect.poll(focused).toBe('Previous rows');
    await page.keyboard.press('Enter');
    await page.getByText('1–50 of 80').waitFor();
    await expect.poll(focused).toBe('Next rows');
  });

  it('leaves a person where they are when it is read again', async () => {
    const { page, problems } = await openResults({ made: 200 });
    await page.locator('.charts .main-svg').nth(1).waitFor();
    const header = (table: string, name: string) =>
      page.getByRole('table', { name: table }).getByRole('columnheader', { name });
    await header('Strategies by keep ratio', '10\u00a0%').getByRole('button').press('Enter');
    for (const key of ['Enter', 'Space']) await header('Runs', 'Item').getByRole('button').press(key);
    await page.getByRole('button', { name: 'Next rows' }).click();
    const row = page.locator('.result-rows tbody tr', { has: page.locator('details') }).nth(7);
    await row.locator('summary').click();
    const opened = await row.getAttribute('data-key');
    await page.getByText('51–100 of 200').waitFor();
    const scrolled = () => page.evaluate(() => document.scrollingElement!.scrollTop);
    const before = await scrolled();
    expect(before).toBeGreaterThan(0);

    await readAgain(page, 1, 201);
    await page.getByText('51–100 of 201').waitFor();
    expect(await header('Strategies by keep ratio', '10\u00a0%').getAttribute('aria-sort')).toBe('ascending');
    expect(await header('Runs', 'Item').getAttribute('aria-sort')).toBe('descending');
    expect(
      await page
        .locator('.result-rows details[open]')
        .evaluateAll((all) => all.map((one) => one.closest('tr')?.dataset['key'])),
    ).toEqual([opened]);
    const focused = () =>
      page.evaluate(() => [document.activeElement?.tagName, document.activeElement?.closest('tr')?.dataset['key']]);
    expect(await focused()).toEqual(['SUMMARY', opened]);
    expect(Math.abs((await scrolled()) - before)).toBeLessThan(60);

    await page.getByRole('combobox', { name: 'Metric' }).focus();
    await readAgain(page, 2);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Metric');
    expect(problems).toEqual([]);
  });

  it('keeps what is being typed into the search when it is read again', async () => {
    const { page } = await openResults({ made: 200 });
    const search = page.getByRole('searchbox');
    // The results come before the search begins.
    await search.evaluate((field: HTMLInputElement) => {
      field.focus();
      field.value = 'clip 1';
      field.setSelectionRange(2, 2);
      field.dispatchEvent(new Event('input'));
      window.fake.options = { ...window.fake.options, results: {} };
      window.fake.changeState({ revision: 1 });
    });
    await page.getByText('390 done').waitFor();
    expect(
      await search.evaluate((field: HTMLInputElement) => [
        field.value,
        field === document.activeElement,
        field.selectionStart,
      ]),
    ).toEqual(['clip 1', true, 2]);
    await expect.poll(() => page.locator('.result-rows > .hint').textContent()).toMatch(/^\d+ of 390 runs\.$/);
  });

  it('lets go of the figures that it shows no more', async () => {
    const { page } = await openResults({ made: 100 });
    const watching = await watchTheme(page);
    for (const revision of [1, 2, 3]) await readAgain(page, revision, 100 + revision);
    // Two figures and their legend.
    expect(await watching()).toBe(3);
  });

  it('shows the newest results when they change while they are read', async () => {
    const { page } = await openResults({ made: 100 });
    await page.evaluate(() => {
      for (let revision = 1; revision < 5; revision++) {
        window.fake.options = { ...window.fake.options, results: { made: 100 + revision } };
        window.fake.changeState({ revision });
      }
    });
    await page.getByText('104 done').waitFor();
    expect((await calls(page, 'view/openResults')).length).toBeLessThanOrEqual(3);
  });

  it('says in words why results can not be read, and tries again', async () => {
    const problem = { code: 'results-invalid', message: 'x.earmark.parquet is damaged.', action: 'Evaluate again.' };
    const { page } = await openView('evaluation', {
      sound: null,
      failures: { openResults: problem as never },
    });
    expect(await page.getByRole('alert').textContent()).toContain('x.earmark.parquet is damaged. Evaluate again.');
    await page.evaluate(() => (window.fake.options = { ...window.fake.options, failures: {} }));
    await page.getByRole('button', { name: 'Try Again' }).click();
    await page.locator('.metric-table').waitFor();
  });
});

describe('exports', () => {
  it('the table as CSV, and everything as a report', async () => {
    const { page } = await openResults();
    await page.getByRole('button', { name: 'CSV' }).click();
    await page.getByText('Saved.').waitFor();
    const [{ content, suggestedName }] = (await calls(page, 'view/save')) as [
      { content: string; suggestedName: string },
    ];
    expect(suggestedName).toBe('constructed-captions-cider-d.csv');
    expect(content.split('\r\n')).toHaveLength(15);
    await page.getByRole('button', { name: 'HTML Report' }).click();
    await expect
      .poll(() => calls(page, 'view/exportResults'))
      .toEqual([{ suggestedName: 'constructed-captions.html' }]);
    await page.evaluate(() => window.fake.command('exportReport'));
    await expect.poll(async () => (await calls(page, 'view/exportResults')).length).toBe(2);
  });
});

describe('looks', () => {
  it('is drawn in every theme, without faults of accessibility', async () => {
    const { page, problems } = await openResults({ faults, engines: ['engine 1', 'engine 2'] }, { height: 1000 });
    await page.locator('.charts .main-svg').nth(1).waitFor();
    for (const theme of ['dark-modern', 'light-modern', 'high-contrast'] as const) {
      await switchTheme(page, theme);
      await page.waitForTimeout(500);
      await screenshot(page, `evaluation-${theme}`);
      expect(await accessibilityFaults(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 480, height: 900 });
    await page.waitForTimeout(500);
    await screenshot(page, 'evaluation-narrow');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(480);
    expect(problems).toEqual([]);
  });

  it('shows hostile words as words', async () => {
    const { page, problems } = await openResults({
      words: attack,
      strategies: [['x', `${attack} <b>strategy</b><a href="javascript:1">`]],
    });
    await page.locator('.charts .main-svg').nth(1).waitFor();
    await page.locator('.series-entry').first().hover();
    await page.waitForTimeout(300);
    expect(await page.locator('.result-rows', { hasText: attack }).count()).toBe(1);
    expect(await page.locator('img, main a').count()).toBe(0);
    expect(await page.evaluate(() => 'attacked' in window)).toBe(false);
    expect(problems).toEqual([]);
  });
});

describe('the report', () => {
  function write(name: string, shape: ResultsShape): string {
    const read = (file: string) =>
      readFileSync(path.join(repository, 'test/output/webview-dist/webview', file), 'utf8');
    const folder = path.join(repository, 'test/output/reports');
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, `${name}.html`);
    const assets = { script: read('evaluation-report.js'), style: read('evaluation-report.css') };
    writeFileSync(file, renderEvaluationReport(constructResults(shape), assets));
    return file;
  }

  it('opens from a disk, light and dark, and is chosen in as in VS Code', async () => {
    const file = write('evaluation', { faults });
    for (const scheme of ['light', 'dark'] as const) {
      const { page, problems } = await openFile(file, scheme);
      await page.locator('.charts .main-svg').nth(1).waitFor();
      await choose(page, 'Items', 'By category');
      await page.getByRole('columnheader', { name: 'music' }).waitFor();
      await choose(page, 'Items', 'All items');
      expect(await page.locator('.result-rows tbody tr').count()).toBe(50);
      // There is no editor to open a sound in.
      expect(await page.locator('.result-rows button.item').count()).toBe(0);
      await page.waitForTimeout(300);
      await screenshot(page, `evaluation-report-${scheme}`);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(problems).toEqual([]);
    }
  });

  it('shows hostile words as words', async () => {
    const { page, problems } = await openFile(write('hostile-evaluation', { words: attack }), 'light');
    await page.locator('.result-rows tbody tr').first().waitFor();
    expect(await page.locator('.result-rows', { hasText: attack }).count()).toBe(1);
    expect(await page.evaluate(() => 'attacked' in window)).toBe(false);
    expect(await page.locator('img').count()).toBe(0);
    expect(problems).toEqual([]);
  });
});
