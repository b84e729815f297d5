import { audioNames, lastPart } from './audio-names';
import type { Fields } from './content';
import type { DatasetItem } from './dataset';
import { areQuestions, questionItems, textOf } from './question-rows';

/** By what MMAR reports accuracies, and the language that is spoken. */
const groups = ['modality', 'category', 'sub-category', 'language'];

export function isMmar(rows: readonly Fields[]): boolean {
  return areQuestions(rows) && 'audio_path' in rows[0]!;
}

/** MMAR's questions, one item for each row, in their order. Predictions in the file are passed over. */
export function mmarItems(rows: readonly Fields[]): DatasetItem[] {
  return questionItems(rows, groups, (fields) => {
    const audio = textOf(fields['audio_path']);
    return audioNames(audio, lastPart(audio));
  });
}
