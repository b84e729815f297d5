import { clothoNames } from './audio-names';
import type { Table, TableRow } from './csv-table';
import type { DatasetItem } from './dataset';
import { finishItems, writtenTexts, type Draft } from './draft';

export function isClothoAqa({ columns }: Table): boolean {
  return ['file_name', 'QuestionText', 'answer'].every((column) => columns.includes(column));
}

/**
 * ClothoAQA's questions: a row for each answer, one item for each question of a sound, with the answers of its three
 * annotators in their order. How sure they were (`confidence`) is passed over, as ClothoAQA's own evaluation does.
 */
export function clothoAqaItems({ rows }: Table): DatasetItem[] {
  const questions = new Map<string, TableRow[]>();
  for (const row of rows) {
    const { file_name: name, QuestionText: question } = row.fields;
    // Rows that do not say what they answer stay by themselves, each with its problem.
    const id = name && question?.trim() ? `${name}: ${question.trim()}` : `row ${row.number}`;
    questions.set(id, [...(questions.get(id) ?? []), row]);
  }
  return finishItems([...questions].map(([id, answers]) => draftOf(id, answers)));
}

function draftOf(id: string, rows: readonly TableRow[]): Draft {
  const name = rows[0]!.fields['file_name'] ?? '';
  const question = rows[0]!.fields['QuestionText']?.trim() ?? '';
  const answers = writtenTexts(rows.map((row) => row.fields['answer']));
  const isBinary = answers.every((answer) => /^(?:yes|no)$/i.test(answer));
  return {
    id,
    audio: clothoNames(name),
    question,
    expected: { kind: 'answers', answers },
    groups: { 'answer type': [isBinary ? 'binary' : 'single word'] },
    problems: [
      rows.find(({ problem }) => problem !== undefined)?.problem,
      name === '' ? 'It has no file_name.' : undefined,
      question === '' ? 'It has no question.' : undefined,
      answers.length === 0 ? 'It has no answers.' : undefined,
    ],
  };
}
