import { clothoNames } from './audio-names';
import type { Table } from './csv-table';
import type { DatasetItem } from './dataset';
import { finishItems, writtenTexts } from './draft';

/** `caption_1` … `caption_5`, or `caption_reference_01` … where a `caption_predicted` stands beside them. */
const reference = /^caption_(?:reference_)?\d+$/;

export function isClotho({ columns }: Table): boolean {
  return columns.includes('file_name') && columns.some((column) => reference.test(column));
}

/** Clotho's captions: a row for each sound, with its captions side by side. Predictions in the file are passed over. */
export function clothoItems({ columns, rows }: Table): DatasetItem[] {
  const captions = columns.filter((column) => reference.test(column));
  return finishItems(
    rows.map(({ number, fields, problem }) => {
      const name = fields['file_name'] ?? '';
      const references = writtenTexts(captions.map((column) => fields[column]));
      return {
        id: name === '' ? `row ${number}` : name,
        audio: clothoNames(name),
        expected: { kind: 'captions', references },
        groups: {},
        problems: [
          problem,
          name === '' ? 'It has no file_name.' : undefined,
          references.length === 0 ? 'It has no captions.' : undefined,
        ],
      };
    }),
  );
}
