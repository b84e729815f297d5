import type * as vscode from 'vscode';
import type { ModelInfo } from '../protocol/model';
import type { ViewState } from '../protocol/view';
import type { EngineClient } from './engine-client';
import { readViewSettings, type ViewSettings } from './settings';
import type { Sound } from './sound';

/** What every view needs from the extension. */
export interface ViewServices {
  readonly extensionUri: vscode.Uri;
  readonly engine: EngineClient;
  readonly log: vscode.LogOutputChannel;
  readonly choices: Choices;
  readonly listModels: () => Promise<readonly ModelInfo[]>;
}

/** The choices of the view that was used last, which the next one starts with; the settings until there are any. */
export class Choices {
  private last: ViewSettings | undefined;

  get current(): ViewSettings {
    return this.last ?? readViewSettings();
  }

  choose(settings: ViewSettings): void {
    this.last = settings;
  }

  /** The settings were changed: they count again. */
  reset(): void {
    this.last = undefined;
  }
}

/** The state that a view of a sound, or the attention pane without one, is told. */
export async function viewState({ engine, choices, listModels }: ViewServices, sound?: Sound): Promise<ViewState> {
  const { modelId, run } = choices.current;
  const models = await listModels();
  const question = models.find((model) => model.modelId === modelId)?.question ?? '';
  return {
    ...(sound && { fileName: sound.name }),
    revision: sound?.revision ?? 0,
    modelId,
    models,
    settings: run.question === '' ? { ...run, question } : run,
    engine: engine.state,
  };
}
