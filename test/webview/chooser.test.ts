import { afterAll, beforeAll, expect, it } from 'vitest';
import { model, openView, startPages, stopPages } from './pages';

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

it('leaves the focus on the list of models, from which the form is made anew', async () => {
  const { page } = await openView('comparison', { models });
  const list = page.getByRole('combobox', { name: 'Model' });
  await list.focus();
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => list.evaluate((node) => (node as HTMLSelectElement).value)).toBe('earmark-mini');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Model');
});
