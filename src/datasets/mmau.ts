import { audioNames, lastPart } from './audio-names';
import type { Fields } from './content';
import type { DatasetItem } from './dataset';
import { areQuestions, questionItems, textOf } from './question-rows';

/** By what MMAU reports accuracies. */
const groups = ['category', 'sub-category', 'difficulty', 'task', 'dataset'];

export function isMmau(rows: readonly Fields[]): boolean {
  return areQuestions(rows) && ('audio_id' in rows[0]! || 'id' in rows[0]!);
}

/**
 * MMAU's questions with 2, 4, 5 or 8 choices, one item for each row, in their order. `audio_id` is a path
 * ("./test-mini-audios/ID.wav"); where that is missing, or there is no such sound, it is called after `id`.
 */
export function mmauItems(rows: readonly Fields[]): DatasetItem[] {
  return questionItems(rows, groups, (fields) => {
    const id = textOf(fields['id']);
    const audio = textOf(fields['audio_id']);
    return audioNames(audio, lastPart(audio), id === '' ? '' : `${id}.wav`);
  });
}
