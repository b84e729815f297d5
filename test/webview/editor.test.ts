import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mostNewTokens, type RunSettings } from '../../src/protocol/run';
import {
  accessibilityFaults,
  captions,
  model,
  openView,
  screenshot,
  settings,
  startPages,
  stopPages,
  switchTheme,
  type PageOptions,
} from './pages';

beforeAll(startPages);
afterAll(stopPages);

/** An editor whose sound is encoded. */
async function openEditor(options: PageOptions = {}) {
  const opened = await openView('editor', options);
  await opened.page.locator('.timeline .main-svg').first().waitFor();
  await opened.page.getByText('Choice', { exact: true }).first().waitFor();
  return opened;
}

async function prune(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Prune & Caption' }).click();
  await page.locator('.card[data-run]').nth(1).waitFor();
}

const calls = (page: Page, method: string) =>
  page.evaluate((name) => window.fake.calls.filter((call) => call.method === name).map(({ params }) => params), method);

const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
const focusedText = (page: Page) => page.evaluate(() => document.activeElement?.textContent.trim());

describe('choosing', () => {
  it('counts the kept tokens live, before anything is run', async () => {
    const { page, problems } = await openEditor();
    const count = page.locator('.count');
    expect(await count.textContent()).toContain('keeps 63 of 254 tokens (24.8\u00a0%)');
    await page.getByRole('spinbutton', { name: 'Keep ratio' }).fill('10');
    await expect.poll(() => count.textContent()).toContain('keeps 25 of 254 tokens');
    await page.getByRole('combobox', { name: 'Budget' }).click();
    await page.getByRole('option', { name: 'Paper' }).click();
    await expect.poll(() => count.textContent()).toContain('asked 25; paper budget keeps 20');
    expect(await calls(page, 'view/run')).toEqual([]);
    await expect
      .poll(async () => (await calls(page, 'view/chooseSettings')).at(-1))
      .toMatchObject({ settings: { keepRatio: 0.1, budgetMode: 'paper', strategy: 'segmentwise' } });
    expect(problems).toEqual([]);
  });

  it('refuses a number outside its range, in words for screen readers too', async () => {
    const { page } = await openEditor();
    const field = page.getByRole('spinbutton', { name: 'Segments' });
    await field.fill('0');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await field.fill('5');
    expect(await field.getAttribute('aria-invalid')).toBe('false');
    const length = page.getByRole('spinbutton', { name: 'Most new tokens' });
    await length.fill(String(mostNewTokens + 1));
    expect(await length.getAttribute('aria-invalid')).toBe('true');
    await page.getByText('A whole number from 1 to 1024: 64 stays in force.').waitFor();
    await length.fill(String(mostNewTokens));
    expect(await length.getAttribute('aria-invalid')).toBe('false');
    expect(await page.getByText('stays in force').count()).toBe(0);
    const ratio = page.getByRole('spinbutton', { name: 'Keep ratio' });
    await ratio.fill('12.5');
    await expect.poll(() => page.locator('.count').textContent()).toContain('keeps 31 of 254 tokens');
    await ratio.fill('0.5');
    await page.getByText('From 1 to 100 %: 12.5 % stays in force.').waitFor();
    await page.getByRole('slider', { name: 'Keep ratio' }).focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => ratio.inputValue()).toMatch(/^1[34]$/);
  });

  it('shows the strategy that is in force where the model can not serve it, and leads on from it', async () => {
    const { page, problems } = await openView('editor', { models: [{ ...model, offers: [] }] });
    const problem = page.locator('.count.problem');
    await problem.getByText('Segmentwise Top-K is not available: this model does not give').waitFor();
    const strategy = page.locator('vscode-dropdown[aria-label="Strategy"]');
    expect(await strategy.evaluate((list) => (list as unknown as { value: string }).value)).toBe('segmentwise');
    const run = page.getByRole('button', { name: 'Prune & Caption' });
    expect(await run.isDisabled()).toBe(true);
    await page.evaluate(() => window.fake.command('pruneAndCaption'));
    await page.getByRole('alert').getByText('Choose another strategy.').waitFor();
    expect(await calls(page, 'view/run')).toEqual([]);
    await page.getByRole('combobox', { name: 'Strategy' }).click();
    await page.getByRole('option', { name: 'Random' }).click();
    await expect.poll(() => page.locator('.count').textContent()).toContain('keeps 63 of 254 tokens');
    expect(await run.isDisabled()).toBe(false);
    // What the model does not give is not drawn or told as if it were 0.
    await page.locator('.timeline').getByText('this model gives no attention').waitFor();
    await page.locator('.timeline').focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('.timeline').getAttribute('aria-valuetext')).not.toContain('attention');
    await page.locator('.tooltip').getByText('Token').waitFor();
    expect(await page.locator('.tooltip').textContent()).not.toMatch(/Attention|Rank/);
    await screenshot(page, 'editor-no-attention');
    expect(problems).toEqual([]);
  });

  it('leads on from a model that can not be used', async () => {
    const nothing = { secondsPerToken: 0, offers: [] };
    const broken = { ...model, ...nothing, modelId: 'broken', title: 'Broken', problem: 'Its pack is broken.' };
    const { page } = await openView('editor', { models: [broken, model] });
    await page.getByText('Its pack is broken.').waitFor();
    const list = page.locator('vscode-dropdown[aria-label="Model"]');
    expect(await list.evaluate((node) => (node as unknown as { value: string }).value)).toBe('broken');
    expect(await page.locator('.count').textContent()).toBe('');
    await page.getByRole('combobox', { name: 'Model' }).click();
    await page.getByRole('option', { name: model.title }).click();
    await page.getByText('Choice', { exact: true }).first().waitFor();
  });

  it('says what a large model needs in memory and time before it is chosen, and where there is not so much', async () => {
    const memoryProblem = 'It needs about 64.00 GB of memory, and this computer has 8.00 GB.';
    const times = {
      encodeSeconds: 13,
      all: { prefillSeconds: 70, secondsPerToken: 1.1 },
      quarter: { prefillSeconds: 20, secondsPerToken: 0.5 },
    };
    const models = [
      model,
      { ...model, modelId: 'large', title: 'Large', memoryBytes: 6.3e9 },
      { ...model, modelId: 'timed', title: 'Timed', memoryBytes: 6.3e9, times },
      { ...model, modelId: 'too-large', title: 'Too large', memoryBytes: 64e9, memoryProblem },
    ];
    const { page, problems } = await openEditor({ models });
    const options = page.locator('vscode-dropdown[aria-label="Model"] vscode-option');
    expect(await options.allTextContents()).toEqual([
      model.title,
      'Large (needs 6.30 GB of memory)',
      'Timed (needs 6.30 GB of memory; about 83 s to the first word)',
      'Too large (needs 64.00 GB of memory, more than there is)',
    ]);
    await page.getByRole('combobox', { name: 'Model' }).click();
    await page.getByRole('option', { name: 'Too large' }).click();
    await page.locator('.hint.problem').filter({ hasText: memoryProblem }).waitFor();
    await screenshot(page, 'model-memory');
    expect(problems).toEqual([]);
  });

  it('makes the parameters from the registry and turns off what the model can not give', async () => {
    const { page } = await openEditor();
    await page.getByRole('combobox', { name: 'Strategy' }).click();
    expect(await page.getByRole('option', { name: 'VisionZip' }).getAttribute('aria-disabled')).toBe('true');
    await page.getByRole('option', { name: 'Random' }).click();
    await page.getByRole('spinbutton', { name: 'Seed' }).waitFor();
    expect(await page.getByRole('spinbutton', { name: 'Segments' }).count()).toBe(0);
    expect(await page.locator('.note').textContent()).toContain(
      'nearly free for captions and questions of large models, and',
    );
  });

  it('tells what is published from what is Earmark’s own', async () => {
    const { page } = await openEditor();
    const paper = page.getByRole('link', { name: 'arXiv 2511.14293' });
    expect(await paper.getAttribute('href')).toBe('https://arxiv.org/abs/2511.14293');
    await page.getByRole('combobox', { name: 'Strategy' }).click();
    await page.getByRole('option', { name: 'Change points (Earmark’s own)' }).click();
    await page.locator('.controls .own').waitFor();
    expect(await paper.count()).toBe(0);
  });

  it('says plainly where only a run can tell which tokens are kept', async () => {
    const { page } = await openEditor();
    await page.getByRole('combobox', { name: 'Strategy' }).click();
    await page.getByRole('option', { name: 'A-ToMe' }).click();
    await expect
      .poll(() => page.locator('.count').textContent())
      .toContain('keeps about 63 of 254 tokens (24.8\u00a0%)Which ones is not known before a run: A-ToMe looks at');
    await expect.poll(() => page.locator('.timeline').getByText('Choice', { exact: true }).count()).toBe(0);
  });

  it('takes another run for what the choice keeps neither in words, nor in the attention pane, nor to be heard', async () => {
    const { page, problems } = await openEditor();
    await prune(page);
    await page.getByRole('combobox', { name: 'What is heard' }).click();
    await page.getByRole('option', { name: 'Hear kept tokens, joined' }).click();
    await page.getByRole('combobox', { name: 'Strategy' }).click();
    await page.getByRole('option', { name: 'A-ToMe' }).click();
    const unheard = page.getByText('Which tokens are kept is not known before a run: press Prune & Caption');
    await unheard.waitFor();
    const kept = async () =>
      ((await calls(page, 'view/attention')).at(-1) as { state: { kept: number[] | null } }).state.kept;
    await expect.poll(kept).toBe(null);
    const timeline = page.locator('.timeline');
    await timeline.focus();
    await page.keyboard.press('ArrowRight');
    expect(await timeline.getAttribute('aria-valuetext')).toMatch(/rank \d+ of 254$/);
    expect(await page.locator('.tooltip dt').allTextContents()).not.toContain('Choice');
    await page.keyboard.press('Space');
    await page.waitForTimeout(200);
    expect(await page.evaluate(() => window.fake.played.length)).toBe(0);
    // A run of the same settings is what the choice keeps.
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    await expect.poll(async () => (await kept())?.length).toBeGreaterThan(62);
    await unheard.waitFor({ state: 'hidden' });
    await timeline.focus();
    await page.keyboard.press('ArrowRight');
    expect(await timeline.getAttribute('aria-valuetext')).toContain('A-ToMe, whatever the score: ');
    await page.keyboard.press('Space');
    await expect.poll(() => page.evaluate(() => window.fake.played.length)).toBeGreaterThan(0);
    // At another ratio it is another choice.
    await page.getByRole('spinbutton', { name: 'Keep ratio' }).fill('10');
    await expect.poll(kept).toBe(null);
    expect(problems).toEqual([]);
  });

  it('has the way to run in view at the size of a usual window, and the model’s limits on demand', async () => {
    const limits = 'It is weak on rare words and on sounds that overlap. '.repeat(20);
    const { page } = await openEditor({ models: [{ ...model, limits }], width: 1000, height: 600 });
    const box = (await page.getByRole('button', { name: 'Prune & Caption' }).boundingBox())!;
    expect(box.y + box.height).toBeLessThanOrEqual(600);
    expect(await page.getByText('It is weak on rare words').isVisible()).toBe(false);
    await page.getByText('What this model can and cannot do').click();
    expect(await page.getByText('It is weak on rare words').isVisible()).toBe(true);
  });

  it('shares one budget over a long clip on demand, and asks only there', async () => {
    const short = await openEditor();
    expect(await short.page.getByRole('combobox', { name: 'Budget of long clips' }).isVisible()).toBe(false);
    const { page } = await openEditor({ file: 'half-minute.wav', repeats: 2 });
    await page.getByRole('combobox', { name: 'Budget of long clips' }).click();
    await page.getByRole('option', { name: 'One for the whole clip' }).click();
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    await page.locator('.card[data-run]').nth(1).waitFor();
    const [request] = (await calls(page, 'view/run')) as { settings: RunSettings[] }[];
    expect(request?.settings[1]).toMatchObject({ budgetScope: 'clip' });
  });

  it('takes the head chosen in the attention pane', async () => {
    const { page } = await openEditor();
    await page.evaluate(() => window.fake.chooseHead(3));
    await expect
      .poll(
        async () =>
          ((await calls(page, 'view/attention')).at(-1) as { state: { settings: RunSettings } }).state.settings,
      )
      .toMatchObject({ headReduce: 3 });
  });

  it('takes the mean where the model has not the head that was chosen, and says so until one is chosen', async () => {
    const many = { ...model, modelId: 'many', title: 'Many heads', heads: 8 };
    const { page, problems } = await openEditor({ models: [many, model], settings: { ...settings, headReduce: 7 } });
    const said = page.getByText('Test model (constructed data) has no head 7: the mean of all heads is chosen.');
    const list = page.locator('vscode-dropdown[aria-label="Attention heads"]');
    const head = () => list.evaluate((node) => (node as HTMLSelectElement).value);
    expect(await head()).toBe('7');
    expect(await said.count()).toBe(0);
    await page.getByRole('combobox', { name: 'Model' }).click();
    await page.getByRole('option', { name: model.title }).click();
    await said.waitFor();
    await expect.poll(head).toBe('mean');
    await prune(page);
    const [request] = (await calls(page, 'view/run')) as { settings: RunSettings[] }[];
    expect(request?.settings.map(({ headReduce }) => headReduce)).toEqual(['mean', 'mean']);
    await page.getByRole('combobox', { name: 'Attention heads' }).click();
    await page.getByRole('option', { name: 'Head 2' }).click();
    await said.waitFor({ state: 'hidden' });
    expect(problems).toEqual([]);
  });

  it('has no field for a question where the model takes none, and asks none', async () => {
    const { page } = await openEditor({ models: [{ ...model, asks: false, question: '' }] });
    expect(await page.getByRole('textbox', { name: 'Question' }).isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    await page.locator('.card[data-run]').nth(1).waitFor();
    const [request] = (await calls(page, 'view/run')) as { settings: RunSettings[] }[];
    expect(request?.settings.map(({ question }) => question)).toEqual(['', '']);
  });

  it('says what to do without a model', async () => {
    const { page } = await openView('editor', { models: [] });
    await page.getByText('No model was found').waitFor();
    await page.getByRole('button', { name: 'Open Settings' }).click();
    expect(await calls(page, 'view/hostCommand')).toEqual([{ command: 'openSettings' }]);
  });
});

describe('models', () => {
  const mini = { ...model, modelId: 'earmark-mini', title: 'Earmark mini' };
  const large = { ...model, modelId: 'large', title: 'Large', secondsPerToken: 0.08 };
  const analysed = async (page: Page) =>
    ((await calls(page, 'view/analyse')) as { modelId: string }[]).map(({ modelId }) => modelId);
  const chosen = (page: Page) =>
    page.locator('vscode-dropdown[aria-label="Model"]').evaluate((node) => (node as HTMLSelectElement).value);
  const choose = async (page: Page, title: string) => {
    await page.getByRole('combobox', { name: 'Model' }).click();
    await page.getByRole('option', { name: title }).click();
  };

  it('goes on with another where the one that is set is not installed, and says so', async () => {
    const { page, problems } = await openEditor({ models: [large, mini], modelId: 'gone' });
    const said = page.getByText('The model “gone” is not installed: Earmark mini is chosen.');
    await said.waitFor();
    expect(await chosen(page)).toBe('earmark-mini');
    expect(await analysed(page)).toEqual(['earmark-mini']);
    await prune(page);
    expect(await said.count()).toBe(1);
    const models = [large, mini, { ...model, modelId: 'gone' }];
    await page.evaluate((given) => window.fake.changeState({ models: given }), models);
    await expect.poll(() => said.count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('goes on with another where the one in use is removed', async () => {
    const { page, problems } = await openEditor({ models: [large, mini] });
    await page.evaluate((models) => window.fake.changeState({ models, modelId: 'large' }), [mini]);
    await page.getByText('The model “large” is not installed: Earmark mini is chosen.').waitFor();
    await expect.poll(() => analysed(page)).toEqual(['large', 'earmark-mini']);
    await expect
      .poll(async () => (await calls(page, 'view/chooseSettings')).at(-1))
      .toMatchObject({ modelId: 'earmark-mini' });
    await prune(page);
    expect(problems).toEqual([]);
  });

  it('analyses with the model that is chosen after one that could not be loaded, each once', async () => {
    const failures = { 'analyse large': { code: 'model-invalid', message: 'It can not be loaded.' } } as const;
    const { page } = await openView('editor', { models: [large, mini], failures });
    await page.getByText('It can not be loaded.').waitFor();
    // As when the engine tells that it is ready again.
    await page.evaluate(() => window.fake.changeState({}));
    await choose(page, 'Earmark mini');
    await page.getByText('Choice', { exact: true }).first().waitFor();
    expect(await analysed(page)).toEqual(['large', 'earmark-mini']);
  });

  it('analyses with the model that is chosen while another one still encodes', async () => {
    const { page } = await openView('editor', { models: [large, mini], encodeMs: 3000 });
    await expect.poll(() => analysed(page)).toEqual(['large']);
    await choose(page, 'Earmark mini');
    await expect.poll(() => analysed(page)).toEqual(['large', 'earmark-mini']);
    expect(await calls(page, '$/cancelRequest')).toHaveLength(1);
  });

  it('takes no windows of a run of the model that was chosen before', async () => {
    const { page } = await openEditor({
      file: 'half-minute.wav',
      repeats: 2,
      models: [large, mini],
      pace: 100,
      failures: { 'analyse earmark-mini': { code: 'model-invalid', message: 'It can not be loaded.' } },
    });
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    await page.locator('.caption.streaming').first().waitFor();
    await choose(page, 'Earmark mini');
    await page.getByText('It can not be loaded.').waitFor();
    await page.getByText('2 captions ready.').waitFor();
    expect(await page.locator('.timeline').getByText('Choice', { exact: true }).count()).toBe(0);
  });

  it('leaves the focus on the list of models, from which the form is made anew', async () => {
    const { page } = await openEditor({ models: [large, mini] });
    await page.getByRole('combobox', { name: 'Model' }).focus();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => chosen(page)).toBe('earmark-mini');
    expect(await focused(page)).toBe('Model');
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => chosen(page)).toBe('large');
    expect(await focused(page)).toBe('Model');
  });
});

describe('a file that is replaced', () => {
  /** The file becomes another sound, as long as said and silent. */
  const replace = (page: Page, durationSeconds: number, revision = 1) =>
    page.evaluate(
      ({ seconds, revision }) => {
        const { sound } = window.fake.options;
        const silence = new Float32Array(2000);
        const peaks = { startSeconds: 0, endSeconds: seconds, min: silence, max: silence };
        const clip = { ...sound!.clip, clipId: `replaced ${String(revision)}`, durationSeconds: seconds, peaks };
        const samples = new Float32Array(seconds * 16_000);
        window.fake.options = { ...window.fake.options, sound: { ...sound!, clip, samples } };
        window.fake.changeState({ revision });
      },
      { seconds: durationSeconds, revision },
    );
  const drawn = (page: Page) =>
    page.locator('.timeline-plot').evaluate((node) => {
      const { data, layout } = node as unknown as {
        data: { y: (number | null)[] }[];
        layout: { xaxis: { range: [number, number] } };
      };
      return { loudest: Math.max(...data[0]!.y.map((y) => Math.abs(y ?? 0))), range: layout.xaxis.range };
    });

  it('stops being heard, and has no tokens of what it was', async () => {
    const { page } = await openEditor();
    await page.locator('.timeline').focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await page.evaluate(() => (window.fake.options = { ...window.fake.options, encodeMs: 3000 }));
    await replace(page, 9);
    await page.getByRole('button', { name: 'Play' }).waitFor();
    expect(await page.locator('.timeline').getByText('Choice', { exact: true }).count()).toBe(0);
    expect(await page.locator('.timeline').getByText('attention received').count()).toBe(0);
    await page.getByText('Choice', { exact: true }).first().waitFor();
  });

  it('has no captions of the old sound', async () => {
    const { page, problems } = await openEditor({ pace: 300, settings: { ...settings, strategy: 'none' } });
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    await page.locator('.caption.streaming').first().waitFor();
    await replace(page, 10);
    await expect.poll(() => calls(page, 'view/analyse')).toHaveLength(2);
    await expect.poll(() => page.locator('.card').count()).toBe(0);
    await page.getByText('The sound changed meanwhile: press Prune & Caption again.').waitFor();
    expect(await page.locator('.card').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('has no warnings of what it was, and keeps its own while something runs', async () => {
    const { page } = await openView('editor', {
      failures: { openClip: { code: 'audio-damaged', message: 'The file is damaged.' } },
    });
    await page.getByText('The file is damaged.').waitFor();
    const reopen = (revision: number, warnings: string[]) =>
      page.evaluate(
        (next) => {
          const { sound } = window.fake.options;
          const clip = { ...sound!.clip, warnings: next.warnings };
          window.fake.options = { ...window.fake.options, sound: { ...sound!, clip }, failures: {} };
          window.fake.changeState({ revision: next.revision });
        },
        { revision, warnings },
      );
    await reopen(1, ['The end is missing.']);
    await page.getByText('The end is missing.').waitFor();
    expect(await page.getByText('The file is damaged.').count()).toBe(0);
    await page.getByText('Choice', { exact: true }).first().waitFor();
    await prune(page);
    expect(await page.getByText('The end is missing.').count()).toBe(1);
    await reopen(2, []);
    await expect.poll(() => page.getByText('The end is missing.').count()).toBe(0);
  });

  it('keeps its captions, remembered or not, when it is written again with the same bytes', async () => {
    const { page } = await openEditor();
    await prune(page);
    // As where they are too long to remember.
    await page.evaluate(() => (window.fake.state = { ...(window.fake.state as object), runs: undefined }));
    await page.evaluate(() => window.fake.changeState({ revision: 1 }));
    await expect.poll(() => calls(page, 'view/openClip')).toHaveLength(2);
    await page.locator('.stages.idle').waitFor();
    expect(await page.locator('.card[data-run]').count()).toBe(2);
    expect(await calls(page, 'view/analyse')).toHaveLength(1);
  });

  it('is shown as it is now where an earlier one takes longer to open', async () => {
    const { page } = await openEditor();
    await page.evaluate(() => (window.fake.options = { ...window.fake.options, decodeMs: 600 }));
    await replace(page, 7, 1);
    await expect.poll(() => calls(page, 'view/openClip')).toHaveLength(2);
    await page.evaluate(() => (window.fake.options = { ...window.fake.options, decodeMs: 0 }));
    await replace(page, 5, 2);
    await page.getByText('0:05.00 ·').waitFor();
    await page.waitForTimeout(700);
    expect(await page.locator('.title .about').textContent()).toContain('0:05.00');
    expect((await drawn(page)).range[1]).toBeCloseTo(5, 5);
  });

  it('has its own waveform where one has come closer', async () => {
    const { page } = await openEditor();
    await page.locator('.timeline').focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press('+');
    await expect.poll(() => calls(page, 'view/readPeaks')).not.toEqual([]);
    await page.waitForTimeout(300);
    expect((await drawn(page)).loudest).toBeGreaterThan(0);
    await replace(page, 10.151);
    await expect.poll(async () => (await drawn(page)).loudest).toBe(0);
  });

  it('stays in view where it is shorter than what was', async () => {
    const { page, problems } = await openEditor();
    await page.locator('.timeline').focus();
    await page.keyboard.press('End');
    for (let i = 0; i < 2; i++) await page.keyboard.press('+');
    await replace(page, 5);
    await expect.poll(async () => (await drawn(page)).range[1]).toBeCloseTo(5, 5);
    expect((await drawn(page)).range[0]).toBeCloseTo(5 - 10.151 / 4, 1);
    expect(problems).toEqual([]);
  });
});

describe('running', () => {
  it('runs all tokens and the choice in one request, streams both captions and marks the differences', async () => {
    const { page, problems } = await openEditor({ pace: 30 });
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    await page.locator('.caption.streaming').first().waitFor();
    await page.locator('.card[data-run]').nth(1).waitFor();
    const requests = (await calls(page, 'view/run')) as { settings: RunSettings[] }[];
    expect(requests.map((request) => request.settings.map(({ strategy }) => strategy))).toEqual([
      ['none', 'segmentwise'],
    ]);
    expect(requests[0]?.settings[0]?.question).toBe('What is heard?');
    const [all, pruned] = [page.locator('.card').nth(0), page.locator('.card').nth(1)];
    expect(await all.locator('.caption').textContent()).toBe(captions.none);
    expect((await pruned.locator('del').allTextContents()).map((text) => text.trim())).toEqual(['wolf']);
    expect((await pruned.locator('ins').allTextContents()).map((text) => text.trim())).toEqual(['dog', 'slowly']);
    expect(
      await pruned
        .locator('ins')
        .first()
        .evaluate((node) => getComputedStyle(node).textDecorationLine),
    ).toBe('underline');
    expect(
      await pruned
        .locator('del')
        .first()
        .evaluate((node) => getComputedStyle(node).textDecorationLine),
    ).toBe('line-through');
    const words = await pruned.textContent();
    expect(words).toContain('bound 3.22×');
    expect(words).toContain('as fast');
    expect(words).toContain('cached');
    expect(words).toContain('KV cache');
    expect(await page.locator('.stages').textContent()).toContain('2 captions ready');
    expect(problems).toEqual([]);
  });

  it('keeps earlier runs, newest first, and lets them go', async () => {
    const { page } = await openEditor();
    await prune(page);
    await page.getByRole('spinbutton', { name: 'Keep ratio' }).fill('50');
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    const titles = () => page.locator('.card[data-run] h3').allTextContents();
    await expect.poll(titles).toEqual(['All tokens', 'Segmentwise Top-K, 50\u00a0%', 'Segmentwise Top-K, 25\u00a0%']);
    await page.getByRole('button', { name: /Hide the kept tokens of Segmentwise Top-K, 25/ }).click();
    await page.getByRole('button', { name: /Remove Segmentwise Top-K, 50/ }).click();
    await expect.poll(titles).toEqual(['All tokens', 'Segmentwise Top-K, 25\u00a0%']);
    await page.getByRole('button', { name: /Show the kept tokens of Segmentwise Top-K, 25/ }).waitFor();
  });

  it('cancels and keeps what was written', async () => {
    const { page, problems } = await openEditor({ pace: 300 });
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    await expect.poll(() => page.locator('.caption.streaming').first().textContent()).toContain('A wolf');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled: the caption is not complete.').waitFor();
    expect(await calls(page, '$/cancelRequest')).toHaveLength(1);
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it('cancels from the palette', async () => {
    const { page } = await openEditor({ pace: 300 });
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    await expect.poll(() => page.locator('.caption.streaming').first().textContent()).toContain('A wolf');
    await page.evaluate(() => window.fake.command('cancel'));
    await page.getByText('Cancelled: the caption is not complete.').waitFor();
    expect(await calls(page, '$/cancelRequest')).toHaveLength(1);
  });

  it('shows an error once, in words, with what can be done', async () => {
    const { page, problems } = await openEditor({
      failures: { run: { code: 'engine-stopped', message: 'The engine stopped.', action: 'Start it again.' } },
    });
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toContain('The engine stopped. Start it again.');
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    await expect.poll(() => calls(page, 'view/run')).toHaveLength(2);
    await expect.poll(() => alert.count()).toBe(1);
    await page.getByRole('button', { name: 'Restart Engine' }).click();
    expect(await calls(page, 'view/hostCommand')).toEqual([{ command: 'restartEngine' }]);
    expect(problems).toEqual([]);
  });

  it('says of the engine that it stopped until it is ready again, and of the run that it has to be made again', async () => {
    const error = { code: 'engine-stopped', message: 'The engine stopped.' } as const;
    const { page } = await openEditor({ failures: { run: error } });
    await page.evaluate((failed) => window.fake.changeState({ engine: { status: 'failed', error: failed } }), error);
    const alert = page.getByRole('alert');
    await alert.getByText('The engine stopped.').waitFor();
    await page.evaluate(
      (failed) => window.fake.changeState({ engine: { status: 'failed', error: { ...failed, message: 'For good.' } } }),
      error,
    );
    await alert.getByText('For good.').waitFor();
    expect(await alert.count()).toBe(1);
    await page.evaluate(() => window.fake.changeState({}));
    await alert.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    await alert.getByText('The engine stopped.').waitFor();
    await page.evaluate(() => window.fake.changeState({}));
    await alert.waitFor({ state: 'hidden' });
    await page.getByText('The engine stopped meanwhile: press Prune & Caption again.').waitFor();
  });

  it('offers to try again what the engine stopped in, also once it is ready again', async () => {
    const error = { code: 'engine-stopped', message: 'The engine stopped.' } as const;
    const { page } = await openView('editor', { failures: { analyse: error } });
    await page.getByText('The engine stopped.').waitFor();
    await page.evaluate((failed) => window.fake.changeState({ engine: { status: 'failed', error: failed } }), error);
    await page.evaluate(() => (window.fake.options = { ...window.fake.options, failures: {} }));
    await page.evaluate(() => window.fake.changeState({}));
    await page.getByRole('button', { name: 'Try Again' }).click();
    await page.getByText('Choice', { exact: true }).first().waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('says when a sound can not be opened, and tries again', async () => {
    const { page } = await openView('editor', {
      failures: { openClip: { code: 'needs-ffmpeg', message: 'This is an M4A file.', action: 'Install ffmpeg.' } },
    });
    await page.getByText('This is an M4A file.').waitFor();
    await page.getByRole('button', { name: 'Open Settings' }).first().waitFor();
    await page.evaluate(() => (window.fake.options = { ...window.fake.options, failures: {} }));
    await page.getByRole('button', { name: 'Try Again' }).click();
    await page.locator('.timeline .main-svg').first().waitFor();
  });

  it('comes back as it was', async () => {
    const first = await openEditor();
    await first.page.getByRole('spinbutton', { name: 'Keep ratio' }).fill('40');
    await prune(first.page);
    await first.page.locator('.timeline').focus();
    await first.page.keyboard.press('+');
    await expect.poll(() => first.page.evaluate(() => (window.fake.state as { range?: number[] }).range)).toBeDefined();
    const state = await first.page.evaluate(() => window.fake.state);
    const { page, problems } = await openEditor({ state });
    expect(await page.locator('.card[data-run]').count()).toBe(2);
    expect(await page.getByRole('spinbutton', { name: 'Keep ratio' }).inputValue()).toBe('40');
    expect(await page.evaluate(() => (window.fake.state as { range?: number[] }).range)).toEqual(
      (state as { range: number[] }).range,
    );
    expect(problems).toEqual([]);
  });

  it('exports a report and obeys the commands of the palette', async () => {
    const { page } = await openEditor();
    await page.evaluate(() => window.fake.command('pruneAndCaption'));
    await page.locator('.card[data-run]').nth(1).waitFor();
    await page.evaluate(() => window.fake.command('exportReport'));
    await page.getByText('Report saved.').waitFor();
    const [request] = (await calls(page, 'view/exportReport')) as {
      suggestedName: string;
      data: { clips: { runs: unknown[] }[] };
    }[];
    expect(request?.suggestedName).toBe('howl-then-bell-earmark-report.html');
    expect(request?.data.clips[0]?.runs).toHaveLength(2);
  });
});

describe('timeline', () => {
  it('tells a token with its time, score, rank, segment, and why it is kept', async () => {
    const { page } = await openEditor();
    const box = (await page.locator('.timeline').boundingBox())!;
    const plot = box.width - 124 - 12;
    // 4.70 s: the bell begins.
    await page.mouse.move(box.x + 124 + (4.7 / 10.151) * plot, box.y + 250);
    const tooltip = page.locator('.tooltip');
    await tooltip.waitFor();
    const text = (await tooltip.textContent())!;
    expect(text).toContain('117 of 254');
    expect(text).toContain('0:04.68 – 0:04.72');
    expect(text).toContain('Rank1 of 254');
    expect(text).toMatch(/rank 1 of 2\d in segment 5: kept/);
    await expect.poll(async () => (await calls(page, 'view/pointAt')).at(-1)).toEqual({ token: 117 });
    await page.mouse.move(box.x + 124 + (4.7 / 10.151) * plot, box.y + 120);
    await expect.poll(() => tooltip.textContent()).toContain('Frequency');
    await page.mouse.move(box.x + 124 + (8.1 / 10.151) * plot, box.y + 120);
    await expect.poll(() => tooltip.textContent()).toMatch(/in segment 8: dropped|in segment 8: kept/);
  });

  it('lights up the token that the attention pane points at', async () => {
    const { page } = await openEditor();
    await page.evaluate(() => window.fake.pointAt(100));
    await page.locator('.pointed').waitFor();
    await page.evaluate(() => window.fake.pointAt(null));
    await page.locator('.pointed').waitFor({ state: 'hidden' });
  });

  it('goes by keyboard', async () => {
    const { page } = await openEditor();
    const timeline = page.locator('.timeline');
    await timeline.focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
    expect(await timeline.getAttribute('aria-valuetext')).toContain('token 3,');
    await page.keyboard.press('End');
    expect(await timeline.getAttribute('aria-valuetext')).toContain('token 253,');
    await page.keyboard.press('Home');
    expect(await timeline.getAttribute('aria-valuetext')).toContain('token 0,');
    const range = () => page.evaluate(() => (window.fake.state as { range: [number, number] }).range);
    await page.keyboard.press('+');
    const [start, end] = await range();
    expect(end - start).toBeCloseTo(10.15 / 2, 1);
    await page.keyboard.press('+');
    await expect.poll(() => calls(page, 'view/readPeaks')).not.toEqual([]);
    await page.keyboard.press('0');
    expect((await range())[1]).toBeCloseTo(10.15, 1);
  });

  it('zooms by dragging and shows everything on double click', async () => {
    const { page } = await openEditor();
    const box = (await page.locator('.timeline').boundingBox())!;
    await page.mouse.move(box.x + 300, box.y + 120);
    await page.mouse.down();
    await page.mouse.move(box.x + 500, box.y + 120, { steps: 5 });
    await page.mouse.up();
    const range = () =>
      page.evaluate(() => (window.fake.state as { range?: [number, number] }).range ?? ([0, 0] as const));
    await expect
      .poll(async () => (await range())[1] - (await range())[0])
      .toBeCloseTo(10.15 * (200 / (box.width - 136)), 0);
    expect(await page.evaluate(() => window.fake.played.length)).toBe(0);
    await page.mouse.dblclick(box.x + 400, box.y + 120);
    await expect.poll(async () => (await range())[1]).toBeCloseTo(10.15, 1);
  });

  it('stays quick with three hours of sound', async () => {
    const { page, problems } = await openEditor({ file: 'half-minute.wav', windows: 360 });
    await expect
      .poll(() => page.locator('.count').textContent(), { timeout: 30_000 })
      .toContain('of 270\u202f000 tokens');
    await page.waitForTimeout(1500);
    const took = await page.evaluate(async () => {
      const timeline = document.querySelector<HTMLElement>('.timeline')!;
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const times: number[] = [];
      for (const key of ['+', '+', '+', '-', '-', '0']) {
        await frame();
        const start = performance.now();
        timeline.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
        // Drawing is queued for the next frame; what is queued after it runs when it is done.
        await frame();
        times.push(performance.now() - start);
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
      return times;
    });
    console.info(`Redraw of 270,000 tokens: ${took.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    expect(took.toSorted((a, b) => a - b)[3]).toBeLessThan(150);
    await screenshot(page, 'editor-three-hours');
    expect(problems).toEqual([]);
  }, 120_000);
});

describe('playback', () => {
  it('plays decoded samples with the space key, never an encoded file', async () => {
    const { page, problems } = await openEditor();
    await page.locator('.timeline').focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await expect.poll(() => page.evaluate(() => window.fake.played.length)).toBeGreaterThan(0);
    const requests = (await calls(page, 'view/readSamples')) as { startSeconds: number; endSeconds: number }[];
    expect(requests.every(({ startSeconds, endSeconds }) => endSeconds - startSeconds <= 60)).toBe(true);
    await page.locator('.playhead').waitFor();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Play' }).waitFor();
    expect(await page.evaluate(() => window.fake.decodeAudioDataCalls)).toBe(0);
    expect(problems).toEqual([]);
  });

  it('plays from where a person clicks, at the chosen speed, what is kept', async () => {
    const { page } = await openEditor();
    await page.getByRole('combobox', { name: 'Playback speed' }).click();
    await page.getByRole('option', { name: '2×' }).click();
    await page.getByRole('combobox', { name: 'What is heard' }).click();
    await page.getByRole('option', { name: 'Hear kept tokens, joined' }).click();
    const box = (await page.locator('.timeline').boundingBox())!;
    await page.mouse.click(box.x + 124 + (box.width - 136) / 2, box.y + 60);
    await expect.poll(() => page.evaluate(() => window.fake.played.length)).toBeGreaterThan(0);
    const [request] = (await calls(page, 'view/readSamples')) as { startSeconds: number }[];
    expect(request?.startSeconds).toBeCloseTo(5.07, 1);
    const [piece] = await page.evaluate(() => window.fake.played);
    expect(piece?.speed).toBe(2);
    // A quarter of the tokens of about five seconds.
    expect(piece?.seconds).toBeGreaterThan(0.5);
    expect(piece?.seconds).toBeLessThan(2);
  });

  it('ends where a round of the loop holds nothing that is kept', async () => {
    const { page } = await openEditor();
    await page.getByRole('combobox', { name: 'Strategy' }).click();
    await page.getByRole('option', { name: 'Segmentwise Top-K' }).click();
    await page.getByRole('spinbutton', { name: 'Keep ratio' }).fill('1');
    await expect.poll(() => page.locator('.count').textContent()).toContain('keeps 2 of 254 tokens');
    await page.getByRole('combobox', { name: 'What is heard' }).click();
    await page.getByRole('option', { name: 'Hear kept tokens, joined' }).click();
    await page.getByRole('checkbox', { name: 'Loop view' }).click();
    const box = (await page.locator('.timeline').boundingBox())!;
    // Of a hundred tokens one is kept: a stretch of a twentieth has none somewhere; try until one is found.
    const plot = { left: box.x + 124, width: box.width - 136 };
    let silent = false;
    for (let part = 0; part < 20 && !silent; part++) {
      await page.mouse.move(plot.left + (plot.width * (part + 0.2)) / 20, box.y + 60);
      await page.mouse.down();
      await page.mouse.move(plot.left + (plot.width * (part + 0.8)) / 20, box.y + 60, { steps: 3 });
      await page.mouse.up();
      const before = await page.evaluate(() => window.fake.played.length);
      await page.getByRole('button', { name: 'Play' }).click();
      silent = await page
        .getByRole('button', { name: 'Play' })
        .waitFor({ timeout: 500 })
        .then(
          () => true,
          () => false,
        );
      if (silent) expect(await page.evaluate(() => window.fake.played.length)).toBe(before);
      else await page.getByRole('button', { name: 'Pause' }).click();
      await page.mouse.dblclick(box.x + box.width / 2, box.y + 60);
    }
    expect(silent).toBe(true);
  });

  it('closes the audio context with the page', async () => {
    const { page } = await openEditor();
    await page.locator('.timeline').focus();
    await page.keyboard.press('Space');
    await expect.poll(() => page.evaluate(() => window.fake.played.length)).toBeGreaterThan(0);
    expect(
      await page.evaluate(() => {
        window.dispatchEvent(new PageTransitionEvent('pagehide'));
        return window.fake.closedContexts;
      }),
    ).toBe(1);
  });
});

describe('safety and access', () => {
  it('leaves the focus on the button of a card that is made anew', async () => {
    const { page } = await openEditor({ pace: 30 });
    await prune(page);
    await page.getByRole('button', { name: /Hide the kept tokens of Segmentwise/ }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toMatch(/^Show the kept tokens of Segmentwise/);
    await page.evaluate(() => window.fake.command('pruneAndCaption'));
    await page.locator('.caption.streaming').first().waitFor();
    expect(await focused(page)).toMatch(/^Show the kept tokens of Segmentwise/);
    await page.locator('.card[data-run]').nth(2).waitFor();
    await page.getByText('2 captions ready.').waitFor();
    expect(await focused(page)).toMatch(/^Show the kept tokens of Segmentwise/);
  });

  it('moves the focus between what begins a run and what ends it', async () => {
    const { page } = await openEditor({ pace: 60 });
    await page.getByRole('button', { name: 'Prune & Caption' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => focusedText(page)).toBe('Cancel');
    await page.keyboard.press('Enter');
    await page.getByText('Cancelled.').waitFor();
    await expect.poll(() => focusedText(page)).toBe('Prune & Caption');
  });

  it('moves the focus from a notice that goes to the one beside it, and then to where they were', async () => {
    const { page } = await openEditor({
      failures: {
        run: { code: 'internal', message: 'A defect.' },
        exportReport: { code: 'write-failed', message: 'No room.' },
      },
    });
    await page.getByRole('button', { name: 'Prune & Caption' }).click();
    await page.getByText('A defect.').waitFor();
    await page.getByRole('button', { name: 'Export Report' }).click();
    await page.getByText('No room.').waitFor();
    const dismiss = page.getByRole('button', { name: 'Dismiss' });
    await dismiss.first().focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => dismiss.count()).toBe(1);
    expect(await focused(page)).toBe('Dismiss');
    await page.keyboard.press('Enter');
    await expect.poll(() => dismiss.count()).toBe(0);
    expect(await focused(page)).toBe('Notices');
  });

  it('forgets that an export failed once one is made', async () => {
    const { page } = await openEditor({ failures: { exportReport: { code: 'write-failed', message: 'No room.' } } });
    await page.getByRole('button', { name: 'Export Report' }).click();
    await page.getByText('No room.').waitFor();
    await page.evaluate(() => (window.fake.options = { ...window.fake.options, failures: {} }));
    await page.getByRole('button', { name: 'Export Report' }).click();
    await page.getByText('Report saved.').waitFor();
    expect(await page.getByText('No room.').count()).toBe(0);
  });

  it('moves the focus to the next card where one is removed', async () => {
    const { page } = await openEditor();
    await prune(page);
    const cards = page.locator('.card[data-run]');
    const [, second] = await cards.locator('h3').allTextContents();
    await page
      .getByRole('button', { name: /^Remove / })
      .first()
      .focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => cards.count()).toBe(1);
    expect(await focused(page)).toBe(`Remove ${second!}`);
    await page.keyboard.press('Enter');
    await expect.poll(() => cards.count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('cards');
  });

  it('shows hostile captions and names as text', async () => {
    const attack = '<img src=x onerror="window.attacked=1"><script>window.attacked=1</script>';
    const { page, problems } = await openEditor({
      fileName: `${attack}.wav`,
      captions: { none: `${attack} rain`, other: `${attack} snow <b>bold</b>` },
    });
    await prune(page);
    expect(await page.locator('h1').textContent()).toBe(`${attack}.wav`);
    expect(await page.locator('.card .caption').first().textContent()).toBe(`${attack} rain`);
    expect(await page.locator('.card img, .card script, .card b, h1 img').count()).toBe(0);
    expect(await page.evaluate(() => 'attacked' in window)).toBe(false);
    expect(problems).toEqual([]);
  });

  for (const theme of ['light-modern', 'dark-modern', 'high-contrast'] as const) {
    it(`has no faults that axe finds in ${theme}`, async () => {
      const { page, problems } = await openEditor({ theme, width: 1280, height: 1000 });
      await prune(page);
      await page.mouse.move(700, 330);
      await page.waitForTimeout(400);
      await screenshot(page, `editor-${theme}`);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(problems).toEqual([]);
    });
  }

  it('takes the colours of a new theme', async () => {
    const { page } = await openEditor({ theme: 'dark-modern' });
    const ink = () => page.evaluate(() => document.querySelector('.timeline .xtick text')?.getAttribute('style') ?? '');
    const picture = () =>
      page.evaluate(() => document.querySelector<SVGImageElement>('.timeline image')?.href.baseVal.length);
    const [before, darkPicture] = [await ink(), await picture()];
    await switchTheme(page, 'light-modern');
    await expect.poll(ink).not.toBe(before);
    await expect.poll(picture).not.toBe(darkPicture);
  });

  it('stacks in a narrow pane', async () => {
    const { page } = await openEditor({ width: 420, height: 1200, theme: 'light-modern' });
    await prune(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(420);
    await screenshot(page, 'editor-narrow');
  });

  it('shows window boundaries and merged tokens', async () => {
    const { page, problems } = await openView('editor', {
      file: 'half-minute.wav',
      repeats: 2,
      settings: { ...settings, strategy: 'a-tome', keepRatio: 0.2 },
      theme: 'light-modern',
    });
    await page.locator('.timeline image').waitFor();
    await prune(page);
    await page.locator('.timeline').focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press('+');
    await page.waitForTimeout(500);
    await screenshot(page, 'editor-merged');
    expect(problems).toEqual([]);
  });
});
