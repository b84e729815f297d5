import { afterAll, beforeAll, describe, expect, inject, it, onTestFailed, vi } from 'vitest';
import { FakeHub, refuse } from '../unit/hub/fake-hub';
import { addPack } from '../unit/hub/noise-pack';
import { Harness } from './harness';

/** A person adds a model from a hub on this machine, and removes it again. */
describe('models in VS Code', () => {
  let hub: FakeHub;
  let harness: Harness;

  beforeAll(async () => {
    hub = await FakeHub.start();
    addPack(hub);
    harness = await Harness.start({
      ...inject('vscode'),
      settings: { 'earmark.hubEndpoint': hub.endpoint, 'earmark.modelFolders': ['/no/such/folder'] },
    });
  });
  afterAll(async () => {
    hub.stop();
    await harness.stop();
  });

  it('are added with a token, are in the picker at once, and are removed', async () => {
    onTestFailed(() => harness.diagnose('models'));
    const { workbench } = harness;
    const { page } = workbench;
    await workbench.openInEarmark('howl-then-bell.wav');
    const editor = await workbench.view('editor');
    const option = editor.locator('vscode-option').filter({ hasText: 'Tiny noise' });
    await workbench.notification('The model folder /no/such/folder does not exist.').waitFor();
    await workbench.clearNotifications();

    hub.interfere = (seen, _request, response) => {
      const denied = seen.host === 'hub' && seen.authorization !== 'Bearer secret';
      if (denied) {
        refuse(response, 401);
      }
      return denied;
    };
    const type = async (text: string): Promise<void> => {
      const input = page.locator('.quick-input-widget input:not([type="checkbox"])').first();
      await input.fill(text);
      await input.press('Enter');
    };
    // The labels of actions begin with an icon. A list closes when the page behind it takes the focus: once more.
    const manage = async (action: string): Promise<void> => {
      const row = page.locator('.quick-input-widget .monaco-list-row').filter({ hasText: action }).first();
      await vi.waitFor(
        async () => {
          await workbench.runCommand('Earmark: Manage Models');
          await workbench.pick('Tiny noise');
          await row.click({ timeout: 4000 });
        },
        { timeout: 60_000 },
      );
    };
    await workbench.runCommand('Earmark: Add Model');
    await page.locator('.quick-input-widget').filter({ hasText: 'Add a model from 127.0.0.1' }).waitFor();
    await type(hub.repository);
    const asks = workbench.notification('needs a token');
    await asks.waitFor();
    await asks.getByRole('button', { name: 'Enter Token…' }).click();
    await page.locator('.quick-input-widget').filter({ hasText: 'Token for 127.0.0.1' }).waitFor();
    await type('secret');
    await workbench.notification('The model "tiny" can be chosen now.').waitFor({ timeout: 30_000 });
    await expect.poll(() => option.count()).toBe(1);
    expect(hub.seen.filter(({ host }) => host === 'cdn').map(({ authorization }) => authorization)).toEqual([
      undefined,
    ]);
    await harness.screenshot('model-added');

    await workbench.clearNotifications();
    await manage('Verify');
    await workbench.notification('tiny: 2 files are as they should be.').waitFor();
    await manage('Remove');
    await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Remove' }).click();
    await expect.poll(() => option.count()).toBe(0);
    expect(harness.takeErrors()).toEqual([]);
  });
});
