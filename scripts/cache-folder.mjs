import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const repository = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Where big things that can be fetched again are kept; EARMARK_CACHE moves it. */
export function cacheFolder() {
  return process.env['EARMARK_CACHE'] || path.join(repository, '.cache');
}
