import * as path from 'node:path';
import * as vscode from 'vscode';
import { parseEndpoint, repositoryPage } from '../hub/repository';
import { listStored, removeStored, verifyStored, type StoredModel } from '../hub/stored-models';
import type { ModelInfo } from '../protocol/model';
import { sizeWords } from '../report/numbers';
import { waitWords } from '../report/time-words';
import { addModel } from './add-model';
import { importModel } from './import-model';
import type { ModelServices } from './models';
import { isModelFolder, readHubEndpoint, removeModelFolder } from './settings';

interface ModelItem extends vscode.QuickPickItem {
  readonly run: () => unknown;
}

/** *Earmark: Manage Models*: what there is, and what can be done about it. */
export async function manageModels(services: ModelServices): Promise<void> {
  try {
    const options = { title: 'Models', matchOnDescription: true };
    // The list is there at once, and says that it waits, while the machine is measured.
    const chosen = await vscode.window.showQuickPick(listItems(services), options);
    await chosen?.run();
  } catch (thrown) {
    await services.showError(thrown);
  }
}

async function listItems(services: ModelServices): Promise<ModelItem[]> {
  const stored = await listStored(services.folders(), await services.measureSpeed());
  return [
    ...stored.map((model) => ({ ...describe(model, services), run: () => manage(model, services) })),
    { label: '', kind: vscode.QuickPickItemKind.Separator, run: () => undefined },
    { label: '$(cloud-download) Add Model…', run: () => addModel(services) },
    { label: '$(folder-library) Import Model…', run: () => importModel(services) },
    { label: '$(key) Token of the Hub…', run: () => services.token.ask(parseEndpoint(readHubEndpoint())) },
  ];
}

function describe({ name, bytes, info, source, folder }: StoredModel, services: ModelServices): vscode.QuickPickItem {
  const marks = [sizeWords(bytes), memoryWords(info), name === services.defaultModel() ? 'default' : undefined];
  const from = source ? `${source.repository} at ${source.commit.slice(0, 7)}` : folder;
  return {
    label: info?.title ?? name,
    description: marks.filter((mark) => mark !== undefined).join(', '),
    detail: info ? (info.problem ?? usableWords(info, from)) : `${from}: could not be imported`,
  };
}

/** Where it is from comes last: a long path is cut off at its end. */
function usableWords({ memoryProblem, times }: ModelInfo, from: string): string {
  return [memoryProblem, times && waitWords(times), from].filter(Boolean).join(' • ');
}

function memoryWords(info: ModelInfo | undefined): string | undefined {
  return info?.memoryBytes ? `${sizeWords(info.memoryBytes)} of memory` : undefined;
}

async function manage(model: StoredModel, services: ModelServices): Promise<void> {
  const { name, folder, info, source } = model;
  const usable = info !== undefined && info.problem === undefined;
  const actions: ModelItem[] = [
    ...(usable ? [{ label: '$(star) Set as Default', run: () => services.setDefault(name) }] : []),
    { label: '$(verified) Verify', detail: 'Compares every file with its SHA-256', run: () => verify(model) },
    { label: '$(folder-opened) Open Folder', run: () => openFolder(folder) },
    { label: '$(book) Model Card', run: () => openCard(model) },
    ...(source ? [{ label: '$(trash) Remove', run: () => remove(model, services) }] : []),
    ...(isModelFolder(folder)
      ? [{ label: '$(close) Forget', detail: forgetWords, run: () => forget(model, services) }]
      : []),
  ];
  const chosen = await vscode.window.showQuickPick(actions, { title: info?.title ?? name });
  await chosen?.run();
}

const forgetWords = 'Takes its folder out of the setting earmark.modelFolders; nothing is deleted';

async function forget({ folder }: StoredModel, services: ModelServices): Promise<void> {
  await removeModelFolder(folder);
  services.refresh();
}

async function verify(model: StoredModel): Promise<void> {
  const count = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Earmark: verifying ${model.name}` },
    () => verifyStored(model),
  );
  void vscode.window.showInformationMessage(`Earmark: ${model.name}: ${String(count)} files are as they should be.`);
}

async function openFolder(folder: string): Promise<void> {
  // On a remote machine there is no file manager of the person's own.
  await vscode.commands.executeCommand(
    vscode.env.remoteName === undefined ? 'revealFileInOS' : 'vscode.openFolder',
    vscode.Uri.file(folder),
    ...(vscode.env.remoteName === undefined ? [] : [{ forceNewWindow: true }]),
  );
}

/** The page of the repository at the commit that was pulled, or what lies beside a pack. */
async function openCard({ folder, source }: StoredModel): Promise<void> {
  if (source) {
    const page = repositoryPage(new URL(source.endpoint), source.repository, source.commit);
    await vscode.env.openExternal(vscode.Uri.parse(page));
    return;
  }
  const card = vscode.Uri.file(path.join(folder, 'README.md'));
  const hasCard = await vscode.workspace.fs.stat(card).then(
    () => true,
    () => false,
  );
  await vscode.commands.executeCommand(
    hasCard ? 'markdown.showPreview' : 'vscode.open',
    hasCard ? card : vscode.Uri.file(path.join(folder, 'pack.json')),
  );
}

async function remove(model: StoredModel, services: ModelServices): Promise<void> {
  const question = `Remove the model "${model.name}"? ${sizeWords(model.bytes)} are deleted.`;
  if ((await vscode.window.showWarningMessage(question, { modal: true }, 'Remove')) === undefined) {
    return;
  }
  // An engine that has it loaded holds its files.
  services.stopEngine();
  await removeStored(model);
  services.refresh();
}
