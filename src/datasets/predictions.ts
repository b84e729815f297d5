import Papa from 'papaparse';
import { readContent, type Fields } from './content';
import type { DatasetFormat, DatasetItem } from './dataset';
import { mmarItems } from './mmar';
import { mmauItems } from './mmau';

/** What a model said to an item. */
export interface Prediction {
  /** The item's. */
  readonly id: string;
  readonly text: string;
}

/**
 * The file that a benchmark's own scorer takes.
 *
 * @param source the text of the dataset file, which some scorers want back with the predictions added
 */
export type PredictionWriter = (predictions: readonly Prediction[], source: string) => string;

const writers: Partial<Record<DatasetFormat, PredictionWriter>> = {
  clotho: (predictions) => clothoPredictions(predictions),
  mmau: (predictions, source) =>
    withPredictions(source, mmauItems, predictions, (text) => ({ model_output: text, model_prediction: text })),
  mmar: (predictions, source) =>
    withPredictions(source, mmarItems, predictions, (text) => ({ answer_prediction: text })),
};

/** How predictions are written for the scorer of a format; undefined where it has none with a file of its own. */
export function predictionsFor(format: DatasetFormat): PredictionWriter | undefined {
  return writers[format];
}

/**
 * `file_name,caption_predicted` as the scorers of DCASE take it. Nothing is escaped for spreadsheets, unlike in
 * Earmark's reports: names would no longer be those of the sounds.
 */
function clothoPredictions(predictions: readonly Prediction[]): string {
  const rows = predictions.map(({ id, text }) => [id, text.replace(/\s+/g, ' ').trim()]);
  return `${Papa.unparse([['file_name', 'caption_predicted'], ...rows], { newline: '\n' })}\n`;
}

/** The rows as they were, as an array or as lines, as they came; those without a prediction stay without. */
function withPredictions(
  source: string,
  itemsOf: (rows: readonly Fields[]) => DatasetItem[],
  predictions: readonly Prediction[],
  fieldsOf: (text: string) => Fields,
): string {
  const content = readContent(source);
  const rows = content.kind === 'objects' ? content.rows : [];
  const texts = new Map(predictions.map(({ id, text }) => [id, text]));
  const items = itemsOf(rows);
  const written = rows.map((row, place) => {
    const text = texts.get(items[place]!.id);
    return text === undefined ? row : { ...row, ...fieldsOf(text) };
  });
  return source.trimStart().startsWith('{')
    ? written.map((row) => `${JSON.stringify(row)}\n`).join('')
    : `${JSON.stringify(written, null, 2)}\n`;
}
