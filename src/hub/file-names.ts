import * as path from 'node:path';
import { isSafeName } from '../engine/model/safe-name';
import { EarmarkError } from '../protocol/errors';

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
