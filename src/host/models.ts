import * as path from 'node:path';
import * as vscode from 'vscode';
import { expandHome, modelFolderProblem } from '../engine/model/model-folders';
import { findPacks } from '../engine/model/find-packs';
import { userModelFolder } from '../hub/user-model-folder';
import { EarmarkError } from '../protocol/errors';
import { muchMemory, type ModelInfo, type Speed } from '../protocol/model';
import * as protocol from '../protocol/engine';
import type { Precision } from '../hub/repository-layout';
import type { FileProgress } from '../protocol/file-progress';
import type { ImportedModel } from '../protocol/import';
import { addModel } from './add-model';
import type { EngineClient } from './engine-client';
import { HubToken } from './hub-token';
import { importModel } from './import-model';
import { manageModels } from './manage-models';
import { plainMessage } from './plain-message';
import { readEngineSettings, readViewSettings, setDefaultModel } from './settings';

/** What commands about models need. */
export type ModelServices = Omit<Models, 'add' | 'import' | 'manage' | 'forgetSpeed' | 'dispose'>;

/** The models of this VS Code: where they are, which there are, and what a person can do about them. */
export class Models implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** There may be other models than before. */
  readonly onDidChange = this.changed.event;
  readonly token: HubToken;
  /** Where *Add Model* puts them. */
  readonly ownFolder: string;
  /** Read once, until something changes. */
  private known: Promise<readonly ModelInfo[]> | undefined;
  /** Of this machine, once somebody asked: measuring takes a process. */
  private speed: Speed | null = null;
  private measuring: Promise<void> | undefined;
  private readonly told = new Set<string>();
  private readonly focus: vscode.Disposable;

  constructor(
    private readonly context: vscode.ExtensionContext,
    readonly log: vscode.LogOutputChannel,
    readonly stopEngine: () => void,
    /** For what takes a process for seconds. */
    private readonly secondEngine: EngineClient,
  ) {
    this.token = new HubToken(context.secrets);
    this.ownFolder = vscode.Uri.joinPath(context.globalStorageUri, 'models').fsPath;
    // Meanwhile the command line may have got one.
    this.focus = vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) {
        this.refreshIfOthers().catch((error: unknown) => {
          log.error(String(error));
        });
      }
    });
  }

  /** In the order in which models are found: what the person named, what they got, what ships. */
  readonly folders = (): string[] => [
    // A relative one would be looked for wherever VS Code was started.
    ...readEngineSettings().modelFolders.filter((folder) => path.isAbsolute(expandHome(folder))),
    this.ownFolder,
    userModelFolder(),
    path.join(this.context.extensionPath, 'media', 'models'),
  ];

  readonly list = (): Promise<readonly ModelInfo[]> => {
    if (!this.known) {
      this.known = this.read();
      void this.warnOfFolders();
      void this.measureForLarge(this.known);
    }
    return this.known;
  };

  /** From now on the models say how long they take. Another process measures, once. */
  readonly measureSpeed = (): Promise<Speed | null> => {
    this.measuring ??= this.askForSpeed();
    return this.measuring.then(() => this.speed);
  };

  readonly add = (): Promise<void> => addModel(this);
  readonly import = (): Promise<void> => importModel(this);
  readonly manage = (): Promise<void> => manageModels(this);

  refresh(): void {
    this.known = undefined;
    this.changed.fire();
  }

  /**
   * Makes a model of a folder, in a process of its own: it reads gigabytes.
   *
   * @throws EarmarkError
   */
  async importFolder(
    folder: string,
    precision: Precision | undefined,
    signal: AbortSignal,
    onProgress: (progress: FileProgress) => void,
  ): Promise<ImportedModel> {
    const use = this.secondEngine.use();
    try {
      const params = (progress: string) => ({ folder, progress, ...(precision && { precision }) });
      const progress = { type: protocol.importProgress, report: onProgress };
      return await this.secondEngine.request(protocol.importModel, params, { signal, progress });
    } finally {
      use.dispose();
    }
  }

  /** Models will run otherwise. */
  forgetSpeed(): void {
    this.speed = null;
    this.measuring = undefined;
  }

  defaultModel(): string {
    return readViewSettings().modelId;
  }

  async setDefault(modelId: string): Promise<void> {
    await setDefaultModel(modelId);
  }

  async showError(thrown: unknown): Promise<void> {
    const error = EarmarkError.from(thrown);
    if (error.code === 'cancelled') {
      this.log.info(error.message);
      if (error.action !== undefined) {
        // Something stays of what was begun.
        void vscode.window.showInformationMessage(`Earmark: ${error.message} ${error.action}`);
      }
      return;
    }
    this.log.error(error.message, error);
    const words = plainMessage(`Earmark: ${error.message} ${error.action ?? ''}`.trim());
    if ((await vscode.window.showErrorMessage(words, 'Show Log')) !== undefined) {
      this.log.show();
    }
  }

  dispose(): void {
    this.focus.dispose();
    this.changed.dispose();
  }

  private async read(): Promise<readonly ModelInfo[]> {
    return (await findPacks(this.folders(), this.speed)).map(({ info }) => info);
  }

  /** The pickers say how long a large model takes; where there is none, nothing needs to be measured. */
  private async measureForLarge(models: Promise<readonly ModelInfo[]>): Promise<void> {
    if ((await models).some(({ memoryBytes }) => memoryBytes >= muchMemory)) {
      await this.measureSpeed();
    }
  }

  private async askForSpeed(): Promise<void> {
    const use = this.secondEngine.use();
    try {
      this.speed = await this.secondEngine.request(protocol.measureSpeed, () => undefined);
      this.refresh();
    } catch (error) {
      // Times are left away, and asked for again another time.
      this.measuring = undefined;
      this.log.warn(`The speed of this machine was not measured: ${EarmarkError.from(error).message}`);
    } finally {
      use.dispose();
    }
  }

  private async refreshIfOthers(): Promise<void> {
    if (this.known && JSON.stringify(await this.known) !== JSON.stringify(await this.read())) {
      this.refresh();
    }
  }

  /** A folder that is passed over would look like a model that is not there. Each is told once. */
  private async warnOfFolders(): Promise<void> {
    for (const folder of readEngineSettings().modelFolders) {
      const problem = await modelFolderProblem(folder);
      if (problem !== undefined && !this.told.has(problem)) {
        this.told.add(problem);
        this.log.warn(problem);
        const choice = await vscode.window.showWarningMessage(plainMessage(`Earmark: ${problem}`), 'Open Settings');
        if (choice !== undefined) {
          await vscode.commands.executeCommand('workbench.action.openSettings', 'earmark.modelFolders');
        }
      }
    }
  }
}
