import { audioNames } from './audio-names';
import type { Table, TableRow } from './csv-table';
import type { DatasetItem } from './dataset';
import { datasetError } from './dataset-error';
import { finishItems, writtenTexts, type Draft } from './draft';

/** AudioCaps names no files; this is how most tools that cut them name them. */
export const defaultAudioName = '{youtube_id}_{start_time}.wav';

export function isAudioCaps({ columns }: Table): boolean {
  return ['youtube_id', 'start_time', 'caption'].every((column) => columns.includes(column));
}

/**
 * AudioCaps' captions: a row for each caption, one item for each sound.
 *
 * @param audioName the name of a sound, with columns in braces
 * @throws EarmarkError `dataset-invalid` where the name has a column that is not there
 */
export function audioCapsItems({ columns, rows }: Table, audioName = defaultAudioName): DatasetItem[] {
  checkName(audioName, columns);
  const sounds = new Map<string, TableRow[]>();
  for (const row of rows) {
    const { youtube_id: video, start_time: start } = row.fields;
    // Rows that do not say which sound they are about stay by themselves, each with its problem.
    const id = video && start ? `${video}_${start}` : `row ${row.number}`;
    sounds.set(id, [...(sounds.get(id) ?? []), row]);
  }
  return finishItems([...sounds].map(([id, captions]) => draftOf(id, captions, audioName)));
}

function draftOf(id: string, rows: readonly TableRow[], audioName: string): Draft {
  const { fields } = rows[0]!;
  const references = writtenTexts(rows.map((row) => row.fields['caption']));
  return {
    id,
    audio: audioNames(audioName.replace(/\{(\w+)\}/g, (_, column: string) => fields[column] ?? '')),
    expected: { kind: 'captions', references },
    groups: {},
    problems: [
      rows.find(({ problem }) => problem !== undefined)?.problem,
      fields['youtube_id'] ? undefined : 'It has no youtube_id.',
      fields['start_time'] ? undefined : 'It has no start_time.',
      references.length === 0 ? 'It has no captions.' : undefined,
    ],
  };
}

function checkName(audioName: string, columns: readonly string[]): void {
  const used = [...audioName.matchAll(/\{(\w+)\}/g)].map(([, column]) => column!);
  const unknown = used.find((column) => !columns.includes(column));
  if (unknown !== undefined || used.length === 0) {
    throw datasetError(
      unknown === undefined
        ? `The audio name "${audioName}" is the same for all sounds.`
        : `The audio name "${audioName}" has {${unknown}}, which is no column.`,
      `Name the sounds by their columns (${columns.join(', ')}), as in "${defaultAudioName}".`,
    );
  }
}
