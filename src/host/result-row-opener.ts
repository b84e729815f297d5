import * as path from 'node:path';
import * as vscode from 'vscode';
import { clothoNames } from '../datasets/audio-names';
import { locateAudio } from '../datasets/locate-audio';
import type { EvaluationManifest } from '../protocol/evaluation';
import { strategies } from '../pruning/registry';
import { openSound } from './open-sound';
import { plainMessage } from './plain-message';
import type { SoundViews } from './sound-views';
import type { ViewServices } from './view-state';

/** A row of results, as far as opening its sound needs it. */
export interface OpenableRow {
  readonly audio: string;
  readonly setting: number;
  readonly question: string;
}

/** Opens the sound of a row in Earmark's editor, as the row's run was made. */
export class ResultRowOpener {
  constructor(
    private readonly services: Pick<ViewServices, 'choices' | 'listModels'>,
    private readonly views: SoundViews,
    /** Remembers where the person said that the sounds of an evaluation are. */
    private readonly memory: vscode.Memento,
  ) {}

  /** @param results the file of the evaluation: where all moved together, the sounds are near it */
  async open(manifest: EvaluationManifest, row: OpenableRow, results: vscode.Uri): Promise<void> {
    const sound = (await this.find(manifest, row.audio, results)) ?? (await this.ask(manifest, row.audio));
    const settings = manifest.settings[row.setting];
    if (sound === undefined || !settings) {
      return;
    }
    const uri = vscode.Uri.file(sound);
    if (!strategies.some(({ name }) => name === settings.strategy)) {
      void vscode.window.showWarningMessage(
        plainMessage(`Earmark: this version has no strategy "${settings.strategy}", so the sound opens without it.`),
      );
      await openSound(uri, this.views);
      return;
    }
    const chosen = { modelId: await this.model(manifest), run: { ...settings, question: row.question } };
    // A new editor starts with these; one that is open is told.
    this.services.choices.choose(chosen);
    (await openSound(uri, this.views))?.showSettings(chosen);
  }

  private async find(manifest: EvaluationManifest, audio: string, results: vscode.Uri): Promise<string | undefined> {
    for (const audioFolder of this.folders(manifest, results)) {
      const found = await locateAudio({ audioFolder }, { audio: clothoNames(audio) });
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }

  /** Where the sounds may be: as the person said, as they were, and where they are if dataset and results moved. */
  private folders({ evaluationId, dataset }: EvaluationManifest, results: vscode.Uri): string[] {
    const said = this.memory.get<string>(memoryKey(evaluationId));
    const beside = path.dirname(path.dirname(results.fsPath));
    const within = path.relative(path.dirname(dataset.file), dataset.audioFolder);
    const moved = within.startsWith('..') || path.isAbsolute(within) ? beside : path.join(beside, within);
    return [...(said === undefined ? [] : [said]), dataset.audioFolder, moved];
  }

  private async ask({ evaluationId, dataset }: EvaluationManifest, audio: string): Promise<string | undefined> {
    const choose = 'Choose Folder…';
    const answer = await vscode.window.showWarningMessage(
      plainMessage(
        `Earmark: the sound "${audio}" is not in ${dataset.audioFolder} any more. Where are the sounds now?`,
      ),
      choose,
    );
    const folders =
      answer === choose
        ? await vscode.window.showOpenDialog({
            canSelectFiles: false,
            canSelectFolders: true,
            title: `The folder of the sounds of ${dataset.name}`,
            openLabel: 'Choose',
          })
        : undefined;
    const folder = folders?.[0];
    if (!folder) {
      return undefined;
    }
    const found = await locateAudio({ audioFolder: folder.fsPath }, { audio: clothoNames(audio) });
    if (found === undefined) {
      void vscode.window.showErrorMessage(plainMessage(`Earmark: there is no "${audio}" in ${folder.fsPath} either.`));
      return undefined;
    }
    await this.memory.update(memoryKey(evaluationId), folder.fsPath);
    return found;
  }

  /** The evaluation's model, or, where that is not installed, the one in use. */
  private async model({ model: { modelId, title } }: EvaluationManifest): Promise<string> {
    const models = await this.services.listModels();
    if (models.some((model) => model.modelId === modelId)) {
      return modelId;
    }
    void vscode.window.showWarningMessage(
      plainMessage(`Earmark: the model of this evaluation, ${title}, is not installed. The sound opens with another.`),
    );
    return this.services.choices.current.modelId;
  }
}

function memoryKey(evaluationId: string): string {
  return `audioFolder:${evaluationId}`;
}
