import { unzipSync } from 'fflate';
import { parse, type NpyArray } from 'npyjs';
import { EarmarkError } from '../protocol/errors';
import type { Matrix, SelectionInput } from '../pruning/strategy';

/** What a file of scores holds: everything a strategy can look at. */
export type ScoreFile = Pick<SelectionInput, 'scores' | 'tokens' | 'keys'>;

const howToSave = 'Save it with numpy.savez(file, scores=scores, tokens=tokens, keys=keys) or as JSON of these names.';

/**
 * Reads `{scores: [N], tokens?: [N][D], keys?: [N][D]}` from JSON or from the arrays of these names in an .npz file,
 * whichever the bytes are. Other names are ignored.
 *
 * @throws EarmarkError `settings-invalid` saying what is wrong with the file
 */
export function readScoreFile(bytes: Uint8Array): ScoreFile {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  return isZip ? fromNpz(bytes) : fromJson(bytes);
}

function fromJson(bytes: Uint8Array): ScoreFile {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid(`The file is neither JSON nor .npz: ${(cause as Error).message}.`, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('The JSON is not an object with "scores".');
  }
  const { scores, tokens, keys } = value as Partial<Record<keyof ScoreFile, unknown>>;
  return {
    scores: numbersOf('scores', scores),
    ...(isPresent(tokens) && { tokens: matrixOf('tokens', tokens) }),
    ...(isPresent(keys) && { keys: matrixOf('keys', keys) }),
  };
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function numbersOf(name: string, value: unknown): Float32Array {
  if (!Array.isArray(value)) {
    throw invalid(`"${name}" is not a list of numbers.`);
  }
  const bad = value.findIndex((item) => typeof item !== 'number');
  if (bad >= 0) {
    throw invalid(`"${name}" holds ${JSON.stringify(value[bad])} at place ${bad}, which is not a number.`);
  }
  return Float32Array.from(value as number[]);
}

function matrixOf(name: string, value: unknown): Matrix {
  if (!Array.isArray(value)) {
    throw invalid(`"${name}" is not a list of rows.`);
  }
  const rows = value.map((row, i) => numbersOf(`${name}[${i}]`, row));
  const columns = rows[0]?.length ?? 0;
  const ragged = rows.findIndex((row) => row.length !== columns);
  if (ragged >= 0) {
    throw invalid(`Row ${ragged} of "${name}" has ${rows[ragged]!.length} values, row 0 has ${columns}.`);
  }
  const data = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => data.set(row, i * columns));
  return { data, rows: rows.length, columns };
}

function fromNpz(bytes: Uint8Array): ScoreFile {
  const names = ['scores', 'tokens', 'keys'];
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, { filter: ({ name }) => names.includes(name.replace(/\.npy$/, '')) });
  } catch (cause) {
    throw invalid(`The .npz file is damaged: ${(cause as Error).message}.`, cause);
  }
  const tokens = files['tokens.npy'];
  const keys = files['keys.npy'];
  if (!files['scores.npy']) {
    throw invalid('The .npz file has no array named "scores".');
  }
  return {
    scores: arrayOf('scores', files['scores.npy'], 1).data,
    ...(tokens && { tokens: arrayOf('tokens', tokens, 2) }),
    ...(keys && { keys: arrayOf('keys', keys, 2) }),
  };
}

function arrayOf(name: string, bytes: Uint8Array, dimensions: 1 | 2): Matrix {
  const { data, shape, fortranOrder } = parsed(name, bytes);
  if (shape.length !== dimensions) {
    throw invalid(`"${name}" has ${shape.length} dimensions instead of ${dimensions}.`);
  }
  if (fortranOrder) {
    throw invalid(
      `"${name}" is stored column by column (Fortran order), which is not read.`,
      undefined,
      `Save numpy.ascontiguousarray(${name}).`,
    );
  }
  const [rows = 0, columns = 1] = shape;
  const values = Float32Array.from(data as unknown as ArrayLike<number | bigint>, Number);
  if (values.length !== rows * columns) {
    throw invalid(`"${name}" is cut off: ${values.length} values for the shape ${shape.join(' x ')}.`);
  }
  return { data: values, rows, columns };
}

function parsed(name: string, bytes: Uint8Array): NpyArray {
  let array: NpyArray;
  try {
    // npyjs reads from the start of a buffer; unzipped files lie within larger ones.
    array = parse(bytes.slice().buffer);
  } catch (cause) {
    throw invalid(`"${name}" can not be read: ${(cause as Error).message}.`, cause, 'Save it as float32.');
  }
  if (!/^(f[248]|[iu][1248])$/.test(array.dtype)) {
    throw invalid(`"${name}" holds values of type ${array.dtype}, not real numbers.`, undefined, 'Save it as float32.');
  }
  return array;
}

function invalid(message: string, cause?: unknown, action = howToSave): EarmarkError {
  return new EarmarkError('settings-invalid', message, action, { cause });
}
