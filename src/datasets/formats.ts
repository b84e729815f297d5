import { audioCapsItems, isAudioCaps } from './audiocaps';
import { clothoItems, isClotho } from './clotho';
import { clothoAqaItems, isClothoAqa } from './clotho-aqa';
import type { Content, Fields } from './content';
import type { Table } from './csv-table';
import type { DatasetFormat, DatasetItem } from './dataset';
import { datasetError } from './dataset-error';
import { readBenchmark } from './earmark';
import { isMmar, mmarItems } from './mmar';
import { isMmau, mmauItems } from './mmau';

export interface FormatOptions {
  /** Names of AudioCaps' sounds, with columns in braces. */
  readonly audioName?: string | undefined;
}

/** What a file of any format gives. */
export interface Reading {
  readonly items: readonly DatasetItem[];
  /** Where the file says so. */
  readonly name?: string;
  /** The folder of the sounds, relative to the file, where the file names one. */
  readonly audio?: string;
}

interface Reader {
  readonly format: DatasetFormat;
  /** The format and what it is known by, for people. */
  readonly shape: string;
  readonly fits: (content: Content) => boolean;
  /** Only of content that fits. */
  readonly read: (content: Content, options: FormatOptions) => Reading;
}

/** In the order they are tried: MMAR's rows have all that MMAU's are known by. */
const readers: readonly Reader[] = [
  ofTable('clotho', 'Clotho (file_name, caption_1 …)', isClotho, clothoItems),
  ofTable('audiocaps', 'AudioCaps (youtube_id, start_time, caption)', isAudioCaps, (table, { audioName }) =>
    audioCapsItems(table, audioName),
  ),
  ofTable('clotho-aqa', 'ClothoAQA (file_name, QuestionText, answer)', isClothoAqa, clothoAqaItems),
  ofObjects('mmar', 'MMAR (audio_path, question, choices)', isMmar, mmarItems),
  ofObjects('mmau', 'MMAU (id, audio_id, question, choices)', isMmau, mmauItems),
  {
    format: 'earmark',
    shape: "Earmark's own benchmark.json (name, items)",
    fits: ({ kind }) => kind === 'document',
    read: (content) => (content.kind === 'document' ? readBenchmark(content.document) : { items: [] }),
  },
];

export const datasetFormats: readonly DatasetFormat[] = readers.map(({ format }) => format);

/**
 * Reads content as the format that it is recognised as, or as the one that is asked for.
 *
 * @throws EarmarkError `dataset-invalid` saying which columns or fields were found where it is no such format
 */
export function readFormat(
  content: Content,
  format: DatasetFormat | undefined,
  options: FormatOptions,
): Reading & { readonly format: DatasetFormat } {
  if (content.kind === 'objects' && content.rows.length === 0) {
    throw datasetError('It has no items.');
  }
  const asked = readers.filter((reader) => format === undefined || reader.format === format);
  const reader = asked.find(({ fits }) => fits(content));
  if (!reader) {
    const shapes = asked.map(({ shape }) => shape).join('; ');
    throw datasetError(`${foundIn(content)}: that is no format Earmark reads here.`, `It reads ${shapes}.`);
  }
  const reading = reader.read(content, options);
  if (reading.items.length === 0) {
    throw datasetError('It has no items.');
  }
  return { ...reading, format: reader.format };
}

function foundIn(content: Content): string {
  const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
  if (content.kind === 'table') {
    return `Its columns are ${quoted(content.table.columns)}`;
  }
  const fields = Object.keys(content.kind === 'document' ? content.document : (content.rows[0] ?? {}));
  return fields.length === 0 ? 'It has no fields' : `Its fields are ${quoted(fields)}`;
}

function ofTable(
  format: DatasetFormat,
  shape: string,
  fits: (table: Table) => boolean,
  items: (table: Table, options: FormatOptions) => DatasetItem[],
): Reader {
  return {
    format,
    shape,
    fits: (content) => content.kind === 'table' && fits(content.table),
    read: (content, options) => ({ items: content.kind === 'table' ? items(content.table, options) : [] }),
  };
}

function ofObjects(
  format: DatasetFormat,
  shape: string,
  fits: (rows: readonly Fields[]) => boolean,
  items: (rows: readonly Fields[]) => DatasetItem[],
): Reader {
  return {
    format,
    shape,
    fits: (content) => content.kind === 'objects' && fits(content.rows),
    read: (content) => ({ items: content.kind === 'objects' ? items(content.rows) : [] }),
  };
}
