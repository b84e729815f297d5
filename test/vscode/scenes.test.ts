import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Frame, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFailed } from 'vitest';
import { Harness, scenesIn } from './harness';
import type { ThemeName } from './workbench';

const sound = 'howl-then-bell.wav';
/** 10.15 s at 25 tokens a second. */
const allTokens = 254;
const quarter = 63;

/** One person's sitting: the scenes follow one another in the same window. */
describe('Earmark in VS Code', () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await Harness.start(inject('vscode'));
  });
  afterAll(async () => {
    await harness.stop();
  });

  const scene = scenesIn(() => harness);

  scene('is installed from its VSIX and offers its commands', async () => {
    const extensions = await harness.server.installedExtensions();
    expect(extensions.filter((name) => name.startsWith('earmark.earmark-'))).toHaveLength(1);
    const titles = await harness.workbench.commandTitles('Earmark: ');
    expect(titles).toEqual(
      expect.arrayContaining([
        'Earmark: Prune & Caption',
        'Earmark: Compare Strategies',
        'Earmark: Show Attention',
        'Earmark: Export Report',
        'Earmark: Open with Earmark',
        'Earmark: Show Log',
      ]),
    );
  });

  scene('opens a sound and shows it on a timeline', async () => {
    await harness.workbench.openInEarmark(sound);
    const editor = await harness.workbench.view('editor');
    await editor.getByRole('heading', { name: sound }).waitFor();
    await editor
      .getByText(`keeps ${String(quarter)} of ${String(allTokens)} tokens (24.8 %)`)
      .first()
      .waitFor();
    expect(await editor.locator('.about').textContent()).toContain('0:10.15');

    const timeline = editor.getByRole('slider', { name: 'Timeline of the sound' });
    await expect.poll(() => axisWords(timeline)).toEqual(expect.arrayContaining(['Choice']));
    await timeline.focus();
    await timeline.press('Home');
    await timeline.press('ArrowRight');
    await expect.poll(() => timeline.getAttribute('aria-valuetext')).toMatch(/token 1\b/i);
  });

  scene('prunes and captions from the palette', async () => {
    await harness.workbench.runCommand('Earmark: Prune & Caption');
    const editor = await harness.workbench.view('editor');
    const [pruned, all] = await twoCaptions(editor);
    expect(all.heading).toBe('All tokens');
    expect(all.facts).toContain(`keeps ${String(allTokens)} of ${String(allTokens)} tokens`);
    expect(pruned.heading).toContain('25 %');
    expect(pruned.facts).toContain(`keeps ${String(quarter)} of ${String(allTokens)} tokens (24.8 %)`);
    for (const { caption } of [pruned, all]) {
      expect(caption.split(/\s+/).length).toBeGreaterThan(2);
    }
    await harness.screenshot('captions');
  });

  scene('traces a word to the sound', async () => {
    const editor = await harness.workbench.view('editor');
    const card = editor.locator('.card[data-run]').filter({ hasText: 'All tokens' }).first();
    await card.getByRole('button', { name: 'Trace words to sound' }).click();
    const word = card
      .locator('.word')
      .filter({ hasText: /\p{L}{4,}/u })
      .first();
    await word.click({ timeout: 60_000 });
    expect(await card.locator('.said').textContent()).toMatch(
      /^“\p{L}+” looked most at \d+\.\d\d–\d+\.\d\d s \(token \d+\); [\d.]+\u00a0% of its attention went to the sound\.$/u,
    );
    expect(await card.locator('.correlation').textContent()).toMatch(
      /^Rank correlation of encoder scores and decoder attention: -?[01]\.\d\d \(over 254 tokens\)/,
    );
    await harness.screenshot('traced-word');
  });

  for (const theme of ['light', 'dark', 'highContrast'] satisfies ThemeName[]) {
    scene(`draws in the colours of the theme: ${theme}`, async () => {
      await harness.workbench.setTheme(theme);
      const editor = await harness.workbench.view('editor');
      await harness.screenshot(`editor-${theme}`);
      // Read from the page, which follows the theme without being made anew.
      const colours = await editor.evaluate(() => {
        const { color, backgroundColor } = getComputedStyle(document.body);
        return { color, backgroundColor };
      });
      expect(colours.color).not.toBe(colours.backgroundColor);
    });
  }

  scene('shows the attention in its pane', async () => {
    await harness.workbench.runCommand('Earmark: Show Attention');
    const pane = await harness.workbench.view('attention');
    await pane.locator('svg.main-svg').first().waitFor();
    await harness.screenshot('attention');
  });

  scene('comes back after the window is reloaded', async () => {
    const before = await twoCaptions(await harness.workbench.view('editor'));
    await harness.workbench.reload();
    const editor = await harness.workbench.view('editor');
    // What was traced is not kept, and with it goes a line; everything that was said stands.
    const said = (captions: typeof before) => captions.map(({ heading, caption }) => [heading, caption.trim()]);
    expect(said(await twoCaptions(editor))).toEqual(said(before));
  });

  scene('prunes and captions a sound from the Explorer that is not open', async () => {
    const other = 'conference-prompt.wav';
    await harness.workbench.chooseInExplorer(other, 'Prune & Caption');
    // Until its tab is in front, the editor of the other sound is what is seen.
    let editor = await harness.workbench.view('editor');
    const heading = async (): Promise<number> => {
      editor = await harness.workbench.view('editor');
      return editor.getByRole('heading', { name: other }).count();
    };
    await expect.poll(heading, { timeout: 30_000 }).toBe(1);
    const [pruned, all] = await twoCaptions(editor);
    for (const { caption } of [pruned, all]) {
      expect(caption).toMatch(/Please enter your conference number/);
    }
    await harness.workbench.runCommand('View: Close Editor');
  });

  scene('compares every strategy at three ratios, with the numbers of the command line', async () => {
    await harness.workbench.runCommand('Earmark: Compare Strategies');
    const comparison = await harness.workbench.view('comparison');
    await comparison.getByRole('button', { name: 'All', exact: true }).click();
    await comparison.getByRole('button', { name: /^Run/ }).first().click();
    const rows = comparison.locator('table tbody tr');
    // All tokens once, fifteen strategies at 50, 25 and 10 %.
    await expect.poll(() => rows.filter({ hasText: `/ ${String(allTokens)}` }).count(), { timeout: 400_000 }).toBe(46);
    await harness.screenshot('comparison');
    const shown = await rows.locator('td:nth-of-type(3)').allTextContents();

    const command = ['dist/cli.js', 'compare', `media/samples/${sound}`, '--json', '--max-new-tokens', '1'];
    const { stdout } = await promisify(execFile)(process.execPath, command, { maxBuffer: 1 << 26 });
    const { runs } = JSON.parse(stdout) as { runs: { tokens: { kept: number } }[] };
    const kept = runs.map(({ tokens }) => `${String(tokens.kept)} / ${String(allTokens)}`);
    expect(shown.map((text) => text.trim()).sort()).toEqual(kept.sort());
  });

  scene('recovers when the engine is killed', async () => {
    await harness.workbench.openInEarmark(sound);
    const before = await harness.engineProcesses();
    expect(before).toHaveLength(1);
    await harness.killEngine();
    await harness.workbench.notification(/engine stopped/i).waitFor();
    await expect.poll(() => harness.engineProcesses(), { timeout: 30_000 }).toHaveLength(1);
    expect(await harness.engineProcesses()).not.toEqual(before);
    await harness.workbench.clearNotifications();

    const editor = await harness.workbench.view('editor');
    const runs = await runIds(editor);
    await harness.workbench.runCommand('Earmark: Prune & Caption');
    await expect.poll(() => runIds(editor), { timeout: 60_000 }).not.toEqual(runs);
    await twoCaptions(editor);
  });

  scene('keeps the comparison that is at work when its old tab is shown again', async () => {
    // The comparison stands behind the editor: VS Code brings it back when its tab is shown, and not before.
    await harness.workbench.reload();
    await harness.workbench.view('editor');
    await harness.workbench.runCommand('Earmark: Compare Strategies');
    const comparison = await harness.workbench.view('comparison');
    await comparison.getByRole('textbox', { name: 'Keep ratios' }).fill('0.33');
    const tabs = harness.workbench.page.locator('.tabs-container .tab').filter({ hasText: `Compare: ${sound}` });
    await expect.poll(() => tabs.count()).toBe(2);
    await tabs.and(harness.workbench.page.locator(':not(.active)')).click();
    await expect.poll(() => tabs.count()).toBe(1);
    const shown = await harness.workbench.view('comparison');
    expect(await shown.getByRole('textbox', { name: 'Keep ratios' }).inputValue()).toBe('0.33');
  });

  scene('goes to the editor that there is, in whichever group it stands', async () => {
    await harness.workbench.runCommand('View: New Editor Group to the Right');
    await harness.workbench.quickOpen('samples.json');
    const tabs = harness.workbench.page.locator('.tabs-container .tab').filter({ hasText: sound });
    const before = await tabs.count();
    await harness.workbench.runCommand('Earmark: Prune & Caption');
    const editor = await harness.workbench.view('editor');
    await editor.getByText('2 captions ready.').waitFor({ timeout: 60_000 });
    expect(await tabs.count()).toBe(before);
    await harness.screenshot('two-groups');
  });

  it.each([
    ['a text file named .wav', 'shopping.wav', 'eggs\nmilk\nbread\n'],
    ['an empty file', 'empty.wav', ''],
  ])('says what is wrong with %s', async (what, name, content) => {
    onTestFailed(async () => {
      await harness.diagnose(what);
    });
    await harness.writeFile(name, content);
    await harness.workbench.closeEditors();
    await harness.workbench.openInEarmark(name);
    const editor = await harness.workbench.view('editor');
    const alert = editor.getByRole('alert').first();
    await alert.waitFor();
    const words = await alert.innerText();
    expect(words.length).toBeGreaterThan(20);
    expect(words).not.toMatch(/undefined|\bat \S+:\d+|TypeError|ENOENT/);
    await harness.screenshot(name.replace('.wav', '-error'));
  });

  scene('leaves no errors in the consoles of its views', async () => {
    expect(harness.takeErrors()).toEqual([]);
    await Promise.resolve();
  });
});

interface CaptionCard {
  readonly heading: string;
  readonly facts: string;
  readonly caption: string;
}

/** The newest pruned caption and the one from all tokens, once both are finished. */
async function twoCaptions(editor: Frame): Promise<[pruned: CaptionCard, all: CaptionCard]> {
  const cards = editor.locator('.captions article[data-run]');
  const streaming = editor.locator('.captions .streaming');
  await expect.poll(() => cards.count(), { timeout: 120_000 }).toBeGreaterThanOrEqual(2);
  await expect.poll(() => streaming.count(), { timeout: 120_000 }).toBe(0);
  const all = await Promise.all((await cards.all()).map(readCard));
  const baseline = all.find(({ heading }) => heading === 'All tokens');
  const pruned = all.find(({ heading }) => heading !== 'All tokens');
  if (baseline === undefined || pruned === undefined) {
    throw new Error(`Expected a caption from all tokens and one from fewer; found ${JSON.stringify(all)}`);
  }
  return [pruned, baseline];
}

async function readCard(card: Locator): Promise<CaptionCard> {
  return {
    heading: plain(await card.getByRole('heading').innerText()),
    facts: plain((await card.locator('.facts').allInnerTexts()).join('\n')),
    caption: plain(await card.locator('.caption').innerText()),
  };
}

/** Numbers stand before their units with a space that does not break. */
function plain(text: string): string {
  return text.replaceAll('\u00a0', ' ');
}

async function runIds(editor: Frame): Promise<(string | null)[]> {
  const cards = await editor.locator('.captions article[data-run]').all();
  return Promise.all(cards.map((card) => card.getAttribute('data-run')));
}

/** What the plot's axes say. */
function axisWords(timeline: Locator): Promise<string[]> {
  return timeline.locator('svg text').evaluateAll((texts) => texts.map((text) => text.textContent));
}
