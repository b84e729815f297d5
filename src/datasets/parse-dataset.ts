import { readContent } from './content';
import type { DatasetFormat } from './dataset';
import { decodeText } from './decode-text';
import { readFormat, type FormatOptions, type Reading } from './formats';

export interface ParseOptions extends FormatOptions {
  /** Recognised from the content where it is absent. */
  readonly format?: DatasetFormat | undefined;
}

export interface ParsedDataset extends Reading {
  readonly format: DatasetFormat;
  readonly warnings: readonly string[];
}

/**
 * The items of a dataset file, from its bytes alone.
 *
 * @throws EarmarkError `dataset-invalid` with a sentence about "it"
 */
export function parseDataset(bytes: Uint8Array, options: ParseOptions = {}): ParsedDataset {
  const { text, warning } = decodeText(bytes);
  const reading = readFormat(readContent(text), options.format, options);
  const bad = reading.items.filter(({ problem }) => problem !== undefined);
  const [first] = bad;
  const unusable =
    first &&
    `${bad.length} of its ${reading.items.length} items can not be evaluated; "${first.id}": ${first.problem!}`;
  return { ...reading, warnings: [warning, unusable].filter((sentence) => sentence !== undefined) };
}
