import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ComparisonSettings } from '../../src/protocol/comparison';
import type { RunSettings } from '../../src/protocol/run';
import {
  accessibilityFaults,
  model,
  openView,
  screenshot,
  settings,
  spoken,
  startPages,
  stopPages,
  type PageOptions,
} from './pages';

beforeAll(startPages);
afterAll(stopPages);

const grid = {
  'none': 'A wolf howls, and then a bell rings and fades away.',
  'segmentwise 0.5': 'A wolf howls, and then a bell rings and fades away.',
  'segmentwise 0.25': 'A wolf howls, and then a bell rings and fades slowly away.',
  'segmentwise 0.1': 'A dog howls, and then a bell rings slowly.',
  'top-k 0.5': 'A wolf howls, and then a bell fades away.',
  'top-k 0.25': 'A wolf howls, then a bell rings.',
  'top-k 0.1': 'A wolf howls at length.',
  'bottom-k': 'The wind blows in the trees.',
  'other': 'A wolf howls, then something rings and fades.',
};

async function openComparison(options: PageOptions = {}) {
  const opened = await openView('comparison', { captions: grid, ...options });
  await opened.page.getByText('then run the comparison').waitFor();
  return opened;
}

const runAll = async (page: Page, done = '13 runs done.') => {
  await page.getByRole('button', { name: 'Run Comparison' }).click();
  await page.getByText(done).waitFor();
};

const calls = (page: Page, method: string) =>
  page.evaluate((name) => window.fake.calls.filter((call) => call.method === name).map(({ params }) => params), method);

const asked = async (page: Page) =>
  ((await calls(page, 'view/run')) as { settings: RunSettings[] }[]).map((request) =>
    request.settings.map(({ strategy, keepRatio }) => `${strategy} ${String(keepRatio)}`),
  );

/** The file becomes another sound. */
const replaceSound = (page: Page, revision = 1, clipId = 'replaced') =>
  page.evaluate(
    (next) => {
      const { sound } = window.fake.options;
      const clip = { ...sound!.clip, clipId: next.clipId };
      window.fake.options = { ...window.fake.options, sound: { ...sound!, clip } };
      window.fake.changeState({ revision: next.revision });
    },
    { revision, clipId },
  );

const column = (page: Page, name: string) =>
  page.evaluate((label) => {
    const headers = [...document.querySelectorAll('.results thead th')].map(({ textContent }) => textContent);
    return [...document.querySelectorAll<HTMLTableRowElement>('.results tbody tr')].map(
      (row) => row.cells[headers.indexOf(label)]?.textContent,
    );
  }, name);

const saved = async (page: Page) =>
  (await calls(page, 'view/save')) as { suggestedName: string; content: string | Uint8Array }[];

describe('choosing', () => {
  it('lists published strategies and Earmark’s own, and says why one is not available', async () => {
    const { page, problems } = await openComparison();
    const groups = await page.locator('h3.group').allTextContents();
    expect(groups).toEqual(['Published', 'Earmark’s own']);
    const own = await page.locator('.strategy-grid').nth(1).locator('vscode-checkbox').allTextContents();
    expect(own).toContain('Variable budget');
    const zip = page.locator('.strategy', { hasText: 'VisionZip' });
    expect(await zip.locator('.reason').textContent()).toBe(
      'Not available: this model does not give the encoder’s keys.',
    );
    expect(await zip.getByRole('checkbox').isDisabled()).toBe(true);
    expect(await page.locator('.strategy', { hasText: 'DivPrune' }).getAttribute('title')).toContain(
      'arXiv 2503.02175',
    );
    expect(problems).toEqual([]);
  });

  it('offers the paper’s four, all and none', async () => {
    const { page } = await openComparison();
    const checked = () => page.locator('.strategy vscode-checkbox[aria-checked=true]').allTextContents();
    expect(await checked()).toEqual(['Segmentwise Top-K', 'Top-K', 'Bottom-K', 'Random']);
    await page.getByRole('button', { name: 'All', exact: true }).click();
    expect(await checked()).toHaveLength(14);
    await page.getByRole('button', { name: 'None', exact: true }).click();
    expect(await checked()).toEqual([]);
    await page.getByText('Choose at least one strategy.').waitFor();
    expect(await page.getByRole('button', { name: 'Run Comparison' }).isDisabled()).toBe(true);
    // The focus stays on the button, for those who go by keyboard.
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    expect(await checked()).toHaveLength(4);
  });

  it('refuses keep ratios that are none, each in words', async () => {
    const { page } = await openComparison();
    const field = page.getByRole('textbox', { name: 'Keep ratios' });
    const problem = page.locator('#ratio-problem');
    for (const [text, words] of [
      ['0', '0 keeps nothing: a keep ratio is above 0.'],
      ['1.5', '1.5 is more than there is: a keep ratio is at most 1.'],
      ['half', '“half” is not a number.'],
      ['', 'Give at least one keep ratio, such as 0.25.'],
      ['25', '25 is more than there is: a keep ratio is at most 1. For 25 % write 0.25 or 25%.'],
      ['-0.1, 0.5', '-0.1 keeps nothing: a keep ratio is above 0.'],
    ] as const) {
      await field.fill(text);
      expect(await problem.textContent()).toBe(words);
      expect(await field.getAttribute('aria-invalid')).toBe('true');
      expect(await page.getByRole('button', { name: 'Run Comparison' }).isDisabled()).toBe(true);
    }
    await field.fill('50 %, .25; 10%');
    expect(await problem.isVisible()).toBe(false);
    expect(await page.locator('.chooser-end .count').textContent()).toBe(
      '13 runs: all tokens, then 4 strategies at 25\u00a0%, 50\u00a0%, 10\u00a0%.',
    );
  });

  it('takes over what a link asks for, another link, and the same one again', async () => {
    const { page } = await openComparison();
    const box = (name: string) => page.getByRole('checkbox', { name, exact: true });
    const ratios = page.getByRole('textbox', { name: 'Keep ratios' });
    const follow = (settings: Partial<ComparisonSettings>) =>
      page.evaluate((asked) => window.fake.showComparison(asked), settings);
    const first = { strategies: ['a-tome'], keepRatios: [0.2], question: 'What is said?', repeats: 3, parameters: {} };
    await follow(first);
    await expect.poll(() => box('A-ToMe').isChecked()).toBe(true);
    expect(await box('Random').isChecked()).toBe(false);
    expect(await ratios.inputValue()).toBe('0.2');
    await follow({ strategies: ['random'], keepRatios: [0.3], modelId: 'elsewhere' });
    await expect.poll(() => box('Random').isChecked()).toBe(true);
    await page.getByText('The link names the model “elsewhere”').waitFor();
    await ratios.fill('0.7');
    await page.getByRole('tab', { name: 'Experiments' }).click();
    await follow(first);
    await expect.poll(() => ratios.isVisible()).toBe(true);
    expect(await ratios.inputValue()).toBe('0.2');
    expect(await box('A-ToMe').isChecked()).toBe(true);
    expect(await calls(page, 'view/run')).toEqual([]);
  });
});

describe('running', () => {
  it('asks for everything in one request: all tokens, a quarter of each, then the rest', async () => {
    const { page, problems } = await openComparison();
    await runAll(page);
    const four = ['segmentwise', 'top-k', 'bottom-k', 'random'];
    expect(await asked(page)).toEqual([
      ['none 1', 'none 1', ...[0.25, 0.5, 0.1].flatMap((ratio) => four.map((name) => `${name} ${String(ratio)}`))],
    ]);
    expect(await column(page, 'Tokens kept')).toEqual(
      expect.arrayContaining(['254 / 254', '63 / 254', '127 / 254', '25 / 254']),
    );
    const facts = await page.locator('.results .facts').textContent();
    expect(facts).toContain('254 tokens hold sound; 496 more held only padding and were trimmed before any pruning.');
    expect(facts).toContain('Each time was measured once');
    expect(problems).toEqual([]);
  });

  it('does not count the first run of a cold engine', async () => {
    const { page } = await openComparison({ cold: 50 });
    await page.getByRole('textbox', { name: 'Keep ratios' }).fill('0.5');
    await runAll(page, '5 runs done.');
    const speedUps = (await column(page, 'Speed-up')).map((text) => Number.parseFloat(text ?? ''));
    expect(Math.max(...speedUps)).toBeLessThan(2);
  });

  it('shows text as it streams and rows as they end', async () => {
    const { page } = await openComparison({ pace: 40 });
    await page.getByRole('button', { name: 'Run Comparison' }).click();
    await page.locator('tr[aria-busy] .waiting', { hasText: 'A wolf' }).waitFor();
    await page.locator('.stages', { hasText: /of 14, / }).waitFor();
    // The second row is there long before the last run ends.
    await page.locator('tbody tr', { hasText: '63 / 254' }).first().waitFor();
    expect(await page.getByText('13 runs done.').count()).toBe(0);
  });

  it('keeps what is done when it is cancelled', async () => {
    const { page, problems } = await openComparison({ pace: 40 });
    await page.getByRole('button', { name: 'Run Comparison' }).click();
    await page.locator('tbody tr', { hasText: '63 / 254' }).nth(1).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText(/Cancelled: \d runs kept\./).waitFor();
    expect(await calls(page, '$/cancelRequest')).toHaveLength(1);
    const captions = await column(page, 'Caption');
    expect(captions.length).toBeGreaterThanOrEqual(3);
    expect(captions.length).toBeLessThan(8);
    expect(captions.filter((text) => text?.includes('(cut short)')).length).toBeLessThanOrEqual(1);
    expect(await page.getByRole('button', { name: 'Run Comparison' }).isEnabled()).toBe(true);
    expect(problems).toEqual([]);
  });

  it('cancels what its button stands beside, and from the palette what is in front', async () => {
    const { page } = await openComparison({ pace: 100 });
    await page.getByRole('tab', { name: 'Experiments' }).click();
    await page.getByRole('button', { name: 'Run Experiment' }).click();
    await page.locator('.experiments .stages', { hasText: 'Run 1' }).waitFor();
    await page.getByRole('tab', { name: 'Comparison' }).click();
    await page.getByRole('button', { name: 'Run Comparison' }).click();
    await page.locator('tr[aria-busy] .waiting', { hasText: 'A wolf' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText(/Cancelled: \d runs? kept\./).waitFor();
    await page.evaluate(() => window.fake.command('cancel'));
    await page.getByRole('tab', { name: 'Experiments' }).click();
    expect(await calls(page, '$/cancelRequest')).toHaveLength(1);
    await page.evaluate(() => window.fake.command('cancel'));
    await page.getByText('Cancelled: an experiment with half of its runs says nothing.').waitFor();
    expect(await calls(page, '$/cancelRequest')).toHaveLength(2);
  });

  it('tells what is wrong with the sound', async () => {
    const { page } = await openComparison();
    await page.evaluate(() => {
      const { sound } = window.fake.options;
      const clip = { ...sound!.clip, warnings: ['The end is missing.'] };
      window.fake.options = { ...window.fake.options, sound: { ...sound!, clip } };
      window.fake.changeState({ revision: 1 });
    });
    await page.getByText('The end is missing.').waitFor();
  });

  it('keeps what is done when the engine stops', async () => {
    const { page } = await openComparison();
    await runAll(page);
    await page.evaluate(() => {
      const failures = { run: { code: 'engine-stopped' as const, message: 'The engine stopped.' } };
      window.fake.options = { ...window.fake.options, failures };
    });
    await page.getByRole('button', { name: 'Run Top-K, 50\u00a0% again' }).click();
    await page.getByText('The engine stopped.').waitFor();
    expect(await column(page, 'Caption')).toHaveLength(13);
  });

  it('runs one cell again and replaces its row', async () => {
    const { page } = await openComparison();
    await runAll(page);
    await page.evaluate(() => {
      window.fake.options = { ...window.fake.options, captions: { other: 'Something else entirely.' }, pace: 100 };
    });
    const again = page.getByRole('button', { name: 'Run Top-K, 50\u00a0% again' });
    await again.focus();
    await page.keyboard.press('Enter');
    const focused = () =>
      page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.localName);
    // It can not be pressed again while it runs: its row stands in for it.
    await expect.poll(focused).toBe('tr');
    await page.locator('tbody tr', { hasText: 'Something else entirely' }).waitFor();
    await expect.poll(() => again.isEnabled()).toBe(true);
    expect(await focused()).toBe('Run Top-K, 50\u00a0% again');
    expect((await asked(page))[1]).toEqual(['top-k 0.5', 'top-k 0.5']);
    expect(await column(page, 'Caption')).toHaveLength(13);
    expect(await calls(page, 'view/analyse')).toEqual([]);
  });

  it('repeats runs in alternating order after a round that does not count, and shows medians', async () => {
    const { page } = await openComparison({ cold: 50 });
    await page.getByRole('textbox', { name: 'Keep ratios' }).fill('0.25');
    await page.getByRole('combobox', { name: 'Repeat each run' }).click();
    await page.getByRole('option', { name: '3 times, medians' }).click();
    await page.getByText('each 3 times after a warm-up').waitFor();
    await runAll(page, '5 runs done.');
    const [order] = await asked(page);
    const forwards = ['none 1', 'segmentwise 0.25', 'top-k 0.25', 'bottom-k 0.25', 'random 0.25'];
    expect(order).toEqual([...forwards, ...forwards, ...forwards.toReversed(), ...forwards]);
    expect(await page.locator('.results .facts').textContent()).toContain('Times are medians of 3 runs each');
    const [baseline] = await column(page, 'Prefill');
    expect(Number.parseFloat(baseline ?? '')).toBeLessThan(150);
  });
});

describe('results', () => {
  it('sorts by keyboard, numbers as numbers', async () => {
    const { page } = await openComparison();
    await runAll(page);
    const kept = page.locator('th button', { hasText: 'Tokens kept' });
    await kept.focus();
    await page.keyboard.press('Enter');
    const header = page.getByRole('columnheader', { name: 'Tokens kept' });
    expect(await header.getAttribute('aria-sort')).toBe('ascending');
    const rising = (await column(page, 'Tokens kept')).map((text) => Number.parseInt(text ?? ''));
    expect(rising).toEqual(rising.toSorted((a, b) => a - b));
    await page.keyboard.press('Space');
    expect(await header.getAttribute('aria-sort')).toBe('descending');
    expect((await column(page, 'Tokens kept'))[0]).toBe('254 / 254');
    await page.locator('th button', { hasText: 'WER' }).press('Enter');
    const rates = (await column(page, 'WER')).map((text) => Number.parseFloat(text ?? ''));
    expect(rates).toEqual(rates.toSorted((a, b) => a - b));
  });

  it('marks and labels the Pareto front', async () => {
    const { page } = await openComparison();
    await runAll(page);
    const chart = page.getByRole('img', { name: /On the Pareto front/ });
    await chart.waitFor();
    expect(await chart.getAttribute('aria-label')).toMatch(
      /front: Segmentwise 10.*Segmentwise 25\u00a0%, Segmentwise 50\u00a0%\.$/,
    );
    await expect.poll(() => chart.locator('.scatterlayer .js-line').count()).toBe(1);
    expect(await chart.locator('.annotation', { hasText: 'Segmentwise 50' }).count()).toBe(1);
    expect(await chart.locator('.legendtext').allTextContents()).toEqual(['Pareto front', 'Other runs', 'All tokens']);
  });

  it('shows the pictures of one keep ratio, or of all', async () => {
    const { page } = await openComparison();
    await runAll(page);
    const cards = page.locator('.card h3');
    expect(await cards.count()).toBe(5);
    await page.getByRole('combobox', { name: 'Keep ratio shown' }).click();
    await page.getByRole('option', { name: 'All', exact: true }).click();
    expect(await cards.count()).toBe(13);
    await page.getByRole('combobox', { name: 'Keep ratio shown' }).click();
    await page.getByRole('option', { name: '10\u00a0%' }).click();
    expect(await cards.allTextContents()).toContain('Segmentwise Top-K, 10\u00a0%');
    expect(await cards.count()).toBe(5);
    expect(await page.locator('.card ins, .card del').count()).toBeGreaterThan(0);
  });

  it('scores against reference captions and names the document frequencies', async () => {
    const { page } = await openComparison();
    await runAll(page);
    expect(await page.locator('th button', { hasText: 'CIDEr-D' }).count()).toBe(0);
    await page.getByText('Parameters and reference captions').click();
    await page
      .getByRole('textbox', { name: 'Reference captions' })
      .fill('A wolf howls, and then a bell rings and fades away.');
    const header = page.locator('th button', { hasText: 'CIDEr-D' });
    await header.waitFor();
    expect(await header.getAttribute('title')).toContain('document frequencies of the 199 sound labels');
    const scores = (await column(page, 'CIDEr-D')).map((text) => Number.parseFloat(text ?? ''));
    expect(scores[0]).toBe(10);
    expect(Math.min(...scores)).toBeLessThan(1);
  });

  it('says what pruning does to speech', async () => {
    const { page } = await openComparison({ captions: spoken });
    await runAll(page);
    const note = page.getByRole('note');
    expect(await note.textContent()).toContain('costly for transcription');
    expect(await note.locator('li').allTextContents()).toEqual(
      ['50', '25', '10'].map((ratio) => `keeping ${ratio}\u00a0%: 40\u00a0% with every strategy`),
    );
  });

  it('tells of a token what the strip that is pointed at keeps, and nothing of a choice', async () => {
    const { page } = await openComparison();
    await runAll(page);
    await page.locator('.timeline image').waitFor();
    await page.locator('.timeline').scrollIntoViewIfNeeded();
    const box = (await page.locator('.timeline').boundingBox())!;
    await page.mouse.move(box.x + 500, box.y + 120);
    await page.locator('.tooltip dt', { hasText: 'Rank' }).waitFor();
    expect(await page.locator('.tooltip dt').allTextContents()).not.toContain('Choice');
    await page.mouse.move(box.x + 500, box.y + 6 + 76 + 8 + 136 + 8 + 88 + 8 + 30);
    await page.locator('.tooltip dt', { hasText: 'Segmentwise 25' }).waitFor();
  });

  it('lets what is kept be heard', async () => {
    const { page, problems } = await openComparison();
    await runAll(page);
    await page.getByRole('button', { name: 'Hear what Segmentwise Top-K, 10\u00a0% keeps' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await expect.poll(() => page.evaluate(() => window.fake.played.length)).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('combobox', { name: 'Kept tokens are heard' }).click();
    await page.getByRole('option', { name: 'joined' }).click();
    await page.getByRole('button', { name: 'Hear what Segmentwise Top-K, 10\u00a0% keeps' }).click();
    await expect.poll(() => page.evaluate(() => window.fake.played.at(-1)?.seconds ?? 9)).toBeLessThan(1.3);
    expect(await page.evaluate(() => window.fake.decodeAudioDataCalls)).toBe(0);
    expect(problems).toEqual([]);
  });
});

describe('playing from the strips', () => {
  const joined = async (page: Page) => {
    await page.getByRole('combobox', { name: 'Kept tokens are heard' }).click();
    await page.getByRole('option', { name: 'joined' }).click();
  };
  /** Seconds of the last piece that was played; a click near the start plays nearly all of 10 s or of what is kept. */
  const played = (page: Page) => page.evaluate(() => window.fake.played.at(-1)?.seconds ?? 0);
  const clickStart = async (page: Page) => {
    await page.locator('.timeline image').waitFor();
    await page.locator('.timeline').scrollIntoViewIfNeeded();
    const box = (await page.locator('.timeline').boundingBox())!;
    await page.mouse.click(box.x + 126, box.y + 60);
  };

  it('stops and goes on by button and by space key', async () => {
    const { page, problems } = await openComparison();
    await runAll(page);
    await clickStart(page);
    const pause = page.getByRole('button', { name: 'Pause', exact: true });
    const play = page.getByRole('button', { name: 'Play', exact: true });
    await pause.click();
    await play.click();
    await pause.waitFor();
    await page.locator('.timeline').focus();
    await page.keyboard.press('Space');
    await play.waitFor();
    await page.keyboard.press('Space');
    await pause.waitFor();
    expect(problems).toEqual([]);
  });

  it('hears the run that was heard last as it is now, and everything once that is gone', async () => {
    const { page } = await openComparison();
    await runAll(page);
    await joined(page);
    await page.getByRole('button', { name: 'Hear what Segmentwise Top-K, 10\u00a0% keeps' }).click();
    await expect.poll(() => played(page)).toBeGreaterThan(0);
    await clickStart(page);
    await page.getByText('What Segmentwise Top-K, 10\u00a0% keeps').waitFor();
    expect(await played(page)).toBeLessThan(1.3);
    await page.getByRole('textbox', { name: 'Keep ratios' }).fill('0.5');
    await runAll(page, '5 runs done.');
    await clickStart(page);
    await page.getByText('All of the sound').waitFor();
    await expect.poll(() => played(page)).toBeGreaterThan(9);
  });
});

describe('taking it elsewhere', () => {
  it('exports CSV, JSON, a report and figures', async () => {
    const attack = '=HYPERLINK("http://example.org"), "quoted"\nline';
    const { page, problems } = await openComparison({ captions: { ...grid, random: attack } });
    await page.getByRole('textbox', { name: 'Keep ratios' }).fill('0.25');
    await runAll(page, '5 runs done.');
    for (const name of ['CSV', 'JSON']) await page.getByRole('button', { name, exact: true }).click();
    for (const name of [
      'PNG of Kept tokens',
      'SVG of Kept tokens',
      'PNG of Time against agreement',
      'SVG of Overlap',
    ]) {
      await page.getByRole('button', { name }).click();
    }
    await expect.poll(async () => (await saved(page)).length).toBe(6);
    const files = await page.evaluate(() =>
      window.fake.calls
        .filter(({ method }) => method === 'view/save')
        .map(({ params }) => params as { suggestedName: string; content: string | Uint8Array })
        .map(({ suggestedName, content }) => ({
          suggestedName,
          start: typeof content === 'string' ? content.slice(0, 100_000) : [...content.slice(0, 8)],
        })),
    );
    const file = (ending: string) => files.find(({ suggestedName }) => suggestedName.endsWith(ending))?.start;
    const csv = file('howl-then-bell-comparison.csv') as string;
    expect(csv.split('\r\n')[0]).toMatch(/^strategy,keep_ratio,tokens,trimmed,asked,kept,repeats,/);
    expect(csv).toContain('segmentwise,0.25,254,496,63,63,1,');
    expect(csv).toContain(`"'=HYPERLINK(""http://example.org""), ""quoted""\nline"`);
    const json = JSON.parse(file('howl-then-bell-comparison.json') as string) as { runs: { measures: object }[] };
    expect(json.runs).toHaveLength(5);
    expect(json.runs[1]?.measures).toHaveProperty('wordErrorRate');
    expect(file('kept-tokens.png')).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
    expect(file('time-against-agreement.png')).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
    expect(file('kept-tokens.svg')).toMatch(/^<svg/);
    expect(file('overlap.svg')).toContain('Segmentwise');
    await page.getByRole('button', { name: 'HTML Report' }).click();
    await expect.poll(() => calls(page, 'view/exportReport')).toHaveLength(1);
    expect(problems).toEqual([]);
  });

  it('says that there is nothing to export yet, until there is', async () => {
    const { page } = await openComparison();
    await page.evaluate(() => window.fake.command('exportReport'));
    const nothing = page.getByText('There is nothing to export yet.');
    await nothing.waitFor();
    await page.getByRole('textbox', { name: 'Keep ratios' }).fill('0.25');
    await runAll(page, '5 runs done.');
    expect(await nothing.count()).toBe(0);
    await page.evaluate(() => window.fake.command('exportReport'));
    await expect.poll(() => calls(page, 'view/exportReport')).toHaveLength(1);
  });

  it('gives the command line and a link without the file', async () => {
    const models = [{ ...model, folder: '/models of mine/test-model' }];
    const { page } = await openComparison({ fileName: "the wolf's howl.wav", models });
    await page.getByRole('textbox', { name: 'Keep ratios' }).fill('0.5, 25%');
    await page.getByText('Parameters and reference captions').click();
    await page.getByRole('spinbutton', { name: 'Segments' }).fill('5');
    await page.getByRole('textbox', { name: 'Question' }).fill('What is it?');
    const line =
      "earmark compare 'the wolf'\\''s howl.wav' --strategies segmentwise,top-k,bottom-k,random --keep 0.5,0.25 --model test-model --models '/models of mine' --set segments=5 --prompt 'What is it?'";
    expect(await page.locator('.command-line').textContent()).toBe(line);
    await page.getByRole('button', { name: 'Copy command line' }).click();
    await page.getByRole('button', { name: 'Copy Settings Link' }).click();
    expect(await calls(page, 'view/copyText')).toEqual([{ text: line }]);
    const [{ query }] = (await calls(page, 'view/copySettingsLink')) as [{ query: string }];
    expect(query).not.toContain('howl');
    expect(new URLSearchParams(query).get('strategies')).toBe('segmentwise,top-k,bottom-k,random');
    expect(new URLSearchParams(query).get('set')).toBe('segments=5');
  });

  it('comes back after a reload, found by its sound', async () => {
    const first = await openComparison();
    // Kept from the first moment on, not only after a choice.
    expect(await first.page.evaluate(() => window.fake.state)).toMatchObject({ resource: 'file:///test.wav' });
    await first.page.getByRole('textbox', { name: 'Keep ratios' }).fill('0.25');
    await first.page.getByRole('checkbox', { name: 'Bottom-K' }).click();
    await runAll(first.page, '4 runs done.');
    const state = await first.page.evaluate(() => window.fake.state);
    expect(JSON.stringify(state).length).toBeLessThan(100_000);
    const { page, problems } = await openView('comparison', { captions: grid, state });
    await page.locator('.timeline image').waitFor();
    expect(await page.getByRole('textbox', { name: 'Keep ratios' }).inputValue()).toBe('0.25');
    expect(await page.getByRole('checkbox', { name: 'Bottom-K' }).isChecked()).toBe(false);
    expect(await column(page, 'Strategy')).toEqual(['All tokens', 'Segmentwise Top-K', 'Top-K', 'Random']);
    expect(await calls(page, 'view/run')).toEqual([]);
    expect(await page.evaluate(() => window.fake.state)).toMatchObject({ resource: 'file:///test.wav' });
    expect(problems).toEqual([]);
  });

  it('brings results back without their pictures where their model is gone', async () => {
    const first = await openComparison();
    await runAll(first.page);
    const state = await first.page.evaluate(() => window.fake.state);
    const gone = { code: 'model-not-found', message: 'The model is not here.', action: 'Add it again.' };
    const { page, problems } = await openView('comparison', {
      captions: grid,
      state,
      failures: { analyse: gone as never },
    });
    await page.getByText('The model is not here. Add it again.').waitFor();
    expect(await column(page, 'Strategy')).toHaveLength(13);
    await page.getByRole('button', { name: 'CSV', exact: true }).click();
    await expect.poll(() => saved(page)).toHaveLength(1);
    await page.evaluate(() => (window.fake.options = { ...window.fake.options, failures: {} }));
    await page.getByRole('button', { name: 'Try Again' }).click();
    await page.locator('.timeline image').waitFor();
    expect(problems).toEqual([]);
  });

  it('forgets what was found when the sound changes', async () => {
    const { page } = await openComparison();
    await runAll(page);
    await replaceSound(page);
    await page.locator('.outcome').waitFor({ state: 'hidden' });
    expect(await page.evaluate(() => window.fake.state)).toMatchObject({ clipId: 'replaced', runs: [] });
  });

  it('keeps what was found when the file is written again with the same bytes', async () => {
    const { page } = await openComparison();
    await runAll(page);
    await page.evaluate(() => window.fake.changeState({ revision: 1 }));
    await expect.poll(() => calls(page, 'view/openClip')).toHaveLength(2);
    await expect.poll(() => page.locator('.stages.idle').count()).toBe(2);
    expect(await column(page, 'Caption')).toHaveLength(13);
    expect(await page.evaluate(() => (window.fake.state as { runs: unknown[] }).runs)).toHaveLength(13);
  });

  it('goes on with what runs when the file is written again with the same bytes', async () => {
    const { page } = await openComparison({ pace: 20 });
    await page.getByRole('button', { name: 'Run Comparison' }).click();
    await page.locator('tbody tr', { hasText: '63 / 254' }).first().waitFor();
    await page.evaluate(() => window.fake.changeState({ revision: 1 }));
    await page.getByText('13 runs done.').waitFor();
  });

  it('says that the sound changed where that ends what runs', async () => {
    const { page, problems } = await openComparison({ pace: 40 });
    await page.getByRole('button', { name: 'Run Comparison' }).click();
    await page.locator('tbody tr', { hasText: '63 / 254' }).first().waitFor();
    await replaceSound(page);
    await page.getByText('The sound changed meanwhile: run the comparison again.').waitFor();
    await page.locator('.outcome').waitFor({ state: 'hidden' });
    expect(await page.getByRole('button', { name: 'Run Comparison' }).isEnabled()).toBe(true);
    await runAll(page);
    expect(problems).toEqual([]);
  });

  it('has the sound as it is now where an earlier one takes longer to open', async () => {
    const { page } = await openComparison();
    await page.evaluate(() => (window.fake.options = { ...window.fake.options, decodeMs: 600 }));
    await replaceSound(page, 1, 'earlier');
    await expect.poll(() => calls(page, 'view/openClip')).toHaveLength(2);
    await page.evaluate(() => (window.fake.options = { ...window.fake.options, decodeMs: 0 }));
    await replaceSound(page, 2, 'later');
    await expect.poll(() => page.evaluate(() => window.fake.state)).toMatchObject({ clipId: 'later' });
    await page.waitForTimeout(700);
    expect(await page.evaluate(() => window.fake.state)).toMatchObject({ clipId: 'later' });
  });
});

describe('safety and access', () => {
  it('shows hostile captions and names as text', async () => {
    const attack = '<img src=x onerror="window.attacked=1"><script>window.attacked=1</script>';
    const { page, problems } = await openComparison({
      fileName: `${attack}.wav`,
      captions: { none: `${attack} rain`, other: `${attack} snow <b>bold</b>` },
    });
    await runAll(page);
    await page.mouse.move(400, 400);
    expect(await page.locator('h1').textContent()).toBe(`Compare strategies on ${attack}.wav`);
    expect(await page.locator('.results img, .card img, .card b, h1 img').count()).toBe(0);
    expect(await page.evaluate(() => 'attacked' in window)).toBe(false);
    expect(problems).toEqual([]);
  });

  for (const theme of ['light-modern', 'dark-modern', 'high-contrast'] as const) {
    it(`has no faults that axe finds in ${theme}`, async () => {
      const { page, problems } = await openComparison({ theme, width: 1360, height: 1000, captions: grid });
      await page.getByText('Parameters and reference captions').click();
      await page
        .getByRole('textbox', { name: 'Reference captions' })
        .fill('A wolf howls, then a bell rings and fades.');
      await page.getByText('Parameters and reference captions').click();
      await runAll(page);
      await page.locator('.timeline image').waitFor();
      await page.waitForTimeout(400);
      await screenshot(page, `comparison-${theme.replace('-modern', '')}`);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(problems).toEqual([]);
    });
  }

  it('stacks in a narrow pane', async () => {
    const { page } = await openComparison({ width: 420, height: 1000, settings });
    await runAll(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(420);
    await screenshot(page, 'comparison-narrow');
  });
});
