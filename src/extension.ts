import * as path from 'node:path';
import * as vscode from 'vscode';
import { findPacks } from './engine/model/pack';
import { AttentionPane } from './host/attention-pane';
import { AudioEditorProvider } from './host/audio-editor';
import { registerCommands } from './host/commands';
import { ComparisonPanels } from './host/comparison-panel';
import { EngineClient } from './host/engine-client';
import { onDidChangeSettings, readEngineSettings } from './host/settings';
import { registerSettingsLinks } from './host/settings-link';
import { Choices, type ViewServices } from './host/sound-view';
import { SoundViews } from './host/sound-views';
import { createStatusBar } from './host/status-bar';

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Earmark', { log: true });
  const engineParams = () => {
    const { modelFolders, ...settings } = readEngineSettings();
    return { ...settings, modelFolders: [...modelFolders, ...ownModelFolders(context)] };
  };
  const engine = new EngineClient(path.join(context.extensionPath, 'dist', 'engine.js'), engineParams, log);
  const choices = new Choices();
  const services: ViewServices = {
    extensionUri: context.extensionUri,
    engine,
    log,
    choices,
    listModels: async () => (await findPacks(engineParams().modelFolders)).map(({ info }) => info),
  };
  const views = new SoundViews(engine);
  const comparisons = new ComparisonPanels(services, views);

  context.subscriptions.push(
    log,
    engine,
    views,
    createStatusBar(engine),
    new AudioEditorProvider(services, views).register(),
    new AttentionPane(services, views).register(),
    comparisons.register(),
    registerCommands({ views, comparisons, engine, log }),
    registerSettingsLinks(views, comparisons),
    onDidChangeSettings({
      onEngine: () => {
        void engine.restartNow();
      },
      onView: () => {
        choices.reset();
        views.all.forEach((view) => void view.tellState());
      },
    }),
  );
}

/** Models that the person added come before the one that ships. */
function ownModelFolders(context: vscode.ExtensionContext): string[] {
  return [
    vscode.Uri.joinPath(context.globalStorageUri, 'models').fsPath,
    path.join(context.extensionPath, 'media', 'models'),
  ];
}
