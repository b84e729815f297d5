import * as path from 'node:path';
import * as vscode from 'vscode';
import { AttentionPane } from './host/attention-pane';
import { AudioEditorProvider } from './host/audio-editor';
import { registerCommands } from './host/commands';
import { ComparisonPanels } from './host/comparison-panel';
import { EngineClient } from './host/engine-client';
import { Evaluations } from './host/evaluations';
import { ResultRowOpener } from './host/result-row-opener';
import { ResultsEditorProvider } from './host/results-editor';
import { Models } from './host/models';
import { onDidChangeSettings, readEngineSettings } from './host/settings';
import { registerSettingsLinks } from './host/settings-link';
import { SoundViews } from './host/sound-views';
import { createStatusBar } from './host/status-bar';
import { changeModelFolders } from './protocol/engine';
import { Choices, type ViewServices } from './host/view-state';

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Earmark', { log: true });
  const engineParams = () => ({ ...readEngineSettings(), modelFolders: models.folders() });
  const engine = new EngineClient(path.join(context.extensionPath, 'dist', 'engine.js'), engineParams, log);
  // Measuring an evaluation or the machine and importing a model take a process: sounds have one of their own.
  const secondEngine = new EngineClient(path.join(context.extensionPath, 'dist', 'engine.js'), engineParams, log);
  const models = new Models(
    context,
    log,
    () => {
      engine.reset();
    },
    secondEngine,
  );
  const choices = new Choices();
  const services: ViewServices = {
    extensionUri: context.extensionUri,
    engine,
    log,
    choices,
    listModels: models.list,
  };
  const views = new SoundViews(engine);
  const comparisons = new ComparisonPanels(services, views);
  const rowOpener = new ResultRowOpener(services, views, context.workspaceState);
  const results = new ResultsEditorProvider({ ...services, engine: secondEngine, rowOpener });
  const evaluations = new Evaluations(path.join(context.extensionPath, 'dist', 'cli.js'), services);

  context.subscriptions.push(
    log,
    models,
    models.onDidChange(() => {
      [...views.all, ...comparisons.all].forEach((view) => void view.tellState());
    }),
    engine,
    secondEngine,
    evaluations,
    views,
    createStatusBar(engine),
    new AudioEditorProvider(services, views).register(),
    new AttentionPane(services, views).register(),
    comparisons.register(),
    results.register(),
    registerCommands({ views, comparisons, results, evaluations, models, engine, log }),
    registerSettingsLinks(views, comparisons),
    onDidChangeSettings({
      onEngine: () => {
        engine.reset();
        secondEngine.reset();
        models.forgetSpeed();
      },
      onModels: () => {
        // Whatever runs goes on.
        engine.notify(changeModelFolders, { modelFolders: models.folders() }).catch((error: unknown) => {
          log.error(String(error));
        });
      },
      onView: () => {
        choices.reset();
        models.refresh();
      },
    }),
  );
}
