import { createHash } from 'node:crypto';
import { locateAudio } from '../datasets/locate-audio';
import type { Dataset, DatasetItem } from '../datasets/dataset';
import type { EvaluationManifest, EvaluationRow } from '../protocol/evaluation';
import type { ClipTask } from './clip-runner';

/** A row that is still to be run. */
export type PlannedRow = Omit<EvaluationRow, 'outcome'>;

export interface Plan {
  readonly tasks: readonly ClipTask[];
  /** Rows that can not be run: there is no such sound, or the item makes no sense. */
  readonly hopeless: readonly EvaluationRow[];
}

/** The name of a row within its evaluation. */
export function rowKey({ item, setting }: Pick<EvaluationRow, 'item' | 'setting'>): string {
  return `${String(setting)} ${item}`;
}

/**
 * What is to be done: every item under each of the settings, less the rows that are done.
 *
 * @param done keys of rows that have an outcome
 */
export async function planRows(
  dataset: Dataset,
  { settings, model }: Pick<EvaluationManifest, 'settings' | 'model'>,
  done: ReadonlySet<string>,
): Promise<Plan> {
  const byAudio = new Map<string, PlannedRow[]>();
  const hopeless: EvaluationRow[] = [];
  for (const item of dataset.items) {
    const rows = settings
      .map((_, setting) => plannedRow(item, setting, item.question ?? model.question))
      .filter((row) => !done.has(rowKey(row)));
    const audio = item.problem === undefined ? await locateAudio(dataset, item) : undefined;
    if (audio !== undefined) {
      byAudio.set(audio, [...(byAudio.get(audio) ?? []), ...rows]);
      continue;
    }
    const outcome =
      item.problem === undefined
        ? ({ status: 'missing', problem: `There is no "${item.audio[0]!}" in ${dataset.audioFolder}.` } as const)
        : ({ status: 'invalid', problem: item.problem } as const);
    hopeless.push(...rows.map((row) => ({ ...row, outcome })));
  }
  const tasks = [...byAudio].map(([audio, rows]) => ({ audio, rows })).filter(({ rows }) => rows.length > 0);
  return { tasks, hopeless };
}

function plannedRow({ id, audio, expected, groups, events }: DatasetItem, setting: number, question: string) {
  return { item: id, setting, audio: audio[0]!, question, expected, groups, ...(events && { events }) };
}

/** SHA-256 of what the items ask and expect: an evaluation goes on only with the dataset it began with. */
export function datasetFingerprint({ items }: Dataset): string {
  return createHash('sha256').update(JSON.stringify(items)).digest('hex');
}
