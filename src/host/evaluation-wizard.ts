import { existsSync } from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { manifestFile } from '../evaluation/evaluation-folder';
import type { ModelInfo } from '../protocol/model';
import { parseKeepRatios } from '../pruning/keep-ratios';
import { missingNeed } from '../pruning/needs';
import { strategies } from '../pruning/registry';

/** What a person says of a new evaluation. */
export interface EvaluationChoice {
  readonly strategies: readonly string[];
  readonly keepRatios: readonly number[];
  readonly out: string;
  readonly jobs: number;
}

const title = 'Evaluate Dataset';
/** The paper's own, and what it is measured against. */
const firstChoice = ['segmentwise', 'top-k', 'bottom-k', 'random', 'visionzip'];

/** The dataset: a file, or the folder that it is in. */
export async function chooseDataset(): Promise<vscode.Uri | undefined> {
  const kinds = [
    {
      label: '$(folder) A folder…',
      detail: 'The dataset is found in it: Clotho, AudioCaps, MMAU, MMAR, ClothoAQA or benchmark.json',
      folder: true,
    },
    { label: '$(file) A file…', detail: 'CSV, JSON or JSON Lines', folder: false },
  ];
  const kind = await vscode.window.showQuickPick(kinds, { title, placeHolder: 'Where is the dataset?' });
  const chosen =
    kind &&
    (await vscode.window.showOpenDialog({
      canSelectFiles: !kind.folder,
      canSelectFolders: kind.folder,
      title: 'The dataset to evaluate',
      openLabel: 'Evaluate',
      ...(!kind.folder && { filters: { 'Datasets': ['csv', 'json', 'jsonl'], 'All files': ['*'] } }),
    }));
  return chosen?.[0];
}

/** Step by step; undefined where the person left. */
export async function chooseEvaluation(
  dataset: string,
  model: ModelInfo | undefined,
): Promise<EvaluationChoice | undefined> {
  const names = await chooseStrategies(model);
  if (!names) {
    return undefined;
  }
  const keepRatios = await chooseRatios();
  const out = keepRatios && (await chooseFolder(freeFolder(dataset)));
  const jobs = out === undefined ? undefined : await chooseJobs();
  return jobs === undefined ? undefined : { strategies: names, keepRatios: keepRatios!, out: out!, jobs };
}

async function chooseStrategies(model: ModelInfo | undefined): Promise<readonly string[] | undefined> {
  const offered = strategies.filter((strategy) => strategy.usesKeepRatio && missingNeed(strategy, model) === undefined);
  const items = offered.map(({ name, label, description, published }) => ({
    name,
    label,
    description: published ?? 'Earmark’s own',
    detail: description,
    picked: firstChoice.includes(name),
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: `${title} (1/4): strategies`,
    placeHolder: 'Each runs at every keep ratio; the unpruned run is always made beside them',
    canPickMany: true,
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  return chosen && chosen.length > 0 ? chosen.map(({ name }) => name) : undefined;
}

async function chooseRatios(): Promise<readonly number[] | undefined> {
  const text = await vscode.window.showInputBox({
    title: `${title} (2/4): keep ratios`,
    prompt: 'Shares of the tokens to keep, separated by commas',
    value: '0.5, 0.25, 0.1',
    ignoreFocusOut: true,
    validateInput: (typed) => parseKeepRatios(typed).problems[0],
  });
  return text === undefined ? undefined : parseKeepRatios(text).ratios;
}

async function chooseFolder(suggested: string): Promise<string | undefined> {
  const folder = await vscode.window.showInputBox({
    title: `${title} (3/4): where to write`,
    prompt: 'A folder; rows are written as they come, the results at the end',
    value: suggested,
    valueSelection: [suggested.length, suggested.length],
    ignoreFocusOut: true,
    validateInput: (typed) =>
      !path.isAbsolute(typed.trim())
        ? 'Give the whole path of a folder.'
        : holdsEvaluation(typed.trim())
          ? 'This folder already holds an evaluation: choose another.'
          : undefined,
  });
  return folder?.trim();
}

async function chooseJobs(): Promise<number | undefined> {
  const cores = os.availableParallelism();
  const counts = [1, 2, 4, 8, 16].filter((count) => count === 1 || count <= cores);
  if (counts.length === 1) {
    return 1;
  }
  const items = counts.map((jobs) => ({
    jobs,
    label: jobs === 1 ? '1 engine process' : `${String(jobs)} engine processes`,
    detail:
      jobs === 1
        ? 'Times are undisturbed, so speed-ups can be trusted'
        : 'Faster as a whole; the times of single runs disturb one another, what is said stays the same',
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: `${title} (4/4): engine processes`,
    placeHolder: `This machine has ${String(cores)} cores`,
    ignoreFocusOut: true,
  });
  return chosen?.jobs;
}

/** Beside the dataset: `clotho.csv` -> `clotho-earmark`. */
export function defaultFolder(dataset: string): string {
  const { dir, name, base } = path.parse(dataset);
  return path.join(dir, `${path.extname(base) === '' ? base : name}-earmark`);
}

function freeFolder(dataset: string): string {
  const first = defaultFolder(dataset);
  let folder = first;
  for (let number = 2; holdsEvaluation(folder); number++) {
    folder = `${first}-${String(number)}`;
  }
  return folder;
}

export function holdsEvaluation(folder: string): boolean {
  return existsSync(path.join(folder, manifestFile));
}
