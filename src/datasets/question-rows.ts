import { choicePart } from './choice-question';
import type { Fields } from './content';
import type { DatasetItem } from './dataset';
import { finishItems, writtenTexts } from './draft';

/** What MMAU and MMAR have in common: whether rows are questions with choices, by the first of them. */
export function areQuestions(rows: readonly Fields[]): boolean {
  const [first] = rows;
  return first !== undefined && 'question' in first && 'choices' in first;
}

/**
 * Questions with choices, one item for each row, in their order: whatever is in the fields `id`, `question`, `choices`
 * and `answer`, and what is wrong with it.
 *
 * @param groups the fields that results are reported by
 * @param audioOf the names of a row's sound
 */
export function questionItems(
  rows: readonly Fields[],
  groups: readonly string[],
  audioOf: (fields: Fields) => readonly string[],
): DatasetItem[] {
  return finishItems(
    rows.map((fields, place) => {
      const id = textOf(fields['id']);
      const audio = audioOf(fields);
      const choices = [fields['choices']].flat().map(textOf);
      const part = choicePart(textOf(fields['question']), writtenTexts(choices), textOf(fields['answer']));
      return {
        id: id === '' ? `row ${place + 1}` : id,
        audio,
        groups: groupsOf(fields, groups),
        ...part,
        problems: [
          id === '' ? 'It has no id.' : undefined,
          audio.join('') === '' ? 'It names no sound.' : undefined,
          ...part.problems,
        ],
      };
    }),
  );
}

/** A text, a number as text (ids and choices of some copies), and nothing for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** The groups of an item by these fields: each holds one name or, as in some rows of MMAU, a list of them. */
export function groupsOf(fields: Fields, names: readonly string[]): Record<string, readonly string[]> {
  const entries = names.map((name) => [name, writtenTexts([fields[name]].flat().map(textOf))] as const);
  return Object.fromEntries(entries.filter(([, values]) => values.length > 0));
}
