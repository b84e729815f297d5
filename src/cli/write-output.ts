import { readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { EarmarkError } from '../protocol/errors';
import type { ReportAssets } from '../report/html-page';

/** Script and style of a report, which lie beside the bundles. */
export async function readReportAssets(view: 'report' | 'evaluation-report'): Promise<ReportAssets> {
  const folder = path.join(__dirname, 'webview');
  const [script, style] = await Promise.all([
    readFile(path.join(folder, `${view}.js`), 'utf8'),
    readFile(path.join(folder, `${view}.css`), 'utf8'),
  ]);
  return { script, style };
}

/**
 * Writes a file and says so on standard error.
 *
 * @param what for people: `Report`
 * @throws EarmarkError `write-failed`
 */
export async function writeOutput(what: string, file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new EarmarkError(
      'write-failed',
      `The ${what.toLowerCase()} can not be written: ${(cause as Error).message}.`,
      'Choose another file.',
      { cause },
    );
  }
  process.stderr.write(`${what}: ${file}\n`);
}
