import * as vscode from 'vscode';
import { experiments } from '../experiments/registry';
import type { ViewCommand } from '../protocol/view';
import { AttentionPane } from './attention-pane';
import type { ComparisonPanels } from './comparison-panel';
import type { EngineClient } from './engine-client';
import { isAudioFile } from './audio-files';
import { chooseResults, openResults, type Evaluations } from './evaluations';
import type { Models } from './models';
import { openNewEditor, openSound } from './open-sound';
import type { ResultsEditorProvider } from './results-editor';
import type { SoundViews } from './sound-views';

export interface CommandServices {
  readonly views: SoundViews;
  readonly comparisons: ComparisonPanels;
  readonly results: ResultsEditorProvider;
  readonly evaluations: Evaluations;
  readonly models: Models;
  readonly engine: EngineClient;
  readonly log: vscode.LogOutputChannel;
}

/** Every command of the manifest. */
export function registerCommands(services: CommandServices): vscode.Disposable {
  const { views, comparisons, results, evaluations, engine, log } = services;
  const inEditor = (command: ViewCommand) => async (uri?: unknown) => {
    const target = soundOf(uri, services);
    if (target) {
      (await openSound(target, views))?.command(command);
    }
  };
  const commands: Readonly<Record<string, (uri?: unknown) => unknown>> = {
    'earmark.pruneAndCaption': inEditor('pruneAndCaption'),
    'earmark.exportReport': async (uri) => {
      const inFront = uri instanceof vscode.Uri ? undefined : (comparisons.active ?? results.active);
      if (inFront) {
        inFront.command('exportReport');
      } else {
        await inEditor('exportReport')(uri);
      }
    },
    'earmark.cancel': () => {
      (comparisons.active ?? views.active)?.command('cancel');
    },
    'earmark.compareStrategies': (uri) => {
      const target = soundOf(uri, services);
      if (target) {
        comparisons.show(target);
      }
    },
    'earmark.runExperiment': async (uri) => {
      const target = soundOf(uri, services);
      const name = target && (await chooseExperiment());
      if (name !== undefined) {
        comparisons.show(target!).showExperiment(name);
      }
    },
    'earmark.openEditor': async (uri) => {
      const target = soundOf(uri, services);
      if (target) {
        await openNewEditor(target);
      }
    },
    'earmark.evaluateDataset': (uri) => evaluations.begin(uri instanceof vscode.Uri ? uri : undefined),
    'earmark.openResults': async (uri) => {
      const file = uri instanceof vscode.Uri ? uri : await chooseResults();
      if (file) {
        await openResults(file);
      }
    },
    'earmark.showAttention': () => vscode.commands.executeCommand(`${AttentionPane.viewType}.focus`),
    'earmark.addModel': services.models.add,
    'earmark.importModel': services.models.import,
    'earmark.manageModels': services.models.manage,
    'earmark.showLog': () => {
      log.show();
    },
    'earmark.openSettings': () => vscode.commands.executeCommand('workbench.action.openSettings', 'earmark.'),
    'earmark.restartEngine': () => engine.restartNow(),
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(name, run)),
  );
}

async function chooseExperiment(): Promise<string | undefined> {
  const items = experiments.map(({ name, label, description, captions }) => ({
    name,
    label,
    detail: description,
    description: captions ? 'writes captions' : 'looks at scores only',
  }));
  const chosen = await vscode.window.showQuickPick(items, { title: 'Run Experiment', matchOnDetail: true });
  return chosen?.name;
}

/** The sound that a command is about: its argument, what is in front, or the editor used last. Says so if there is none. */
function soundOf(argument: unknown, { views, comparisons }: CommandServices): vscode.Uri | undefined {
  const uri =
    argument instanceof vscode.Uri
      ? argument
      : (activeTabUri() ?? comparisons.active?.sound.uri ?? views.active?.sound.uri);
  if (!uri) {
    void vscode.window.showInformationMessage('Earmark: open an audio file first, or choose one in the Explorer.');
  }
  return uri;
}

/** The file of the tab in front, where it is a sound: in Earmark's editor or in another. */
function activeTabUri(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (input instanceof vscode.TabInputCustom || input instanceof vscode.TabInputText) {
    return isAudioFile(input.uri) ? input.uri : undefined;
  }
  return undefined;
}
