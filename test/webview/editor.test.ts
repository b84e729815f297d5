import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openView, screenshot, startPages, stopPages } from './pages';

beforeAll(startPages);
afterAll(stopPages);

describe('editor', () => {
  it('draws', async () => {
    const { page, problems } = await openView('editor');
    await page.waitForTimeout(3000);
    console.log(
      problems,
      await page.evaluate(() => [document.body.innerText, JSON.stringify(window.fake?.calls).slice(0, 500)]),
    );
    await page.waitForTimeout(1500);
    await page.getByText('Prune & Caption').first().click();
    await page.waitForTimeout(2500);
    await screenshot(page, 'wip');
    expect(problems).toEqual([]);
  });
});
