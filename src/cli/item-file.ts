import { readContent, type Fields } from '../datasets/content';
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
  /** Empty where there is none, which is a wrong one. */
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

/**
 * Reads the items of `earmark score`, all of one kind: a JSON list, or JSON lines. A byte order mark before UTF-8 is passed
 * over.
 *
 * @throws EarmarkError `settings-invalid` saying what is wrong and with which item
 */
export function readItemFile(bytes: Uint8Array): ItemFile {
  const rows = rowsOf(textIn(bytes));
  const isAnswers = 'choices' in rows[0]!.fields;
  checkIds(rows.map(({ id }) => id));
  if (!isAnswers) {
    return { kind: 'captions', items: rows.map(({ id, fields }) => captionOf(id, fields)) };
  }
  const items = rows.map(({ id, fields }) => answerOf(id, fields));
  if (items.every(({ prediction }) => prediction === '')) {
    throw invalid('No item has a prediction.', `It is a text named ${predictionNames.join(' or ')}.`);
  }
  return { kind: 'answers', items };
}

/** JSON in UTF-8. */
export function parseJson(bytes: Uint8Array): unknown {
  const text = textIn(bytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(`The file is not JSON: ${(cause as Error).message}.`, shapes, cause);
  }
}

function textIn(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid('The file is not UTF-8.', 'Save it in that encoding.', cause);
  }
}

function rowsOf(text: string): { id: string; fields: Fields }[] {
  const objects = objectsOf(text);
  if (objects.length === 0) {
    throw invalid('There is nothing to score.');
  }
  return objects.map((fields, place) => {
    const { id } = fields;
    if (!isText(id)) {
      throw invalid(`Item ${place} is no object with an "id".`);
    }
    return { id: String(id), fields };
  });
}

function objectsOf(text: string): readonly Fields[] {
  if (!/^\s*[[{]/.test(text)) {
    throw invalid('The file is not JSON.');
  }
  try {
    const content = readContent(text);
    return content.kind === 'objects' ? content.rows : [];
  } catch (cause) {
    throw invalid(`The file can not be read: ${(cause as Error).message}`, shapes, cause);
  }
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
  const predicted = predictionNames.map((name) => fields[name]).find(isText);
  return {
    id,
    answer,
    prediction: String(predicted ?? ''),
    choices,
    category: groupsOf(fields.category),
    difficulty: groupsOf(fields.difficulty),
  };
}

function textOf(id: string, fields: Fields, name: string): string {
  const value = fields[name];
  if (!isText(value)) {
    throw invalid(`Item "${id}" has no text "${name}".`);
  }
  return String(value);
}

function textsOf(id: string, fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  if (!Array.isArray(value) || !value.every(isText)) {
    throw invalid(`Item "${id}" has no list of texts "${name}".`);
  }
  return value.map(String);
}

/** As in datasets, whose answers may be numbers. */
function isText(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

/** One name or, as in some rows of MMAU, a list of them. */
function groupsOf(value: unknown): readonly string[] {
  return [value].flat().filter((name) => typeof name === 'string');
}

function invalid(message: string, action = shapes, cause?: unknown): EarmarkError {
  return new EarmarkError('settings-invalid', message, action, { cause });
}
