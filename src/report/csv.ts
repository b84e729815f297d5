import Papa from 'papaparse';

/** A table as CSV (RFC 4180: CRLF, quotes where they are needed). */
export function toCsv(header: readonly string[], rows: readonly (readonly (number | string)[])[]): string {
  return `${Papa.unparse([[...header], ...rows.map((row) => [...row])], { newline: '\r\n' })}\r\n`;
}
