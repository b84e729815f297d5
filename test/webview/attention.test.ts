import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityFaults, model, openView, screenshot, startPages, stopPages, type PageOptions } from './pages';

beforeAll(startPages);
afterAll(stopPages);

/** The pane beside an editor whose sound is encoded, with every fourth token kept. */
async function openPane(options: PageOptions = {}) {
  const opened = await openView('attention', { height: 420, ...options });
  await opened.page.getByText('has not been encoded yet').waitFor();
  await opened.page.evaluate(() => window.fake.sendAttention(Array.from({ length: 63 }, (_, i) => i * 4)));
  await opened.page.locator('.attention-heads .main-svg').first().waitFor();
  return opened;
}

const calls = (page: Page, method: string) =>
  page.evaluate((name) => window.fake.calls.filter((call) => call.method === name).map(({ params }) => params), method);

describe('the attention pane', () => {
  it('says what it waits for', async () => {
    const { page } = await openView('attention');
    await page.getByText('howl-then-bell.wav has not been encoded yet.').waitFor();
    await page.evaluate(() => window.fake.changeState({ models: [] }));
    await page.getByText('No model was found. Attention needs a model pack').waitFor();
  });

  it('is empty again when the editor has nothing to show', async () => {
    const { page } = await openPane();
    await page.evaluate(() => window.fake.sendNoAttention());
    await page.locator('#root > .empty').waitFor();
    await page.locator('.attention').waitFor({ state: 'hidden' });
  });

  it('shows nothing of a model that gives no attention, and says so', async () => {
    const { page } = await openView('attention', { models: [{ ...model, offers: [] }] });
    await page.evaluate(() => window.fake.sendAttention([0]));
    await page.getByText(`The attention of the model ${model.modelId} can not be read`).waitFor();
    await page.evaluate(() => window.fake.changeState({}));
    await page.locator('.attention').waitFor({ state: 'hidden' });
    await page.getByText(`The attention of the model ${model.modelId} can not be read`).waitFor();
  });

  it('draws a heat map of the heads, which chooses a head by click', async () => {
    const { page, problems } = await openPane();
    const map = page.locator('.attention-heads');
    expect(await map.locator('.ytick text').allTextContents()).toEqual(
      [0, 1, 2, 3, 4, 5].map((head) => `Head ${head}`),
    );
    // Plotly draws a heat map as one picture.
    await map.locator('.hm image').waitFor();
    const box = (await map.locator('.nsewdrag').boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + (box.height * 2.5) / 6);
    await expect.poll(() => calls(page, 'view/pointAt')).not.toEqual([]);
    await page.mouse.click(box.x + box.width / 2, box.y + (box.height * 2.5) / 6);
    await expect.poll(() => calls(page, 'view/chooseHead')).toEqual([{ headReduce: 2 }]);
    expect(problems).toEqual([]);
  });

  it('sends the mean, the maximum or one head to the editor', async () => {
    const { page } = await openPane();
    for (const name of ['Maximum of all heads', 'Head 4', 'Mean of all heads']) {
      await page.getByRole('combobox', { name: 'Attention heads' }).click();
      await page.getByRole('option', { name }).click();
    }
    await expect
      .poll(() => calls(page, 'view/chooseHead'))
      .toEqual([{ headReduce: 'max' }, { headReduce: 4 }, { headReduce: 'mean' }]);
  });

  it('tells in words how the attention is spread', async () => {
    const { page } = await openPane();
    const words = (await page.locator('.attention-spread .count').textContent())!;
    expect(words).toMatch(/^The top 25\u00a0% of tokens receive \d\d(\.\d)?\u00a0% of the attention\.$/);
    expect(await page.locator('.attention-spread .chart').getAttribute('aria-label')).toContain(words);
  });

  it('ranks the tokens, goes through them by keyboard, and points at each', async () => {
    const { page } = await openPane();
    const rows = page.locator('.ranking tbody tr');
    expect(await rows.count()).toBe(50);
    await expect.poll(() => rows.first().textContent()).toContain('117');
    await rows.first().focus();
    await page.keyboard.press('ArrowDown');
    const second = Number(await rows.nth(1).getAttribute('data-token'));
    await expect.poll(async () => (await calls(page, 'view/pointAt')).at(-1)).toEqual({ token: second });
    await page.keyboard.press('End');
    expect(await rows.last().evaluate((row) => row === document.activeElement)).toBe(true);
    await page.keyboard.press('PageDown');
    expect(await page.locator('.pager').textContent()).toContain('51–100 of 254');
    expect(await rows.first().evaluate((row) => row === document.activeElement)).toBe(true);
    await page.keyboard.press('PageUp');
    expect(await page.locator('.pager').textContent()).toContain('1–50 of 254');
    expect(await rows.filter({ hasText: '✓ kept' }).count()).toBeGreaterThan(0);
  });

  it('leaves a person on the token where they are when its row is made anew', async () => {
    const { page } = await openPane();
    const rows = page.locator('.ranking tbody tr');
    await rows.first().focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
    const token = await rows.nth(3).getAttribute('data-token');
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset['token']);
    expect(await focused()).toBe(token);
    await page.evaluate(() => window.fake.sendAttention([1, 2, 3]));
    await expect.poll(() => rows.filter({ hasText: '✓ kept' }).count()).toBeLessThan(4);
    expect(await focused()).toBe(token);
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe(await rows.nth(4).getAttribute('data-token'));
    // Other scores put it elsewhere.
    const there = await focused();
    const order = () => rows.evaluateAll((all) => all.map(({ dataset }) => dataset['token']));
    const before = await order();
    await page.evaluate(() => {
      window.fake.options = { ...window.fake.options, settings: { ...window.fake.options.settings, headReduce: 4 } };
      window.fake.sendAttention([1, 2, 3]);
    });
    await expect.poll(order).not.toEqual(before);
    expect(await focused()).toBe(there);
  });

  it('leaves a person on the buttons that turn pages at either end', async () => {
    const { page } = await openPane();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    await page.getByRole('button', { name: 'Lower ranks' }).focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press('Enter');
    await page.getByText('251–254 of 254').waitFor();
    await expect.poll(focused).toBe('Higher ranks');
    await page.keyboard.press('Enter');
    await page.getByText('201–250 of 254').waitFor();
    for (let i = 0; i < 4; i++) await page.keyboard.press('Enter');
    await page.getByText('1–50 of 254').waitFor();
    await expect.poll(focused).toBe('Lower ranks');
  });

  it('says that what is kept is not known where only a run can tell', async () => {
    const { page } = await openPane();
    const unknown = page.getByText('Which tokens are kept is not known before a run.');
    expect(await unknown.isVisible()).toBe(false);
    await page.evaluate(() => window.fake.sendAttention(null));
    await unknown.waitFor();
    expect(await page.locator('.ranking tbody tr').first().locator('td').last().textContent()).toBe('?');
  });

  it('lights up the token that the editor points at', async () => {
    const { page } = await openPane();
    await page.evaluate(() => window.fake.pointAt(117));
    expect(await page.locator('.title .about').textContent()).toMatch(/^Token 117, 0:04\.68: \d+\.\d\d× average$/);
    expect(await page.locator('.ranking tr.lit').getAttribute('data-token')).toBe('117');
    await page.locator('.attention-heads .pointed').waitFor();
    await page.evaluate(() => window.fake.pointAt(null));
    await page.locator('.attention-heads .pointed').waitFor({ state: 'hidden' });
    expect(await page.locator('.ranking tr.lit').count()).toBe(0);
  });

  for (const theme of ['light-modern', 'dark-modern', 'high-contrast'] as const) {
    it(`has no faults that axe finds in ${theme}`, async () => {
      const { page, problems } = await openPane({ theme });
      await page.evaluate(() => window.fake.pointAt(117));
      await page.waitForTimeout(400);
      await screenshot(page, `attention-${theme}`);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(problems).toEqual([]);
    });
  }
});
