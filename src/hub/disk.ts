import { statfs } from 'node:fs/promises';
import { EarmarkError } from '../protocol/errors';
import { sizeWords } from '../report/numbers';

/** What else may want to be written meanwhile. */
const spareBytes = 64e6;

/** @throws EarmarkError `disk-full` before anything is got that would not fit */
export async function requireSpace(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (needed + spareBytes > free) {
    throw new EarmarkError(
      'disk-full',
      `The model needs ${sizeWords(needed)} more, and ${sizeWords(free)} are free in ${folder}.`,
      'Make room, or choose another folder for models.',
    );
  }
}

/** What a failed write means to the person. */
export function writeError(thrown: unknown, file: string): EarmarkError {
  if (thrown instanceof EarmarkError) {
    return thrown;
  }
  const { code, message } = thrown as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new EarmarkError(
        'disk-full',
        `There is no room left for ${file} (${code}).`,
        'Make room, then get the model again: what has come is kept and gone on with.',
        { cause: thrown },
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new EarmarkError(
        'write-failed',
        `${file} can not be written: you do not have the right to (${code}).`,
        'Choose another folder for models.',
        { cause: thrown },
      );
    case 'EBUSY':
      return new EarmarkError('write-failed', `${file} is in use.`, 'Close what uses the model, then try again.', {
        cause: thrown,
      });
    default:
      return new EarmarkError('write-failed', `${file} can not be written: ${message}`, undefined, { cause: thrown });
  }
}
