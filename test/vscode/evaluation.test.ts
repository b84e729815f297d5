import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject } from 'vitest';
import { Harness, scenesIn } from './harness';
import type { ThemeName } from './workbench';

const sounds = ['howl-then-bell.wav', 'conference-prompt.wav'];
const benchmark = {
  name: 'tiny',
  items: [
    {
      id: 'howl',
      audio: sounds[0],
      captions: ['A wolf howls, then a bell rings.', 'A wolf howls and a bell is struck.'],
      groups: { category: 'sound' },
      events: [
        { start: 0.25, end: 4.15, what: 'a wolf howls' },
        { start: 4.65, end: 9.65, what: 'a bell rings' },
      ],
    },
    {
      id: 'conference',
      audio: sounds[1],
      captions: ['A woman asks for the number of a conference.', 'A woman speaks on a telephone.'],
      groups: { category: 'speech' },
    },
  ],
};

/** One person's sitting with evaluations: the scenes follow one another in the same window. */
describe('Evaluations in VS Code', () => {
  let harness: Harness;
  let page: Page;

  beforeAll(async () => {
    harness = await Harness.start(inject('vscode'));
    ({ page } = harness.workbench);
    await mkdir(path.join(harness.workspace, 'tiny'));
    await harness.writeFile('tiny/benchmark.json', JSON.stringify(benchmark));
    for (const sound of sounds) {
      await copyFile(path.join(harness.workspace, sound), path.join(harness.workspace, 'tiny', sound));
    }
  });
  afterAll(async () => {
    await harness.stop();
  });

  const scene = scenesIn(() => harness);

  scene('opens a file of results that the command line wrote', async () => {
    const out = path.join(harness.workspace, 'by-hand');
    const options = ['--out', out, '--strategy', 'segmentwise', '--keep', '0.5,0.25', '--max-new-tokens', '24'];
    await promisify(execFile)(process.execPath, [
      'dist/cli.js',
      'evaluate',
      path.join(harness.workspace, 'tiny'),
      ...options,
    ]);
    await harness.workbench.quickOpen('results.earmark.parquet');
    const results = await harness.workbench.view('evaluation');
    await results.getByRole('heading', { name: 'Evaluation on tiny' }).waitFor({ timeout: 60_000 });
    const table = results.getByRole('table', { name: 'Strategies by keep ratio' });
    expect(await table.locator('tbody tr').allTextContents()).toEqual([
      expect.stringContaining('All tokens'),
      expect.stringContaining('Segmentwise Top-K, 10 segments'),
    ]);
    expect(await results.locator('.evaluation-counts').textContent()).toBe('6 runs planned: 6 done.');
    await expect.poll(() => results.locator('.result-rows tbody tr').count(), { timeout: 30_000 }).toBe(6);
    await results.locator('.charts .main-svg').nth(1).waitFor();
    for (const theme of ['dark', 'light', 'highContrast'] satisfies ThemeName[]) {
      await harness.workbench.setTheme(theme);
      await harness.screenshot(`results-${theme}`);
    }
    await harness.workbench.setTheme('dark');
  });

  scene('restarts the engine of its results, and writes a report of what that one has forgotten', async () => {
    const results = await harness.workbench.view('evaluation');
    // One that dies again and again is not started a fourth time by itself; until then it is no matter for the person.
    for (let deaths = 0; deaths < 4; deaths++) {
      await expect.poll(() => harness.engineProcesses(), { timeout: 30_000 }).toHaveLength(1);
      await harness.killEngine();
    }
    await harness.workbench.notification(/not started again by itself/).waitFor();
    await harness.workbench.clearNotifications();
    await results.getByRole('button', { name: 'Restart Engine' }).click();
    // No engine of sounds beside it: none is open.
    await expect.poll(() => harness.engineProcesses(), { timeout: 30_000 }).toHaveLength(1);
    await expect.poll(() => results.getByRole('button', { name: 'Restart Engine' }).count()).toBe(0);

    // VS Code asks for the place when the report is written.
    const place = page.locator('.quick-input-widget input:not([type="checkbox"])').first();
    const written = async (): Promise<void> => {
      await expect.poll(() => place.inputValue(), { timeout: 30_000 }).toContain('tiny.html');
      await page.keyboard.press('Escape');
    };
    await results.getByRole('button', { name: 'HTML Report' }).click();
    await written();
    await harness.workbench.runCommand('Earmark: Export Report');
    await written();
  });

  scene('opens the sound of a row as its run was made', async () => {
    const results = await harness.workbench.view('evaluation');
    await results
      .locator('.result-rows tbody tr')
      .filter({ hasText: 'conference' })
      .filter({ hasText: '50\u00a0%' })
      .getByRole('button', { name: 'conference' })
      .press('Enter');
    const editor = await harness.workbench.view('editor');
    await editor.getByRole('heading', { name: sounds[1]! }).waitFor();
    await expect
      .poll(() => editor.getByRole('spinbutton', { name: 'Keep ratio' }).inputValue(), { timeout: 30_000 })
      .toBe('50');
    expect(await editor.locator('vscode-dropdown[aria-label="Strategy"]').evaluate(valueOf)).toBe('segmentwise');
    await harness.screenshot('results-row-opened');
    // Once more from the results, in a group of their own, with other settings: the editor that is open takes them over.
    await harness.workbench.tab('results.earmark.parquet').click();
    await harness.workbench.runCommand('View: Move Editor into Right Group');
    const again = await harness.workbench.view('evaluation');
    await again
      .locator('.result-rows tbody tr')
      .filter({ hasText: 'conference' })
      .filter({ hasText: '25\u00a0%' })
      .getByRole('button', { name: 'conference' })
      .press('Enter');
    const taken = await harness.workbench.view('editor');
    await expect
      .poll(() => taken.getByRole('spinbutton', { name: 'Keep ratio' }).inputValue(), { timeout: 30_000 })
      .toBe('25');
    expect(await page.locator('.tabs-container .tab').filter({ hasText: sounds[1]! }).count()).toBe(1);
  });

  scene('evaluates a dataset from the Explorer, is stopped, and goes on', async () => {
    await harness.workbench.closeEditors();
    await harness.workbench.chooseInExplorer(/^tiny$/, 'Evaluate Dataset');
    await nextStep('1/4');
    await harness.screenshot('evaluate-strategies');
    await page.keyboard.press('Enter');
    await nextStep('2/4');
    await page.keyboard.press('Enter');
    await nextStep('3/4');
    await page.keyboard.press('Enter');
    await nextStep('4/4');
    await page.keyboard.press('Enter');
    const progress = harness.workbench.notification(/Evaluating tiny/);
    await progress.filter({ hasText: /[1-9]\d* of 32 runs/ }).waitFor({ timeout: 90_000 });
    await harness.screenshot('evaluate-progress');
    await progress.getByRole('button', { name: 'Cancel' }).click();
    const stopped = harness.workbench.notification(/the evaluation of tiny was stopped/);
    await stopped.waitFor({ timeout: 60_000 });
    expect(await stopped.textContent()).toContain('All that was done is kept');
    const folder = path.join(harness.workspace, 'tiny-earmark');
    const rows = (await readFile(path.join(folder, 'rows.jsonl'), 'utf8')).trim().split('\n').length;
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(32);

    await stopped.getByRole('button', { name: 'Show Results So Far' }).click();
    const results = await harness.workbench.view('evaluation');
    await results.getByText('This evaluation is not finished').waitFor({ timeout: 60_000 });
    await results.locator('.result-rows tbody tr').first().waitFor();
    await harness.screenshot('results-so-far');

    await harness.workbench.chooseInExplorer(/^tiny$/, 'Evaluate Dataset');
    await page
      .locator('.quick-input-widget')
      .getByText(`${String(rows)} of 32 runs are made`)
      .waitFor();
    await page.keyboard.press('Enter');
    // What is open follows.
    await results.getByText('32 runs planned: 32 done.').waitFor({ timeout: 240_000 });
    // A toast goes after a while; all of them stay in the list.
    await harness.workbench.runCommand('Notifications: Show Notifications');
    const done = harness.workbench.notification(/tiny is evaluated: 32 of 32 runs/);
    await done.waitFor({ timeout: 30_000 });
    await done.getByRole('button', { name: 'Open Results' }).click();
    await harness.workbench.tab('results.earmark.parquet').waitFor();
    const whole = await harness.workbench.view('evaluation');
    await whole.getByText('32 runs planned: 32 done.').waitFor({ timeout: 60_000 });
    await whole.locator('.charts .main-svg').nth(1).waitFor();
    await harness.screenshot('results-whole');
  });

  scene('says what is wrong with a dataset that is none, and with results that are none', async () => {
    await harness.workbench.closeEditors();
    await harness.writeFile('nothing.csv', 'a,b\n1,2\n');
    await harness.workbench.quickOpen('nothing.csv');
    await harness.workbench.chooseInExplorer('nothing.csv', 'Evaluate Dataset');
    for (const step of ['1/4', '2/4', '3/4', '4/4']) {
      await nextStep(step);
      await page.keyboard.press('Enter');
    }
    const failed = harness.workbench.notification(/no format Earmark reads/);
    await failed.waitFor({ timeout: 60_000 });
    await failed.getByRole('button', { name: 'Show Log' }).waitFor();
    await harness.workbench.clearNotifications();

    await harness.writeFile('broken.earmark.parquet', 'no results at all');
    await harness.workbench.quickOpen('broken.earmark.parquet');
    const results = await harness.workbench.view('evaluation');
    const alert = results.getByRole('alert').first();
    await alert.waitFor({ timeout: 60_000 });
    expect(await alert.innerText()).toContain('is no Parquet file, or it is damaged');
    await harness.screenshot('results-broken');
  });

  scene('leaves no errors in the consoles of its views', async () => {
    expect(harness.takeErrors()).toEqual([]);
    await Promise.resolve();
  });

  async function nextStep(number: string): Promise<void> {
    await page.locator('.quick-input-title').filter({ hasText: number }).waitFor({ timeout: 15_000 });
  }
});

function valueOf(node: Element): string {
  return (node as HTMLElement & { value: string }).value;
}
