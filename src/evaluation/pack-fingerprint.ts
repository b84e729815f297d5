import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';

/** SHA-256 of a pack's description, which lists the SHA-256 of each of its files. */
export async function packFingerprint(folder: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path.join(folder, 'pack.json')))
    .digest('hex');
}
