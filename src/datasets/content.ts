import { readTable, type Table } from './csv-table';
import { datasetError } from './dataset-error';

/** A JSON object whose fields are not known to be what they should be. */
export type Fields = Readonly<Record<string, unknown>>;

/** A dataset file taken apart, before its format is known. */
export type Content =
  | { readonly kind: 'table'; readonly table: Table }
  /** A JSON array, or JSON lines. What is no object in it is empty here. */
  | { readonly kind: 'objects'; readonly rows: readonly Fields[] }
  /** A single JSON object. */
  | { readonly kind: 'document'; readonly document: Fields };

/**
 * JSON and JSON lines begin with a bracket; anything else is a table.
 *
 * @throws EarmarkError `dataset-invalid` where the text is empty or broken, naming the line or the row
 */
export function readContent(text: string): Content {
  const start = text.trimStart().charAt(0);
  if (start === '[') {
    return { kind: 'objects', rows: objectsOf(readJson(text)) };
  }
  if (start === '{') {
    return readObjects(text);
  }
  return { kind: 'table', table: readTable(text) };
}

function readObjects(text: string): Content {
  const lines = text.split(/\r\n?|\n/).map((line, place) => ({ line, number: place + 1 }));
  const written = lines.filter(({ line }) => line.trim() !== '');
  // A document over several lines has a first line that is no JSON by itself; JSON lines never have.
  if (written.length === 1 || !isJson(written[0]!.line)) {
    const document = readJson(text) as Fields;
    return 'items' in document ? { kind: 'document', document } : { kind: 'objects', rows: [document] };
  }
  return { kind: 'objects', rows: objectsOf(written.map(({ line, number }) => readJson(line, ` Line ${number}:`))) };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function readJson(text: string, where = ''): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw datasetError(`It is not JSON.${where} ${(cause as Error).message}.`, 'Was the file cut off?', cause);
  }
}

function objectsOf(values: unknown): Fields[] {
  return (values as unknown[]).map((value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {},
  );
}
