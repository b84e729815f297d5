import Papa from 'papaparse';

/** Papa's own expression overlooks a caption of several lines. */
const formula = /^[=+\-@\t\r]/;

/**
 * A table as CSV (RFC 4180: CRLF, quotes where they are needed). A leading apostrophe keeps spreadsheets from reading a
 * caption as a formula.
 */
export function toCsv(header: readonly string[], rows: readonly (readonly (number | string)[])[]): string {
  return `${Papa.unparse([[...header], ...rows.map((row) => [...row])], { newline: '\r\n', escapeFormulae: formula })}\r\n`;
}
