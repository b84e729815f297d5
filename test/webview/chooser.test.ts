import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunSettings } from '../../src/protocol/run';
import { model, openView, settings, startPages, stopPages } from './pages';

beforeAll(startPages);
afterAll(stopPages);

const models = [
  { ...model, modelId: 'large', title: 'Large' },
  { ...model, modelId: 'earmark-mini', title: 'Earmark mini' },
];

it('goes on with another model where the one that is set is not installed, and says so until one is chosen', async () => {
  const { page, problems } = await openView('comparison', { models, modelId: 'gone' });
  const said = page.getByText('The model “gone” is not installed: Earmark mini is chosen.');
  await said.waitFor();
  await page.evaluate((given) => window.fake.changeState({ models: given }), [...models, { ...model }]);
  await expect.poll(() => page.locator('vscode-dropdown[aria-label="Model"] vscode-option').count()).toBe(3);
  expect(await said.count()).toBe(1);
  await page.getByRole('combobox', { name: 'Model' }).click();
  await page.getByRole('option', { name: 'Large' }).click();
  await expect.poll(() => said.count()).toBe(0);
  expect(problems).toEqual([]);
});

it('says no more that a model is not installed once it is', async () => {
  const { page } = await openView('comparison', { models, modelId: 'gone' });
  const said = page.getByText('The model “gone” is not installed: Earmark mini is chosen.');
  await said.waitFor();
  const linked = page.getByText('The link names the model “elsewhere”');
  await page.evaluate(() => window.fake.showComparison({ modelId: 'elsewhere' }));
  await linked.waitFor();
  const added = ['gone', 'elsewhere'].map((modelId) => ({ ...model, modelId }));
  await page.evaluate((given) => window.fake.changeState({ models: given }), [...models, ...added]);
  await expect.poll(() => said.count()).toBe(0);
  await expect.poll(() => linked.count()).toBe(0);
});

it('takes the mean where the model has not the head that is set, says so until one is chosen, and runs with that', async () => {
  const { page, problems } = await openView('comparison', { settings: { ...settings, headReduce: 7 } });
  const said = page.getByText('Test model (constructed data) has no head 7: the mean of all heads is chosen.');
  await said.waitFor();
  const run = async (heads: RunSettings['headReduce']) => {
    await page.getByRole('button', { name: 'Run Comparison' }).click();
    await page.getByText('13 runs done.').waitFor();
    const asked = await page.evaluate(() => window.fake.calls.filter(({ method }) => method === 'view/run').at(-1));
    const used = (asked!.params as { settings: RunSettings[] }).settings.map(({ headReduce }) => headReduce);
    expect(new Set(used)).toEqual(new Set([heads]));
  };
  await run('mean');
  await page.getByRole('combobox', { name: 'Attention heads' }).click();
  await page.getByRole('option', { name: 'Head 3' }).click();
  await said.waitFor({ state: 'hidden' });
  await run(3);
  expect(problems).toEqual([]);
});

it('leaves the focus on the list of models, from which the form is made anew', async () => {
  const { page } = await openView('comparison', { models });
  const list = page.getByRole('combobox', { name: 'Model' });
  await list.focus();
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => list.evaluate((node) => (node as HTMLSelectElement).value)).toBe('earmark-mini');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Model');
});
