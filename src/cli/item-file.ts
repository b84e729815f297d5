import { EarmarkError } from '../protocol/errors';

/** A caption or transcript and what it is compared with. */
export interface CaptionItem {
  readonly id: string;
  readonly candidate: string;
  readonly references: readonly string[];
}

/** An answer to a question with choices, and the groups the question belongs to. */
export interface AnswerItem {
  readonly id: string;
  readonly answer: string;
  readonly prediction: string;
  readonly choices: readonly string[];
  readonly category: readonly string[];
  readonly difficulty: readonly string[];
}

export type ItemFile =
  | { readonly kind: 'captions'; readonly items: CaptionItem[] }
  | { readonly kind: 'answers'; readonly items: AnswerItem[] };

const shapes =
  'It holds [{"id", "candidate", "references": […]}] or, for answers, [{"id", "answer", "prediction", "choices": […]}].';
/** As MMAU, MMAR and their copies name it. */
const predictionNames = ['prediction', 'model_output', 'model_prediction', 'answer_prediction'];

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the items of `earmark score`, all of one kind. A byte order mark before UTF-8 is passed over.
 *
 * @throws EarmarkError `settings-invalid` saying what is wrong and with which item
 */
export function readItemFile(bytes: Uint8Array): ItemFile {
  const rows = rowsOf(bytes);
  const isAnswers = 'choices' in rows[0]!.fields;
  checkIds(rows.map(({ id }) => id));
  return isAnswers
    ? { kind: 'answers', items: rows.map(({ id, fields }) => answerOf(id, fields)) }
    : { kind: 'captions', items: rows.map(({ id, fields }) => captionOf(id, fields)) };
}

/** JSON in UTF-8. */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid('The file is not UTF-8.', 'Save it in that encoding.', cause);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(`The file is not JSON: ${(cause as Error).message}.`, shapes, cause);
  }
}

function rowsOf(bytes: Uint8Array): { id: string; fields: Fields }[] {
  const value = parseJson(bytes);
  if (!Array.isArray(value)) {
    throw invalid('The JSON is not a list.');
  }
  if (value.length === 0) {
    throw invalid('The list is empty: there is nothing to score.');
  }
  return value.map((row: unknown, place) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      throw invalid(`Item ${place} is not an object.`);
    }
    const { id } = row as Fields;
    if (typeof id !== 'string' && typeof id !== 'number') {
      throw invalid(`Item ${place} has no "id".`);
    }
    return { id: String(id), fields: row as Fields };
  });
}

function checkIds(ids: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) {
      throw invalid(`Two items have the id "${id}".`, 'Give each item an id of its own.');
    }
    seen.add(id);
  }
}

function captionOf(id: string, fields: Fields): CaptionItem {
  const references = textsOf(id, fields, 'references');
  if (references.length === 0) {
    throw invalid(`Item "${id}" has no references.`, 'Give it at least one.');
  }
  return { id, candidate: textOf(id, fields, 'candidate'), references };
}

function answerOf(id: string, fields: Fields): AnswerItem {
  const answer = textOf(id, fields, 'answer');
  const choices = textsOf(id, fields, 'choices');
  const plain = (text: string): string => text.trim().toLowerCase();
  if (!choices.some((choice) => plain(choice) === plain(answer))) {
    throw invalid(`The answer of item "${id}", "${answer}", is not among its choices.`);
  }
  const prediction = textOf(id, fields, predictionNames.find((name) => name in fields) ?? 'prediction');
  return {
    id,
    answer,
    prediction,
    choices,
    category: groupsOf(fields.category),
    difficulty: groupsOf(fields.difficulty),
  };
}

function textOf(id: string, fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') {
    throw invalid(`Item "${id}" has no text "${name}".`);
  }
  return value;
}

function textsOf(id: string, fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  if (!Array.isArray(value) || !value.every((text) => typeof text === 'string')) {
    throw invalid(`Item "${id}" has no list of texts "${name}".`);
  }
  return value;
}

/** One name or, as in some rows of MMAU, a list of them. */
function groupsOf(value: unknown): readonly string[] {
  return [value].flat().filter((name) => typeof name === 'string');
}

function invalid(message: string, action = shapes, cause?: unknown): EarmarkError {
  return new EarmarkError('settings-invalid', message, action, { cause });
}
