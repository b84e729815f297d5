import { existsSync } from 'node:fs';
import { copyFile, cp, readdir, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, vi } from 'vitest';
import { FakeHub, refuse } from '../unit/hub/fake-hub';
import { addPack } from '../unit/hub/noise-pack';
import { Harness, scenesIn } from './harness';
import { themes, type ThemeName, type Workbench } from './workbench';

const reference = path.resolve(import.meta.dirname, '..', 'reference', 'transformers-js', 'ultravox');
const graphs = ['audio_encoder', 'embed_tokens', 'decoder_model_merged'];

/** A person gets models from a hub on this machine and from folders, and removes them again. */
describe('models in VS Code', () => {
  let hub: FakeHub;
  let harness: Harness;
  let workbench: Workbench;
  let page: Page;

  beforeAll(async () => {
    hub = await FakeHub.start();
    addPack(hub);
    harness = await Harness.start({
      ...inject('vscode'),
      settings: { 'earmark.hubEndpoint': hub.endpoint, 'earmark.modelFolders': ['/no/such/folder'] },
    });
    ({ workbench } = harness);
    ({ page } = workbench);
  });
  afterAll(async () => {
    hub.stop();
    await harness.stop();
  });

  const scene = scenesIn(() => harness);

  const list = () => page.locator('.quick-input-widget');
  const row = (text: string) => list().locator('.monaco-list-row').filter({ hasText: text }).first();
  const option = async (text: string) =>
    (await workbench.view('editor')).locator('vscode-option').filter({ hasText: text });
  const type = async (text: string): Promise<void> => {
    const input = list().locator('input:not([type="checkbox"])').first();
    await input.fill(text);
    await input.press('Enter');
  };
  // The labels of actions begin with an icon. A list closes when the page behind it takes the focus: once more.
  const manage = async (model: string, action: string): Promise<void> => {
    await vi.waitFor(
      async () => {
        await workbench.runCommand('Earmark: Manage Models');
        await workbench.pick(model);
        await row(action).click({ timeout: 4000 });
      },
      { timeout: 60_000 },
    );
  };
  const add = async (repository: string): Promise<void> => {
    await workbench.runCommand('Earmark: Add Model');
    await list().filter({ hasText: 'Add a model from 127.0.0.1' }).waitFor();
    await type(repository);
  };
  /** Chooses a folder in VS Code's own dialog: its path, then the button. */
  const importFolder = async (folder: string): Promise<void> => {
    await workbench.runCommand('Earmark: Import Model');
    const dialog = list().filter({ hasText: 'A folder with an ONNX export' });
    const input = dialog.locator('input:not([type="checkbox"])').first();
    // The dialog writes a path of its own while it comes up, and takes no click while it goes to another: until it is gone.
    await vi.waitFor(
      async () => {
        await input.fill(`${folder}/`, { timeout: 5000 });
        await row('onnx').waitFor({ timeout: 3000 });
        await page.waitForTimeout(500);
        expect(await input.inputValue()).toBe(`${folder}/`);
        await dialog.getByRole('button', { name: 'Import' }).click({ timeout: 3000 });
        await dialog.waitFor({ state: 'hidden', timeout: 3000 });
      },
      { timeout: 60_000 },
    );
  };
  /** A notification folds away after a while, or comes folded: brings it up, as often as it takes. */
  const unfold = async (notification: Locator): Promise<void> => {
    await vi.waitFor(
      async () => {
        await workbench.runCommand('Notifications: Show Notifications');
        await notification.waitFor({ timeout: 5000 });
      },
      { timeout: 60_000 },
    );
  };
  /** Pictures of what is open, in light, dark and high contrast. */
  const pictures = async (name: string, show: () => Promise<void>): Promise<void> => {
    for (const theme of Object.keys(themes) as ThemeName[]) {
      await workbench.setTheme(theme);
      await show();
      await harness.screenshot(`${name}-${theme}`);
    }
    await workbench.setTheme('dark');
  };

  scene('are added with a token, are in the picker at once, and are removed', async () => {
    await workbench.openInEarmark('howl-then-bell.wav');
    await workbench.notification('The model folder /no/such/folder does not exist.').waitFor();
    await workbench.clearNotifications();

    hub.interfere = (seen, _request, response) => {
      const denied = seen.host === 'hub' && seen.authorization !== 'Bearer secret';
      if (denied) {
        refuse(response, 401);
      }
      return denied;
    };
    await add(hub.repository);
    const asks = workbench.notification('needs a token');
    await asks.waitFor();
    await asks.getByRole('button', { name: 'Enter Token…' }).click();
    await list().filter({ hasText: 'Token for 127.0.0.1' }).waitFor();
    await type('secret');
    await unfold(workbench.notification('The model "tiny" can be chosen now.'));
    await expect.poll(async () => (await option('Tiny noise')).count()).toBe(1);
    expect(hub.seen.filter(({ host }) => host === 'cdn').map(({ authorization }) => authorization)).toEqual([
      undefined,
    ]);
    await harness.screenshot('model-added');

    await workbench.clearNotifications();
    await manage('Tiny noise', 'Verify');
    await workbench.notification('tiny: 2 files are as they should be.').waitFor();
    await workbench.runCommand('Earmark: Compare Strategies');
    const comparison = await workbench.view('comparison');
    const offered = comparison.locator('vscode-option').filter({ hasText: 'Tiny noise' });
    await expect.poll(() => offered.count()).toBe(1);
    await manage('Tiny noise', 'Remove');
    await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Remove' }).click();
    await expect.poll(() => offered.count()).toBe(0);
    await workbench.runCommand('View: Close Editor');
    await expect.poll(async () => (await option('Tiny noise')).count()).toBe(0);
    expect(harness.takeErrors()).toEqual([]);
  });

  scene('are imported from a folder, which says what it lacks, and caption', async () => {
    await workbench.clearNotifications();
    // Beside the workspace, in no folder that is searched.
    const folder = path.join(path.dirname(harness.workspace), 'exports', 'My Ultravox');
    await cp(reference, folder, { recursive: true });
    const [part, apart] = [path.join(folder, 'onnx', 'embed_tokens.onnx'), path.join(folder, 'apart.onnx')];
    await rename(part, apart);
    await importFolder(folder);
    await workbench
      .notification('My Ultravox is no whole export')
      .filter({ hasText: 'embed_tokens is missing' })
      .waitFor();
    await harness.screenshot('import-half-a-model');
    await rename(apart, part);
    for (const graph of graphs) {
      await copyFile(path.join(folder, 'onnx', `${graph}.onnx`), path.join(folder, 'onnx', `${graph}_q4.onnx`));
    }
    await workbench.clearNotifications();

    const engines = await harness.engineProcesses();
    await importFolder(folder);
    await list().filter({ hasText: 'The folder has several precisions' }).waitFor();
    await expect.poll(() => row('fp32').textContent()).toMatch(/8\d\d\.\d kB/);
    await harness.screenshot('import-precisions');
    await row('q4').click();
    const told = workbench.notification('The model "my-ultravox" can be chosen now.');
    await unfold(told);
    const words = (await told.textContent())!;
    expect(words).toMatch(/Ultravox in q4: an encoder of 2 layers with 2 heads, one token for 160 ms/);
    expect(words).toMatch(/The attention of its encoder’s last layer can be read\./);
    expect(words).toContain(`${folder} was added to the setting earmark.modelFolders.`);
    await pictures('model-imported', () => unfold(told));

    const settings = path.join(path.dirname(harness.workspace), 'user', 'Machine', 'settings.json');
    expect(JSON.parse(await readFile(settings, 'utf8'))).toMatchObject({
      'earmark.modelFolders': ['/no/such/folder', folder],
    });
    // Whatever the engine did goes on: it was not started anew for the setting.
    expect(await harness.engineProcesses()).toEqual(expect.arrayContaining(engines));
    const editor = await workbench.view('editor');
    await editor.getByRole('combobox', { name: 'Model' }).click();
    await editor.getByRole('option', { name: 'Ultravox (My Ultravox, q4)' }).click();
    await editor.getByRole('button', { name: 'Prune & Caption' }).click();
    await expect.poll(() => editor.locator('.card[data-run]').count(), { timeout: 60_000 }).toBe(2);
    await expect
      .poll(() => editor.locator('.card[data-run]').last().textContent(), { timeout: 60_000 })
      .toMatch(/1\d of 6\d tokens/);
    await harness.screenshot('import-captions');

    await manage('Ultravox (My Ultravox', 'Forget');
    await expect.poll(async () => (await option('Ultravox (My Ultravox')).count()).toBe(0);
    expect(JSON.parse(await readFile(settings, 'utf8'))).toMatchObject({ 'earmark.modelFolders': ['/no/such/folder'] });
    expect(existsSync(path.join(folder, 'pack.json'))).toBe(true);
    expect(harness.takeErrors()).toEqual([]);
  });

  scene('of several precisions: one is pulled, is cancelled, and goes on', async () => {
    await workbench.clearNotifications();
    await serveExport();
    const q4 = hub.files.get('onnx/decoder_model_merged_q4.onnx')!.content;
    // The first time it comes in part, and the rest never.
    hub.interfere = ({ host, path: name, range }, _request, response) => {
      const slow = host === 'cdn' && name === '/onnx/decoder_model_merged_q4.onnx' && range === undefined;
      if (slow) {
        response.writeHead(200, { 'content-length': q4.length });
        response.write(q4.subarray(0, 200_000));
      }
      return slow;
    };
    const choose = async (): Promise<void> => {
      await add(hub.repository);
      await list().filter({ hasText: 'The repository has several precisions' }).waitFor({ timeout: 30_000 });
      await expect.poll(() => row('q4').textContent()).toMatch(/8\d\d\.\d kB/);
    };
    // A list closes when the page behind it takes the focus: once more.
    const chooseQ4 = (): Promise<void> =>
      vi.waitFor(
        async () => {
          await choose();
          await harness.screenshot('pull-precisions');
          await row('q4').click({ timeout: 4000 });
        },
        { timeout: 60_000 },
      );
    await chooseQ4();
    const progress = workbench.notification(`Earmark: ${hub.repository}`);
    await progress
      .filter({ hasText: /\d\d % of 8\d\d\.\d kB.*decoder_model_merged_q4\.onnx/ })
      .waitFor({ timeout: 30_000 });
    await pictures('pull-progress', () => unfold(progress));
    await unfold(progress);
    await progress.getByRole('button', { name: 'Cancel' }).click();
    await workbench.notification('Stopped; what has come is kept.').waitFor();
    const user = path.join(path.dirname(harness.workspace), 'user', 'User');
    const models = path.join(user, 'globalStorage', 'earmark.earmark', 'models');
    expect(await readdir(models)).toEqual(['earmark-audio--ultravox--q4.part']);
    const partial = (await readdir(path.join(models, 'earmark-audio--ultravox--q4.part', 'onnx'))).find((name) =>
      name.endsWith('.part'),
    );
    expect((await stat(path.join(models, 'earmark-audio--ultravox--q4.part', 'onnx', partial!))).size).toBe(200_000);

    await workbench.clearNotifications();
    hub.seen.length = 0;
    await chooseQ4();
    const told = workbench.notification('The model "earmark-audio--ultravox--q4" can be chosen now.');
    await unfold(told);
    expect(hub.seen.find(({ path: name }) => name === '/onnx/decoder_model_merged_q4.onnx')!.range).toBe(
      'bytes=200000-',
    );
    expect(hub.count('_q4.onnx')).toBeGreaterThan(0);
    expect(hub.count('embed_tokens.onnx')).toBe(0);
    await told.getByRole('button', { name: 'Set as Default' }).click();
    await expect.poll(async () => (await option('earmark-audio--ultravox--q4')).count()).toBe(1);

    // A window that has just changed its colours can close the list: it is opened again.
    await pictures('manage-models', () =>
      vi.waitFor(
        async () => {
          await workbench.runCommand('Earmark: Manage Models');
          const text = await row('earmark-audio--ultravox--q4').textContent({ timeout: 15_000 });
          expect(text).toMatch(
            / MB of memory, default.*about [\d.]+ m?s to the first word • earmark-audio\/ultravox at \w{7}/,
          );
        },
        { timeout: 60_000 },
      ),
    );
    await manage('Ultravox (earmark-audio--ultravox--q4', 'Verify');
    await workbench.notification(/earmark-audio--ultravox--q4: \d+ files are as they should be\./).waitFor();
    await manage('Ultravox (earmark-audio--ultravox--q4', 'Remove');
    await page.locator('.monaco-dialog-box').getByRole('button', { name: 'Remove' }).click();
    await expect.poll(async () => (await option('earmark-audio--ultravox--q4')).count()).toBe(0);
    expect(existsSync(path.join(models, 'earmark-audio--ultravox--q4'))).toBe(false);
    expect(harness.takeErrors()).toEqual([]);
  });

  /** An export on the hub, in two precisions. */
  async function serveExport(): Promise<void> {
    hub.repository = 'earmark-audio/ultravox';
    hub.files.clear();
    for (const name of await readdir(reference)) {
      if (/\.(json|jinja)$/.test(name) && name !== 'golden.json') {
        hub.files.set(name, { content: await readFile(path.join(reference, name)) });
      }
    }
    for (const graph of graphs) {
      const content = await readFile(path.join(reference, 'onnx', `${graph}.onnx`));
      hub.files.set(`onnx/${graph}.onnx`, { content, lfs: true });
      hub.files.set(`onnx/${graph}_q4.onnx`, { content, lfs: true });
    }
  }
});
