import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accessibilityFaults,
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

/** An editor with both captions, the words of the pruned one or of all tokens traced. */
async function openTraced(options: PageOptions = {}, card = 1) {
  const opened = await openCaptions(options);
  const traced = opened.page.locator('.card[data-run]').nth(card);
  await traced.getByRole('button', { name: 'Trace words to sound' }).click();
  await traced.locator('.word').first().waitFor();
  return { ...opened, card: traced, words: traced.locator('.word'), said: traced.locator('.said') };
}

async function openCaptions(options: PageOptions = {}) {
  const opened = await openView('editor', options);
  await opened.page.locator('.timeline image').waitFor();
  await opened.page.getByRole('button', { name: 'Prune & Caption' }).click();
  await opened.page.locator('.card[data-run]').nth(1).waitFor();
  return opened;
}

/** Columns of the row of words that have colour, as shares of its width, and the share of the darkest. */
const heat = (page: Page) =>
  page.locator('.word-row').evaluate((node) => {
    const canvas = node as HTMLCanvasElement;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, 1);
    const alphas = Array.from({ length: canvas.width }, (_, x) => data[x * 4 + 3]!);
    const highest = alphas.reduce((a, b) => Math.max(a, b), 0);
    return { highest, at: alphas.indexOf(highest) / canvas.width, lit: alphas.filter((alpha) => alpha > 0).length };
  });

const text = async (locator: Locator) => (await locator.textContent())!;

describe('from a word to the sound', () => {
  it('turns the words into buttons that light the tokens they looked at', async () => {
    const { page, words, said, card, problems } = await openTraced({}, 0);
    expect(await words.allTextContents()).toEqual('A wolf howls, and then a bell rings and fades away.'.split(' '));
    expect(await text(card.locator('.caption'))).toContain('A wolf howls, and then a bell rings and fades away.');
    await words.filter({ hasText: 'bell' }).hover();
    expect(await text(said)).toMatch(
      /^“bell” looked most at \d\.\d\d–\d\.\d\d s \(token \d+\); 18\u00a0% of its attention went to the sound\.$/,
    );
    await expect.poll(async () => (await heat(page)).highest).toBe(255);
    const bell = await heat(page);
    const token = Number(/token (\d+)/.exec(await text(said))![1]);
    expect(bell.at).toBeCloseTo(token / 254, 1);
    await page.locator('.word-peak').waitFor();
    await words.filter({ hasText: 'wolf' }).hover();
    expect((await heat(page)).at).toBeLessThan(bell.at);
    await page.mouse.move(5, 5);
    await page.locator('.word-peak').waitFor({ state: 'hidden' });
    expect((await heat(page)).lit).toBe(0);
    expect(problems).toEqual([]);
  });

  it('goes from word to word by keyboard; Enter keeps one lit and Escape lets it go', async () => {
    const { page, words, said } = await openTraced({}, 0);
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    await expect.poll(focused).toBe('A');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toBe('howls,');
    expect(await text(said)).toContain('“howls” looked most at');
    await page.keyboard.press('Enter');
    expect(await words.nth(2).getAttribute('aria-pressed')).toBe('true');
    await page.keyboard.press('ArrowRight');
    expect(await text(said)).toContain('“and” looked most at');
    await page.locator('.timeline').focus();
    expect(await text(said)).toContain('“howls” looked most at');
    expect((await heat(page)).highest).toBe(255);
    await words.nth(3).focus();
    await page.keyboard.press('Space');
    expect(await words.nth(3).getAttribute('aria-pressed')).toBe('true');
    expect(await page.evaluate(() => window.fake.played.length)).toBe(0);
    await page.keyboard.press('Escape');
    expect(await words.nth(3).getAttribute('aria-pressed')).toBe('false');
    expect((await heat(page)).lit).toBe(0);
  });

  it('keeps the differences from all tokens among the words', async () => {
    const { card, words } = await openTraced();
    expect((await card.locator('.caption del').allTextContents()).map((word) => word.trim())).toEqual(['wolf']);
    expect(await card.locator('.caption ins .word').allTextContents()).toEqual(['dog', 'slowly']);
    expect(await words.count()).toBe(12);
  });

  it('draws the decoder beside the encoder and tells how they agree', async () => {
    const { page, card } = await openTraced();
    const words = await text(card.locator('.correlation'));
    expect(words).toMatch(/^Rank correlation of encoder scores and decoder attention: -?\d\.\d\d \(over 63 tokens\)\./);
    expect(words).toContain('trace the caption of all tokens');
    const legend = page.getByText('decoder attention (× average token)').first();
    await legend.waitFor();
    await card.getByRole('checkbox', { name: 'Decoder attention on the timeline' }).click();
    await legend.waitFor({ state: 'detached' });
    const all = page.locator('.card[data-run]').nth(0);
    await all.getByRole('button', { name: 'Trace words to sound' }).click();
    await all.locator('.correlation').waitFor();
    expect(await text(all.locator('.correlation'))).toContain('(over 254 tokens)');
    expect(await text(all.locator('.correlation'))).not.toContain('trace the caption of all tokens');
    await legend.waitFor();
  });

  it('has the same as a table', async () => {
    const { card } = await openTraced();
    await card.getByText('What each word looked at, as a table').click();
    const row = card.getByRole('row').filter({ hasText: 'bell' });
    expect(await row.getByRole('cell').allTextContents()).toEqual([
      'bell',
      expect.stringMatching(/^\d\.\d\d–\d\.\d\d s$/),
      expect.stringMatching(/^\d+$/),
      '18\u00a0%',
    ]);
  });

  it('can be cancelled, and says what went wrong', async () => {
    const { page, problems } = await openCaptions({
      pace: 100,
      failures: { explain: { code: 'model-invalid', message: 'This decoder does not give its attention.' } },
    });
    const card = page.locator('.card[data-run]').nth(0);
    await card.getByRole('button', { name: 'Trace words to sound' }).click();
    await card.getByRole('button', { name: 'Cancel tracing' }).click();
    await page.getByText('Cancelled.').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    await card.getByRole('button', { name: 'Trace words to sound' }).click();
    await page.getByRole('alert').waitFor();
    expect(await text(page.getByRole('alert'))).toContain('This decoder does not give its attention.');
    await card.getByRole('button', { name: 'Trace words to sound' }).waitFor();
    expect(problems).toEqual([]);
  });

  it('obeys the palette’s cancel', async () => {
    const { page } = await openCaptions({ pace: 100 });
    await page.getByRole('button', { name: 'Trace words to sound' }).first().click();
    await page.evaluate(() => window.fake.command('cancel'));
    await page.getByText('Cancelled.').waitFor();
  });

  it('leaves nothing on the timeline where its run is removed meanwhile', async () => {
    const { page } = await openCaptions({ pace: 100 });
    const card = page.locator('.card[data-run]').nth(1);
    await card.getByRole('button', { name: 'Trace words to sound' }).click();
    await card.getByRole('button', { name: /^Remove/ }).click();
    await page.getByText('Tracing words to the sound…').first().waitFor({ state: 'hidden' });
    expect(await page.locator('.timeline').getByText('Words', { exact: true }).count()).toBe(0);
    expect(await page.locator('.word-row').isVisible()).toBe(false);
  });

  it('shows merged tokens and long clips', async () => {
    const { page, words, said, problems } = await openTraced({
      file: 'half-minute.wav',
      repeats: 2,
      settings: { ...settings, strategy: 'a-tome', keepRatio: 0.2 },
    });
    await words.last().focus();
    await page.keyboard.press('Enter');
    expect(await text(said)).toMatch(/token 1\d\d\d|token [89]\d\d/);
    await page.locator('.word-peak').waitFor();
    await screenshot(page, 'trace-merged');
    expect(problems).toEqual([]);
  });

  for (const theme of ['light-modern', 'dark-modern', 'high-contrast'] as const) {
    it(`has no faults that axe finds in ${theme}`, async () => {
      const { page, words, problems } = await openTraced({ theme, width: 1440, height: 960 }, 0);
      await words.filter({ hasText: 'bell' }).click();
      await page.getByText('What each word looked at, as a table').click();
      await page.waitForTimeout(400);
      await screenshot(page, `trace-${theme}`);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(problems).toEqual([]);
    });
  }
});

describe('speech', () => {
  it('tells the word error rate against all tokens where the caption quotes speech', async () => {
    const { page } = await openCaptions({ captions: spoken });
    const facts = await page.locator('.card .speech').allTextContents();
    expect(facts).toHaveLength(1);
    expect(facts[0]).toContain('word error rate 40\u00a0% against all tokens (2 errors in 5 words)');
    expect(facts[0]).toContain('Pruning hurts transcription');
  });

  it('says nothing of speech where there is none', async () => {
    const { page } = await openCaptions();
    expect(await page.locator('.card .speech').count()).toBe(0);
  });
});
