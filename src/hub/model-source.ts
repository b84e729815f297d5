import { readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { Downloaded } from './download-file';
import type { Precision } from './repository-layout';

/** Beside what was pulled: where it came from. */
const sourceFile = 'earmark-source.json';

export interface ModelSource {
  readonly version: 1;
  readonly endpoint: string;
  /** OWNER/NAME */
  readonly repository: string;
  /** What was asked for: a branch, a tag, a commit. */
  readonly revision: string;
  /** What that was when it was pulled. */
  readonly commit: string;
  readonly layout: 'pack' | 'transformers.js';
  readonly precision?: Precision;
  /** ISO 8601 */
  readonly pulled: string;
  readonly files: readonly Downloaded[];
}

export async function writeSource(folder: string, source: ModelSource): Promise<void> {
  await writeFile(path.join(folder, sourceFile), `${JSON.stringify(source, undefined, 2)}\n`);
}

/** Nothing where the folder was not pulled, or says so in a way that is not understood. */
export async function readSource(folder: string): Promise<ModelSource | undefined> {
  try {
    const source = JSON.parse(await readFile(path.join(folder, sourceFile), 'utf8')) as Partial<ModelSource>;
    const known = source.version === 1 && typeof source.repository === 'string' && Array.isArray(source.files);
    return known ? (source as ModelSource) : undefined;
  } catch {
    return undefined;
  }
}

/** `owner--name`, with the precision where there are several: hubs allow no two dashes in a name. */
export function folderName(repository: string, precision?: Precision): string {
  const name = repository.replace('/', '--');
  return precision === undefined ? name : `${name}--${precision}`;
}
