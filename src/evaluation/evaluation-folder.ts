import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, stat, truncate, writeFile, type FileHandle } from 'node:fs/promises';
import * as path from 'node:path';
import { evaluationVersion, type EvaluationManifest, type EvaluationRow } from '../protocol/evaluation';
import { EarmarkError } from '../protocol/errors';
import { rowKey } from './plan';

/**
 * The files of an evaluation: what it is, its rows as they come, one JSON object a line, and the results of a whole one.
 */
export const manifestFile = 'evaluation.json';
export const rowsFile = 'rows.jsonl';
export const resultsFile = 'results.earmark.parquet';

/**
 * An evaluation on its way. Rows are only ever appended, each written through to the disk before the next is run: what
 * kills the process costs at most the run in flight, and at most the last line is torn.
 */
export class EvaluationFolder {
  /** A long row is written in pieces, between which no other may come: workers tell of theirs at any time. */
  private writes: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly folder: string,
    readonly manifest: EvaluationManifest,
    private readonly handle: FileHandle,
    private readonly keys: Set<string>,
  ) {}

  /**
   * Begins an evaluation in a folder that holds none.
   *
   * @throws EarmarkError `settings-invalid` where it does; `write-failed`
   */
  static async begin(folder: string, manifest: EvaluationManifest): Promise<EvaluationFolder> {
    if (await isFile(path.join(folder, manifestFile))) {
      throw new EarmarkError(
        'settings-invalid',
        `${folder} already holds an evaluation.`,
        'Go on with it by --resume, or choose another --out folder.',
      );
    }
    return writing(folder, async () => {
      await mkdir(folder, { recursive: true });
      const rows = await open(path.join(folder, rowsFile), 'a');
      if ((await rows.stat()).size > 0) {
        await rows.close();
        throw new EarmarkError(
          'settings-invalid',
          `${folder} holds the rows of an evaluation, and not what that was.`,
          `Move ${rowsFile} away, or choose another --out folder.`,
        );
      }
      // Whole or not at all: a folder with half a description could not be gone on with.
      const description = path.join(folder, manifestFile);
      await writeFile(`${description}.part`, `${JSON.stringify(manifest, null, 2)}\n`);
      await rename(`${description}.part`, description);
      return new EvaluationFolder(folder, manifest, rows, new Set());
    });
  }

  /**
   * Goes on with what was begun. A line that was being written when the process ended is cut off; what was missing or
   * failed is tried again.
   *
   * @throws EarmarkError `results-invalid` where the folder holds no evaluation that this version can read
   */
  static async resume(folder: string): Promise<EvaluationFolder> {
    const manifest = await readManifest(folder);
    const file = path.join(folder, rowsFile);
    return writing(folder, async () => {
      const { rows, bytes } = await readWholeLines(file);
      await truncate(file, bytes);
      const settled = rows.filter(({ outcome: { status } }) => status === 'done' || status === 'invalid');
      const keys = new Set(settled.map(rowKey));
      return new EvaluationFolder(folder, manifest, await open(file, 'a'), keys);
    });
  }

  /** Keys of the rows that need no run. */
  get done(): ReadonlySet<string> {
    return this.keys;
  }

  /**
   * Adds a row, unless its key has one.
   *
   * @returns whether it was added
   * @throws EarmarkError `write-failed`
   */
  async append(row: EvaluationRow): Promise<boolean> {
    const key = rowKey(row);
    if (this.keys.has(key)) {
      return false;
    }
    this.keys.add(key);
    const written = this.writes.then(() =>
      writing(this.folder, async () => {
        await this.handle.appendFile(`${JSON.stringify(row)}\n`);
        await this.handle.datasync();
      }),
    );
    this.writes = written.catch(() => undefined);
    await written;
    return true;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** @throws EarmarkError `results-invalid` */
export async function readManifest(folder: string): Promise<EvaluationManifest> {
  const file = path.join(folder, manifestFile);
  let manifest: Partial<EvaluationManifest>;
  try {
    manifest = JSON.parse(await readFile(file, 'utf8')) as Partial<EvaluationManifest>;
  } catch (cause) {
    throw new EarmarkError(
      'results-invalid',
      `${folder} holds no evaluation: ${manifestFile} can not be read.`,
      'Give the folder that "earmark evaluate" wrote to.',
      { cause },
    );
  }
  return requireVersion(manifest, file);
}

/** @throws EarmarkError `results-invalid` where another version of Earmark wrote it, which it names */
export function requireVersion(manifest: Partial<EvaluationManifest>, file: string): EvaluationManifest {
  if (manifest.version !== evaluationVersion) {
    throw new EarmarkError(
      'results-invalid',
      `${file} was written by Earmark ${manifest.earmark ?? 'of an unknown version'} in version ` +
        `${String(manifest.version)} of its results; this one reads version ${String(evaluationVersion)}.`,
      'Use that version of Earmark, or evaluate again.',
    );
  }
  return manifest as EvaluationManifest;
}

/** The rows of a folder as they are, also while others are added; a torn last line is left out. */
export async function readRows(folder: string): Promise<EvaluationRow[]> {
  return (await readWholeLines(path.join(folder, rowsFile))).rows;
}

/**
 * One row for each key, the last that was written: what failed may have been tried again. And how many bytes whole lines
 * take. A line at a time: a large evaluation is longer than a string can be.
 */
async function readWholeLines(file: string): Promise<{ readonly rows: EvaluationRow[]; readonly bytes: number }> {
  const rows = new Map<string, EvaluationRow>();
  let bytes = 0;
  let number = 0;
  let rest = '';
  for await (const piece of createReadStream(file, 'utf8') as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      bytes += Buffer.byteLength(line) + 1;
      number++;
      if (line !== '') {
        const row = parseRow(line, number);
        rows.set(rowKey(row), row);
      }
    }
  }
  return { rows: [...rows.values()], bytes };
}

function parseRow(line: string, number: number): EvaluationRow {
  try {
    return JSON.parse(line) as EvaluationRow;
  } catch (cause) {
    throw new EarmarkError(
      'results-invalid',
      `Line ${String(number)} of ${rowsFile} is damaged.`,
      'Delete that line and --resume: its run is made again.',
      { cause },
    );
  }
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isFile() === true;
}

async function writing<Result>(folder: string, task: () => Promise<Result>): Promise<Result> {
  try {
    return await task();
  } catch (thrown) {
    if (thrown instanceof EarmarkError) {
      throw thrown;
    }
    throw new EarmarkError(
      'write-failed',
      `The evaluation can not be written to ${folder}: ${(thrown as Error).message}.`,
      'What was written before is kept: make room or choose another folder, then go on with --resume.',
      { cause: thrown },
    );
  }
}
