import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReportData } from '../../src/protocol/report';
import { renderReport } from '../../src/report/report';
import { fromJson, toJson } from '../../src/report/typed-arrays';
import { accessibilityFaults, openFile, openView, repository, screenshot, startPages, stopPages } from './pages';

beforeAll(startPages);
afterAll(stopPages);

const attack = '</script><img src=x onerror="window.attacked=1"><!-- ';
const captions = {
  'none': 'A woman says, “please enter your number”, then a bell rings.',
  'random': `${attack} rain`,
  'top-k 0.25': 'A woman says, “please enter a number”, then a bell rings.',
  'other': 'A woman speaks, then a bell rings.',
};

/** What the comparison hands over for its report, of a comparison and an experiment. */
async function reportOf(fileName: string): Promise<ReportData> {
  const { page } = await openView('comparison', { captions, pace: 1, fileName });
  await page.getByText('then run the comparison').waitFor();
  await page.getByRole('button', { name: 'Run Comparison' }).click();
  await page.getByText('13 runs done.').waitFor();
  await page.evaluate(() => window.fake.showExperiment('head-study'));
  await page.getByRole('button', { name: 'Run Experiment' }).click();
  await page.locator('.experiment').waitFor();
  await page.evaluate(() => window.fake.command('exportReport'));
  await expect
    .poll(() => page.evaluate(() => window.fake.calls.some(({ method }) => method === 'view/exportReport')))
    .toBe(true);
  // Typed arrays do not survive a page's JSON as they are.
  const json = await page.evaluate(() => {
    const { params } = window.fake.calls.find(({ method }) => method === 'view/exportReport')!;
    return JSON.stringify((params as { data: unknown }).data, (_key, value: unknown) =>
      value instanceof Float32Array || value instanceof Uint8Array
        ? { $list: value.constructor.name, values: [...value] }
        : value,
    );
  });
  const data = JSON.parse(json, (_key, value: { $list?: string; values?: number[] } | null) =>
    value?.$list === undefined
      ? value
      : value.$list === 'Float32Array'
        ? Float32Array.from(value.values!)
        : Uint8Array.from(value.values!),
  ) as ReportData;
  const [clip] = data.clips;
  return { ...data, clips: [{ ...clip!, clip: { ...clip!.clip, name: fileName } }] };
}

function write(data: ReportData, name: string): string {
  const read = (file: string) => readFileSync(path.join(repository, 'test/output/webview-dist/webview', file), 'utf8');
  const folder = path.join(repository, 'test/output/reports');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.html`);
  writeFileSync(file, renderReport(data, { script: read('report.js'), style: read('report.css') }));
  return file;
}

describe('report', () => {
  it('opens without a network, light and dark, with everything that was found', async () => {
    const data = await reportOf('conference.wav');
    expect(fromJson(toJson(data))).toEqual(data);
    const file = write(data, 'comparison');
    for (const scheme of ['light', 'dark'] as const) {
      const { page, problems } = await openFile(file, scheme);
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      await page.reload();
      await page.locator('.timeline image').waitFor();
      await page.locator('.experiment .main-svg').first().waitFor();
      expect(await page.locator('.results tbody tr').count()).toBe(13);
      expect(await page.getByRole('note').textContent()).toContain('costly for transcription');
      expect(await page.locator('.experiment h2').textContent()).toContain('Head study');
      await page.locator('.results th button', { hasText: 'WER' }).press('Enter');
      expect(await page.getByRole('columnheader', { name: 'WER' }).getAttribute('aria-sort')).toBe('ascending');
      expect(requests.filter((url) => /^(https?|wss?):/.test(url))).toEqual([]);
      await page.waitForTimeout(300);
      await screenshot(page, `report-${scheme}`);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(problems).toEqual([]);
    }
  });

  it('shows hostile captions and names as text', async () => {
    const file = write(await reportOf(`${attack}.wav`), 'hostile');
    const { page, problems } = await openFile(file, 'light');
    await page.locator('.results tbody tr').first().waitFor();
    expect(await page.locator('.clip-name').textContent()).toBe(`${attack}.wav`);
    expect(await page.locator('.results', { hasText: attack }).count()).toBe(1);
    expect(await page.evaluate(() => 'attacked' in window)).toBe(false);
    expect(await page.locator('img').count()).toBe(0);
    expect(problems).toEqual([]);
  });
});
