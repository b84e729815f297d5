import * as vscode from 'vscode';
import { otherOfId } from '../engine/model/find-packs';
import { patience, silenceMs } from '../hub/persist';
import { pullModel, type Pulled } from '../hub/pull-model';
import { parseEndpoint, parseRepository, repositoryName, repositoryPage, type Repository } from '../hub/repository';
import { EarmarkError } from '../protocol/errors';
import { choosePrecision } from './choose-precision';
import { withFileProgress } from './file-progress';
import { offerModel } from './model-words';
import type { ModelServices } from './models';
import { plainMessage } from './plain-message';
import { readHubEndpoint } from './settings';

/** *Earmark: Add Model*: asks which, gets it, offers it. */
export async function addModel(services: ModelServices): Promise<void> {
  try {
    const endpoint = parseEndpoint(readHubEndpoint());
    const name = await askForRepository(endpoint);
    if (name !== undefined) {
      await getModel(parseRepository(name, endpoint), endpoint, services);
    }
  } catch (thrown) {
    await services.showError(thrown);
  }
}

function askForRepository(endpoint: URL): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: `Add a model from ${endpoint.host}`,
    prompt: 'OWNER/NAME, or OWNER/NAME@REVISION for a branch, a tag or a commit',
    placeHolder: 'owner/name',
    ignoreFocusOut: true,
    validateInput: (text) => {
      try {
        parseRepository(text, endpoint);
        return undefined;
      } catch (thrown) {
        return text.trim() === '' ? undefined : EarmarkError.from(thrown).action;
      }
    },
  });
}

/** Where a token is missing or a licence was not accepted, the person can see to that and it is tried again. */
async function getModel(repository: Repository, endpoint: URL, services: ModelServices): Promise<void> {
  try {
    const pulled = await pullWithProgress(repository, endpoint, services);
    services.refresh();
    await tell(pulled, services);
  } catch (thrown) {
    const error = EarmarkError.from(thrown);
    if (error.code !== 'hub-denied') {
      throw error;
    }
    const choice = await vscode.window.showWarningMessage(plainMessage(error.message), 'Enter Token…', 'Open Page');
    if (choice === 'Open Page') {
      await vscode.env.openExternal(vscode.Uri.parse(repositoryPage(endpoint, repositoryName(repository))));
    } else if (choice !== undefined && (await services.token.ask(endpoint))) {
      await getModel(repository, endpoint, services);
    }
  }
}

async function pullWithProgress(repository: Repository, endpoint: URL, services: ModelServices): Promise<Pulled> {
  const token = await services.token.get(endpoint);
  return withFileProgress(`Earmark: ${repositoryName(repository)}`, ({ signal, onProgress, say }) =>
    pullModel(repository, {
      modelFolder: services.ownFolder,
      hub: {
        endpoint,
        ...(token !== undefined && { token }),
        signal,
        patience,
        silenceMs,
        onWait: (seconds, error) => {
          const words = `${error.message} Trying again in ${String(seconds)} s.`;
          services.log.warn(words);
          say(words);
        },
      },
      choosePrecision: (offers) => choosePrecision(offers, 'The repository has several precisions'),
      update: false,
      onProgress,
      importFolder: (folder, precision) => services.importFolder(folder, precision, signal, onProgress),
    }),
  );
}

async function tell({ fresh, folder, modelId, found, notes, source }: Pulled, services: ModelServices): Promise<void> {
  const { repository, commit } = source;
  services.log.info(`${repository} at ${commit} ${fresh ? 'is now' : 'was already'} in ${folder}`);
  if (modelId === undefined) {
    const reason = plainMessage(`Earmark: ${repository} is stored, but it can not be used. ${notes.join(' ')}`);
    services.log.warn(reason);
    void vscode.window.showWarningMessage(reason);
    return;
  }
  const other = await otherOfId(services.folders(), modelId, folder);
  if (other !== undefined) {
    const hidden = plainMessage(
      `Earmark: ${repository} is in ${folder}, but "${modelId}" is the model in ${other}, which is found first. ` +
        'Remove that one to use this one.',
    );
    services.log.warn(hidden);
    void vscode.window.showWarningMessage(hidden);
    return;
  }
  const opening = fresh ? `The model "${modelId}" can be chosen now.` : `The model "${modelId}" is there already.`;
  await offerModel(services, { modelId, opening, found, notes });
}
