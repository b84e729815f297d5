import * as vscode from 'vscode';
import { sizeWords } from '../report/numbers';
import { timeSentence } from '../report/time-words';
import type { ModelServices } from './models';
import { plainMessage } from './plain-message';

export interface NewModel {
  readonly modelId: string;
  readonly opening: string;
  /** What was found, and what was not, in sentences. */
  readonly found: readonly string[];
  readonly notes: readonly string[];
  /** What else the person should know. */
  readonly told?: string;
}

/** Tells of a model that can be chosen now, and offers to make it the default. */
export async function offerModel(
  services: ModelServices,
  { modelId, opening, found, notes, told = '' }: NewModel,
): Promise<void> {
  await services.measureSpeed();
  const model = (await services.list()).find((one) => one.modelId === modelId);
  const memory = model ? (model.memoryProblem ?? `It needs about ${sizeWords(model.memoryBytes)} of memory.`) : '';
  const words = [`Earmark: ${opening}`, ...found, ...notes, memory, timeSentence(model?.times), told]
    .filter((text) => text !== '')
    .join(' ');
  const show =
    notes.length > 0 || model?.memoryProblem !== undefined
      ? vscode.window.showWarningMessage
      : vscode.window.showInformationMessage;
  services.log.info(words);
  if ((await show(plainMessage(words), 'Set as Default')) !== undefined) {
    await services.setDefault(modelId);
  }
}
