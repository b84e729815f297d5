import { randomUUID } from 'node:crypto';
import * as os from 'node:os';
import type { Dataset } from '../datasets/dataset';
import type { EvaluationManifest, EvaluationRow } from '../protocol/evaluation';
import { evaluationVersion } from '../protocol/evaluation';
import { EarmarkError } from '../protocol/errors';
import type { RunSettings } from '../protocol/run';
import { version } from '../../package.json';
import type { ClipTask, OnOutcome } from './clip-runner';
import { EvaluationFolder, readRows } from './evaluation-folder';
import { datasetFingerprint, planRows, rowKey } from './plan';
import { ProgressCounter, type EvaluationProgress } from './progress';

export interface EvaluationOptions {
  /** Where it is written. */
  readonly folder: string;
  readonly resume: boolean;
  readonly onProgress: (progress: EvaluationProgress) => void;
  /** Runs clips and hands the outcomes over; throws where all must end. */
  readonly run: (manifest: EvaluationManifest, tasks: readonly ClipTask[], onOutcome: OnOutcome) => Promise<void>;
}

/** What a person chose: all of a manifest that does not follow from it. */
export type EvaluationChoice = Pick<EvaluationManifest, 'model' | 'settings' | 'jobs' | 'threads'> & {
  readonly runtime: string;
};

/**
 * Runs every item of a dataset under every setting, and writes each row as it comes. What can not be run is a row too.
 *
 * @returns the evaluation, whole
 * @throws EarmarkError `settings-invalid` where what is gone on with is not what was begun; what ends all runs
 */
export async function evaluate(
  dataset: Dataset,
  choice: EvaluationChoice,
  { folder, resume, onProgress, run }: EvaluationOptions,
): Promise<{ readonly manifest: EvaluationManifest; readonly rows: readonly EvaluationRow[] }> {
  const fresh = describeEvaluation(dataset, choice);
  const evaluation = resume ? await EvaluationFolder.resume(folder) : await EvaluationFolder.begin(folder, fresh);
  try {
    const { manifest } = evaluation;
    requireSame(manifest, fresh);
    const { tasks, hopeless } = await planRows(dataset, manifest, evaluation.done);
    const planned = dataset.items.length * manifest.settings.length;
    const before = (await readRows(folder)).filter((row) => evaluation.done.has(rowKey(row)));
    const counter = new ProgressCounter(planned, before);
    const write = async (row: EvaluationRow): Promise<void> => {
      if (await evaluation.append(row)) {
        counter.add(row);
        onProgress(counter.progress);
      }
    };
    for (const row of hopeless) {
      await write(row);
    }
    if (tasks.length > 0) {
      await run(manifest, tasks, (row, outcome) => write({ ...row, outcome }));
    }
    return { manifest, rows: await readRows(folder) };
  } finally {
    await evaluation.close();
  }
}

function describeEvaluation(
  dataset: Dataset,
  { model, settings, jobs, threads, runtime }: EvaluationChoice,
): EvaluationManifest {
  const { name, format, file, audioFolder, items, warnings } = dataset;
  const processors = os.cpus();
  return {
    version: evaluationVersion,
    earmark: version,
    evaluationId: randomUUID(),
    created: new Date().toISOString(),
    dataset: {
      name,
      format,
      file,
      audioFolder,
      items: items.length,
      clips: new Set(items.map(({ audio }) => audio[0])).size,
      fingerprint: datasetFingerprint(dataset),
      warnings,
    },
    model,
    settings,
    machine: {
      processor: processors[0]?.model.trim() ?? 'unknown',
      cores: processors.length,
      platform: `${process.platform}-${process.arch}`,
      node: process.version,
      runtime,
    },
    jobs,
    threads,
  };
}

/** Rows of two models, datasets or grids in one table would compare what can not be compared. */
function requireSame(before: EvaluationManifest, now: EvaluationManifest): void {
  const aspects: readonly (readonly [string, (manifest: EvaluationManifest) => unknown])[] = [
    ['the dataset', ({ dataset }) => dataset.fingerprint],
    ['the model', ({ model }) => model.fingerprint],
    ['the version of Earmark', ({ earmark }) => earmark],
    ['the settings', ({ settings }) => comparable(settings)],
  ];
  const changed = aspects.filter(([, of]) => of(before) !== of(now)).map(([name]) => name);
  if (changed.length > 0) {
    throw new EarmarkError(
      'settings-invalid',
      `The evaluation can not go on: ${changed.join(' and ')} differ${changed.length === 1 ? 's' : ''} from when it ` +
        `was begun, on ${before.created}.`,
      'Repeat the command as it was, or begin another in a new --out folder.',
    );
  }
}

function comparable(settings: readonly RunSettings[]): string {
  return JSON.stringify(settings.map((one) => Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))));
}
