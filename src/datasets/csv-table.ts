import Papa from 'papaparse';
import { datasetError } from './dataset-error';

/** The rows below a header line. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
}

export interface TableRow {
  /** As a spreadsheet numbers it: the header is row 1. */
  readonly number: number;
  /** By column, exactly as written; a column that the row lacks is absent. */
  readonly fields: Readonly<Record<string, string>>;
  readonly problem?: string;
}

/**
 * Comma-separated values with a header (RFC 4180; lines end in LF, CRLF or CR). Rows without any text are passed over.
 *
 * @throws EarmarkError `dataset-invalid` where there is no header or a quote is not closed: nothing after it can be
 *   trusted
 */
export function readTable(text: string): Table {
  // Papa guesses one line end for the whole file and takes a file with two kinds for one of very long rows.
  const { data, errors } = Papa.parse<string[]>(text.replace(/\r\n?/g, '\n'), { delimiter: ',', newline: '\n' });
  const quotes = errors.find(({ type }) => type === 'Quotes');
  if (quotes) {
    throw datasetError(
      `The quotes of row ${(quotes.row ?? 0) + 1} do not match: one is not closed, or one within a text is not doubled.`,
      'Was the file cut off? Copy it again.',
    );
  }
  const [header, ...rows] = data.map((cells, place) => ({ cells, number: place + 1 })).filter(hasText);
  if (!header) {
    throw datasetError('It is empty.');
  }
  const columns = header.cells.map((name) => name.trim());
  return { columns, rows: rows.map(({ cells, number }) => rowOf(columns, cells, number)) };
}

function hasText({ cells }: { readonly cells: readonly string[] }): boolean {
  return cells.some((cell) => cell.trim() !== '');
}

function rowOf(columns: readonly string[], given: readonly string[], number: number): TableRow {
  // Spreadsheets write a comma for every column that was ever used.
  const lastText = given.findLastIndex((cell) => cell.trim() !== '');
  const cells = given.slice(0, Math.max(columns.length, lastText + 1));
  const fields = Object.fromEntries(cells.slice(0, columns.length).map((cell, place) => [columns[place]!, cell]));
  if (cells.length === columns.length) {
    return { number, fields };
  }
  const more = cells.length > columns.length ? ' A text with a comma has to be in quotes.' : '';
  return {
    number,
    fields,
    problem: `Row ${number} has ${cells.length} columns where the header has ${columns.length}.${more}`,
  };
}
