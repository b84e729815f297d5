import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { EarmarkError } from '../protocol/errors';

/**
 * The bytes of a file, or of standard input for "-".
 *
 * @throws EarmarkError `settings-invalid`
 */
export async function readInput(file: string): Promise<Uint8Array> {
  try {
    return file === '-' ? await buffer(process.stdin) : await readFile(file);
  } catch (cause) {
    throw new EarmarkError('settings-invalid', `"${file}" can not be read.`, (cause as Error).message, { cause });
  }
}
