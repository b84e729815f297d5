import * as path from 'node:path';
import { EarmarkError } from '../protocol/errors';

/** Devices of Windows, which it finds in any folder and with any extension. */
const devices = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

const forbidden = /[\\:*?"<>|\u0000-\u001f]/;

/**
 * Whether a file of a repository may be written below a folder. Names come from a server, so that a name which leads
 * out of the folder, or means something else on some system, is refused on all of them.
 */
export function isSafeName(name: string): boolean {
  const parts = name.split('/');
  return (
    name.length <= 512 &&
    parts.every((part) => part !== '' && !/[. ]$/.test(part) && !devices.test(part) && !forbidden.test(part))
  );
}

/** @throws EarmarkError `hub-unexpected` */
export function pathBelow(folder: string, name: string): string {
  if (!isSafeName(name)) {
    throw new EarmarkError(
      'hub-unexpected',
      `The repository names a file ${JSON.stringify(name)}, which can not be stored safely. Nothing of it was written.`,
      'Do not use this repository.',
    );
  }
  return path.join(folder, ...name.split('/'));
}
