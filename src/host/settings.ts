import * as path from 'node:path';
import * as vscode from 'vscode';
import { expandHome } from '../engine/model/model-folders';
import { defaultEndpoint } from '../hub/repository';
import { shippedModel } from '../protocol/model';
import type { Provider } from '../protocol/provider';
import type { RunSettings } from '../protocol/run';
import { strategies } from '../pruning/registry';
import type { BudgetMode, HeadReduce } from '../pruning/selection';

const section = 'earmark';

/** What a view starts with: the user's settings. */
export interface ViewSettings {
  readonly modelId: string;
  readonly run: RunSettings;
}

/** The settings of the configuration as a run takes them. An empty question stands for the model's own. */
export function readViewSettings(): ViewSettings {
  const configuration = vscode.workspace.getConfiguration(section);
  return {
    modelId: configuration.get('model', shippedModel),
    run: {
      strategy: knownStrategy(configuration.get('strategy', 'segmentwise')),
      keepRatio: configuration.get('keepRatio', 0.25),
      budgetMode: configuration.get<BudgetMode>('budgetMode', 'exact'),
      headReduce: readHead(configuration.get<string>('head', 'mean')),
      parameters: { segments: configuration.get('segments', 10) },
      question: configuration.get('question', ''),
      maxNewTokens: configuration.get('maxNewTokens', 64),
    },
  };
}

/** Settings that the engine takes when it starts. */
export interface EngineSettings {
  readonly modelFolders: readonly string[];
  readonly threads: number;
  readonly ffmpeg: string;
  readonly provider: Provider;
}

export function readEngineSettings(): EngineSettings {
  const configuration = vscode.workspace.getConfiguration(section);
  return {
    modelFolders: configuration.get<string[]>('modelFolders', []),
    threads: configuration.get('threads', 0),
    ffmpeg: configuration.get('ffmpegPath', ''),
    provider: configuration.get<Provider>('provider', 'cpu'),
  };
}

/** The hub that models are got from. */
export function readHubEndpoint(): string {
  return vscode.workspace.getConfiguration(section).get('hubEndpoint', defaultEndpoint);
}

export function setDefaultModel(modelId: string): Promise<void> {
  return update('model', modelId);
}

/** Names a further folder in which models are looked for. */
export function addModelFolder(folder: string): Promise<void> {
  return update('modelFolders', [...readEngineSettings().modelFolders, folder]);
}

export function isModelFolder(folder: string): boolean {
  return readEngineSettings().modelFolders.some((named) => isSame(named, folder));
}

/** The inverse of `addModelFolder`. */
export function removeModelFolder(folder: string): Promise<void> {
  return update(
    'modelFolders',
    readEngineSettings().modelFolders.filter((named) => !isSame(named, folder)),
  );
}

function isSame(named: string, folder: string): boolean {
  return path.resolve(expandHome(named)) === path.resolve(folder);
}

/** In the workspace's settings where they say it already, for they count more, else in the person's own. */
async function update(name: string, value: unknown): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(section);
  const ofWorkspace = configuration.inspect(name)?.workspaceValue !== undefined;
  await configuration.update(
    name,
    value,
    ofWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global,
  );
}

/** `onEngine`: the engine must start anew. `onModels`: there may be other models. `onView`: views show other choices. */
export function onDidChangeSettings(handlers: {
  readonly onEngine: () => void;
  readonly onModels: () => void;
  readonly onView: () => void;
}): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    const affects = (name: string): boolean => event.affectsConfiguration(`${section}.${name}`);
    if (['threads', 'ffmpegPath', 'provider'].some(affects)) {
      handlers.onEngine();
    }
    if (affects('modelFolders')) {
      handlers.onModels();
    }
    if (event.affectsConfiguration(section)) {
      handlers.onView();
    }
  });
}

/** A name that is none would leave a view without controls; the settings editor marks it. */
function knownStrategy(name: string): string {
  return strategies.some((strategy) => strategy.name === name) ? name : 'segmentwise';
}

function readHead(value: string): HeadReduce {
  if (value === 'mean' || value === 'max') {
    return value;
  }
  const head = Number(value);
  return Number.isInteger(head) && head >= 0 ? head : 'mean';
}
