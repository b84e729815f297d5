import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { experiments } from '../../src/experiments/registry';
import type { RunSettings } from '../../src/protocol/run';
import { constructSound } from './constructed-sound';
import {
  accessibilityFaults,
  model,
  openView,
  screenshot,
  startPages,
  stopPages,
  watchTheme,
  type PageOptions,
} from './pages';

beforeAll(startPages);
afterAll(stopPages);

const falling = {
  'none': 'A wolf howls, and then a bell rings and fades away.',
  'segmentwise 0.9': 'A wolf howls, and then a bell rings and fades away.',
  'segmentwise 0.75': 'A wolf howls, and then a bell rings and fades away.',
  'segmentwise 0.5': 'A wolf howls, and then a bell rings and fades.',
  'segmentwise 0.25': 'A wolf howls, then a bell rings.',
  'segmentwise 0.05': 'The wind blows.',
  'other': 'A wolf howls, and a bell rings.',
};

async function openExperiments(options: PageOptions = {}) {
  const opened = await openView('comparison', { captions: falling, pace: 1, ...options });
  const { page } = opened;
  await page.getByText('then run the comparison').waitFor();
  await page.getByRole('tab', { name: 'Experiments' }).click();
  return opened;
}

async function choose(page: Page, label: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Experiment', exact: true }).click();
  await page.getByRole('option', { name: label }).click();
}

async function conduct(page: Page, label: string): Promise<void> {
  await choose(page, label);
  await page.getByRole('button', { name: 'Run Experiment' }).click();
  await page.locator('.experiment h2', { hasText: label }).waitFor();
}

const calls = (page: Page, method: string) =>
  page.evaluate((name) => window.fake.calls.filter((call) => call.method === name).map(({ params }) => params), method);

const fields = (page: Page) => page.locator('.experiment-form .field').allTextContents();

describe('experiments', () => {
  it('offers those of the registry with what each takes as it is', async () => {
    const { page } = await openExperiments();
    await page.getByRole('combobox', { name: 'Experiment', exact: true }).click();
    expect(await page.locator('vscode-option:visible').allTextContents()).toEqual(
      experiments.map(({ label }) => label),
    );
    await page.keyboard.press('Escape');
    expect((await fields(page)).join(' ')).not.toContain('Keep ratio ');
    await choose(page, 'Segment sweep');
    await page.getByRole('spinbutton', { name: 'Keep ratio' }).waitFor();
    expect(await page.getByRole('combobox', { name: 'Strategy' }).count()).toBe(0);
    await page.getByText('Runs segmentwise selection with 1 to 30 segments').waitFor();
  });

  it('offers no experiment that needs scores of a model that gives none, and says so', async () => {
    const { page } = await openExperiments();
    await choose(page, 'Head study');
    const run = page.getByRole('button', { name: 'Run Experiment' });
    expect(await run.isEnabled()).toBe(true);
    await page.evaluate((models) => window.fake.changeState({ models }), [{ ...model, offers: ['tokens'] as const }]);
    await page.getByText('Head study is not available: this model does not give the encoder’s scores.').waitFor();
    expect(await run.isDisabled()).toBe(true);
    await page.getByRole('combobox', { name: 'Experiment', exact: true }).click();
    const refused = page.locator('.experiment-form vscode-option[disabled]:visible');
    expect(await refused.allTextContents()).toEqual(['Segment sweep', 'Attention over time']);
    await page.getByRole('option', { name: 'Stability' }).click();
    await page.getByText('Segmentwise Top-K is not available: this model').waitFor();
    await page.getByRole('combobox', { name: 'Strategy' }).click();
    await page.getByRole('option', { name: 'DivPrune' }).click();
    await expect.poll(() => run.isEnabled()).toBe(true);
    expect(await page.getByText('is not available: this model').count()).toBe(0);
  });

  it('keeps the focus on the list that is gone through by keys', async () => {
    const { page } = await openExperiments();
    await page.getByRole('combobox', { name: 'Experiment', exact: true }).focus();
    for (const { description } of experiments.slice(1, 3)) {
      await page.keyboard.press('ArrowDown');
      await page.locator('.about', { hasText: description }).waitFor();
      expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Experiment');
    }
  });

  it('runs one with its settings and shows sentence, figure and a table that sorts', async () => {
    const { page, problems } = await openExperiments();
    await conduct(page, 'Keep-ratio sweep');
    const [request] = (await calls(page, 'view/experiment')) as { name: string; settings: RunSettings }[];
    expect(request).toMatchObject({ name: 'keep-ratio-sweep', settings: { strategy: 'segmentwise' } });
    expect(request?.settings.question).toBe('What is heard?');
    expect(await page.locator('.summary').textContent()).toBe(
      'Down to a keep ratio of 75 % a caption equal to the unpruned one is found.',
    );
    await page.locator('.experiment .js-line').first().waitFor({ state: 'attached' });
    expect(await page.locator('.experiment .legendtext').allTextContents()).toHaveLength(2);
    await page.locator('.experiment th button', { hasText: 'tokens kept' }).press('Enter');
    expect(await page.locator('.experiment tbody td').nth(1).textContent()).toBe('12');
    expect(problems).toEqual([]);
  });

  it('tells how far it is, and nothing comes of it when it is cancelled', async () => {
    const { page, problems } = await openExperiments({ pace: 60 });
    await page.getByRole('button', { name: 'Run Experiment' }).click();
    await page.getByText('Run 3: Segmentwise Top-K, 90\u00a0%…').waitFor();
    await page.getByRole('tabpanel', { name: 'Experiments' }).getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled: an experiment with half of its runs says nothing.').waitFor();
    expect(await calls(page, '$/cancelRequest')).toHaveLength(1);
    expect(await page.locator('.experiment').count()).toBe(0);
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('shows an error in words', async () => {
    const { page } = await openExperiments({
      failures: { experiment: { code: 'settings-invalid', message: 'That can not be.', action: 'Choose another.' } },
    });
    await page.getByRole('button', { name: 'Run Experiment' }).click();
    await page.getByText('That can not be. Choose another.').waitFor();
    expect(await page.getByRole('button', { name: 'Run Experiment' }).isEnabled()).toBe(true);
  });

  it('says that the engine stopped in it, also when the engine is ready again', async () => {
    const { page } = await openExperiments({
      failures: { experiment: { code: 'engine-stopped', message: 'The engine was killed.' } },
    });
    await page.getByRole('button', { name: 'Run Experiment' }).click();
    await page.getByText('The engine was killed.').waitFor();
    await page.evaluate(() => window.fake.changeState({ engine: { status: 'ready' } }));
    await page.getByText('The engine was killed.').waitFor({ state: 'detached' });
    await page.getByText('The engine stopped meanwhile: run the experiment again.').waitFor();
  });

  it('is brought up by the palette, and does not start by itself', async () => {
    const { page } = await openView('comparison', {});
    await page.getByText('then run the comparison').waitFor();
    await page.evaluate(() => window.fake.showExperiment('stability'));
    await page.getByText('Shifts the clip by 10 to 40 ms and adds noise').waitFor();
    expect(await page.getByRole('tab', { name: 'Experiments' }).getAttribute('aria-selected')).toBe('true');
    expect(await calls(page, 'view/experiment')).toEqual([]);
    await page.getByRole('tab', { name: 'Experiments' }).focus();
    await page.keyboard.press('ArrowLeft');
    expect(await page.getByRole('tab', { name: 'Comparison' }).getAttribute('aria-selected')).toBe('true');
  });

  it('exports table and figure, and goes into the report', async () => {
    const { page } = await openExperiments();
    await conduct(page, 'Head study');
    for (const name of ['CSV of', 'JSON of', 'PNG of', 'SVG of']) {
      await page.locator('.experiment').getByRole('button', { name }).click();
    }
    const names = async () =>
      ((await calls(page, 'view/save')) as { suggestedName: string }[]).map(({ suggestedName }) => suggestedName);
    const stem = 'howl-then-bell-head-study';
    await expect
      .poll(async () => (await names()).sort())
      .toEqual(['csv', 'json', 'png', 'svg'].map((ending) => `${stem}.${ending}`));
    const csv = ((await calls(page, 'view/save')) as { suggestedName: string; content: string }[]).find(
      ({ suggestedName }) => suggestedName.endsWith('.csv'),
    )!.content;
    expect(csv.split('\r\n')).toHaveLength(8);
    expect(csv).toMatch(/^head,overlap with mean/);
    await page.evaluate(() => window.fake.command('exportReport'));
    await expect.poll(() => calls(page, 'view/exportReport')).toHaveLength(1);
    const [report] = (await calls(page, 'view/exportReport')) as { data: { clips: { experiments: unknown[] }[] } }[];
    expect(report?.data.clips[0]?.experiments).toHaveLength(1);
  });

  it('comes back after a reload', async () => {
    const first = await openExperiments();
    await conduct(first.page, 'Attention over time');
    const state = await first.page.evaluate(() => window.fake.state);
    const { page, problems } = await openView('comparison', { state });
    await page.locator('.experiment h2', { hasText: 'Attention over time' }).waitFor();
    expect(await page.getByRole('tab', { name: 'Experiments' }).getAttribute('aria-selected')).toBe('true');
    expect(problems).toEqual([]);
  });

  const other = constructSound('howl-then-bell.wav', 6);
  const otherSound = { ...other, clip: { ...other.clip, clipId: 'another' } };

  it('does not come back for another sound', async () => {
    const first = await openExperiments();
    await conduct(first.page, 'Attention over time');
    const state = await first.page.evaluate(() => window.fake.state);
    const { page } = await openView('comparison', { state, sound: otherSound });
    await page.getByText('Choose an experiment and run it').waitFor();
    expect(await page.locator('.experiment').count()).toBe(0);
    expect(await page.evaluate(() => window.fake.state)).toMatchObject({ clipId: 'another', experiments: [] });
  });

  it('is not shown when the sound changed while it ran', async () => {
    const { page, problems } = await openExperiments({ pace: 40 });
    await page.getByRole('button', { name: 'Run Experiment' }).click();
    await page.getByText('Run 2:').waitFor();
    await page.evaluate(() => {
      const { sound } = window.fake.options;
      const clip = { ...sound!.clip, clipId: 'another' };
      window.fake.options = { ...window.fake.options, sound: { ...sound!, clip } };
      window.fake.changeState({ revision: 1 });
    });
    await page.getByText('The sound changed meanwhile: run the experiment again.').waitFor();
    expect(await page.locator('.experiment').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Run Experiment' }).isEnabled()).toBe(true);
    expect(problems).toEqual([]);
  });

  it('lets go of figures that are drawn anew', async () => {
    const { page } = await openExperiments();
    const watching = await watchTheme(page);
    for (const label of ['Head study', 'Attention over time']) await conduct(page, label);
    expect(await watching()).toBe(2);
  });

  for (const theme of ['light-modern', 'dark-modern', 'high-contrast'] as const) {
    it(`has no faults that axe finds in ${theme}`, async () => {
      const { page, problems } = await openExperiments({ theme, width: 1200, height: 900 });
      for (const label of ['Keep-ratio sweep', 'Head study', 'Attention over time']) await conduct(page, label);
      await page.waitForTimeout(500);
      await screenshot(page, `experiments-${theme.replace('-modern', '')}`);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(problems).toEqual([]);
    });
  }
});
