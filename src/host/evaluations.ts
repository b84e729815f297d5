import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { progressText } from '../cli/evaluation-progress';
import { manifestFile, readManifest, readRows, resultsFile } from '../evaluation/evaluation-folder';
import type { EvaluationProgress } from '../evaluation/progress';
import type { EvaluationManifest } from '../protocol/evaluation';
import { EarmarkError } from '../protocol/errors';
import type { ModelInfo } from '../protocol/model';
import {
  evaluationArguments,
  resumeRequest,
  type EvaluationMachine,
  type EvaluationRequest,
} from './evaluation-arguments';
import { runEvaluation, type EvaluationEnding } from './evaluation-process';
import { chooseDataset, chooseEvaluation, defaultFolder, holdsEvaluation } from './evaluation-wizard';
import { plainMessage } from './plain-message';
import { ResultsEditorProvider } from './results-editor';
import { readEngineSettings, readViewSettings } from './settings';
import type { ViewServices } from './view-state';

const actions = {
  openResults: 'Open Results',
  resume: 'Resume',
  resultsSoFar: 'Show Results So Far',
  showLog: 'Show Log',
} as const;

const whileRunning = 'It goes on while you work, and ends with this window; it can be resumed.';

/** Evaluations that are run for the person, each as a process of the command line. */
export class Evaluations implements vscode.Disposable {
  /** By the folder that they are written to. */
  private readonly running = new Map<string, AbortController>();
  private disposed = false;

  /** @param script dist/cli.js */
  constructor(
    private readonly script: string,
    private readonly services: Pick<ViewServices, 'log' | 'listModels'>,
  ) {}

  /** Asks what is to be evaluated and how, unless it was begun before, and runs it. */
  async begin(uri?: vscode.Uri): Promise<void> {
    const dataset = uri ?? (await chooseDataset());
    if (!dataset) {
      return;
    }
    if (dataset.scheme !== 'file') {
      void vscode.window.showErrorMessage('Earmark: a dataset is read from the disk of the machine VS Code works on.');
      return;
    }
    const folder = defaultFolder(dataset.fsPath);
    const begun = holdsEvaluation(folder) && !existsSync(path.join(folder, resultsFile));
    const choice = begun ? await this.offerResume(folder) : 'another';
    if (choice === 'resume') {
      await this.resume(folder);
    } else if (choice === 'another') {
      await this.beginNew(dataset.fsPath);
    }
  }

  dispose(): void {
    this.disposed = true;
    this.running.forEach((stop) => {
      stop.abort();
    });
  }

  private async beginNew(dataset: string): Promise<void> {
    const { modelId, run } = readViewSettings();
    const model = (await this.services.listModels()).find((one) => one.modelId === modelId);
    const choice = await chooseEvaluation(dataset, model);
    if (!choice) {
      return;
    }
    const { threads } = readEngineSettings();
    await this.run(path.basename(dataset), {
      dataset,
      resume: false,
      segments: [run.parameters['segments'] ?? 10],
      settings: run,
      parameters: {},
      modelId,
      threads,
      ...choice,
      ...machineOf(model),
    });
  }

  private async offerResume(folder: string): Promise<'resume' | 'another' | undefined> {
    const items = [
      { label: '$(debug-continue) Resume', detail: await this.progressOf(folder), value: 'resume' as const },
      { label: '$(add) Begin another', detail: 'In a folder of its own', value: 'another' as const },
    ];
    const chosen = await vscode.window.showQuickPick(items, {
      title: 'Evaluate Dataset',
      placeHolder: `${path.basename(folder)} holds an evaluation that is not finished`,
    });
    return chosen?.value;
  }

  private async progressOf(folder: string): Promise<string> {
    try {
      const { dataset, settings } = await readManifest(folder);
      const rows = await readRows(folder);
      return `${String(rows.length)} of ${String(dataset.items * settings.length)} runs are made`;
    } catch (thrown) {
      return EarmarkError.from(thrown).message;
    }
  }

  /** Goes on with what was begun in a folder, with what it was begun with. */
  async resume(folder: string): Promise<void> {
    let manifest: EvaluationManifest;
    try {
      manifest = await readManifest(folder);
    } catch (thrown) {
      void vscode.window.showErrorMessage(plainMessage(`Earmark: ${EarmarkError.from(thrown).message}`));
      return;
    }
    const models = await this.services.listModels();
    const model = models.find(({ modelId }) => modelId === manifest.model.modelId);
    await this.run(manifest.dataset.name, resumeRequest(manifest, folder, machineOf(model)));
  }

  /** @param name of the dataset, for people */
  private async run(name: string, request: EvaluationRequest): Promise<void> {
    const { out } = request;
    if (this.running.has(out)) {
      void vscode.window.showInformationMessage(plainMessage(`Earmark: the evaluation in ${out} is running already.`));
      return;
    }
    const stop = new AbortController();
    this.running.set(out, stop);
    let last: EvaluationProgress | undefined;
    try {
      const ending = await this.showProgress(name, request, stop, (progress) => (last = progress));
      if (!this.disposed) {
        this.tell(name, out, ending, last);
      }
    } finally {
      this.running.delete(out);
    }
  }

  private async showProgress(
    name: string,
    request: EvaluationRequest,
    stop: AbortController,
    follow: (progress: EvaluationProgress) => void,
  ): Promise<EvaluationEnding> {
    const { log } = this.services;
    const arguments_ = evaluationArguments(request);
    log.info(`earmark ${arguments_.join(' ')}`);
    return vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: plainMessage(`Evaluating ${name}`),
        cancellable: true,
      },
      (report, token) => {
        report.report({ message: `loading the model. ${whileRunning}` });
        token.onCancellationRequested(() => {
          report.report({ message: 'stopping…' });
          stop.abort();
        });
        let shown = 0;
        return runEvaluation(
          this.script,
          arguments_,
          stop.signal,
          (progress) => {
            follow(progress);
            const share = (100 * progress.finished) / progress.planned;
            report.report({ message: `${progressText(progress)}. ${whileRunning}`, increment: share - shown });
            shown = share;
          },
          (line) => {
            log.info(line);
          },
        );
      },
    );
  }

  private tell(name: string, out: string, ending: EvaluationEnding, last?: EvaluationProgress): void {
    const { showInformationMessage, showWarningMessage, showErrorMessage } = vscode.window;
    const { openResults, resume, resultsSoFar, showLog } = actions;
    const counts = last ? `: ${progressText(last)}` : '';
    switch (ending.kind) {
      case 'finished': {
        const words = `Earmark: ${name} is evaluated${counts}.`;
        this.offer(showInformationMessage(plainMessage(words), openResults), out);
        break;
      }
      case 'stopped': {
        const words = `Earmark: the evaluation of ${name} was stopped${counts}. All that was done is kept in ${out}.`;
        this.offer(showWarningMessage(plainMessage(words), resume, resultsSoFar), out);
        break;
      }
      case 'failed': {
        const begun = holdsEvaluation(out) ? [resume, resultsSoFar] : [];
        this.offer(showErrorMessage(plainMessage(`Earmark: ${ending.problem}`), ...begun, showLog), out);
      }
    }
  }

  /** Does what the person answers to a message. It is not waited for: a message may stand for hours. */
  private offer(message: Thenable<string | undefined>, out: string): void {
    void message.then(async (answer) => {
      switch (answer) {
        case actions.openResults:
          await openResults(vscode.Uri.file(path.join(out, resultsFile)));
          break;
        case actions.resultsSoFar:
          await openResults(vscode.Uri.file(path.join(out, manifestFile)));
          break;
        case actions.resume:
          await this.resume(out);
          break;
        case actions.showLog:
          this.services.log.show();
          break;
        default:
      }
    });
  }
}

/** Opens the results editor on a file of results, or on the description of an evaluation that is not finished. */
export async function openResults(file: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand('vscode.openWith', file, ResultsEditorProvider.viewType);
}

export async function chooseResults(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: `A file of results, or ${manifestFile} of an evaluation that is not finished`,
    openLabel: 'Open Results',
    filters: { 'Results of Earmark': ['parquet', 'json'] },
  });
  return chosen?.[0];
}

/** What this machine, and not the evaluation, says. */
function machineOf(model: ModelInfo | undefined): EvaluationMachine {
  const { ffmpeg, provider } = readEngineSettings();
  return { modelFolder: model && path.dirname(model.folder), ffmpeg, provider };
}
