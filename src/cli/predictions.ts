import { mkdir } from 'node:fs/promises';
import * as path from 'node:path';
import { decodeText } from '../datasets/decode-text';
import { predictionsFor } from '../datasets/predictions';
import { settingLabels } from '../evaluation/setting-labels';
import type { Evaluation } from '../evaluation/summarise';
import { EarmarkError } from '../protocol/errors';
import { readInput } from './read-input';
import { writeOutput } from './write-output';

/**
 * Writes what the model said under each setting into a folder, a file each, as the benchmark's own scorer takes it.
 *
 * @throws EarmarkError `settings-invalid` where the benchmark has no scorer with a file of its own, or its file is gone;
 *   `write-failed`
 */
export async function writePredictions({ manifest, rows }: Evaluation, folder: string): Promise<void> {
  const { format, file, name } = manifest.dataset;
  const write = predictionsFor(format);
  if (!write) {
    throw new EarmarkError(
      'settings-invalid',
      `No scorer takes a file of predictions for "${name}".`,
      'Clotho, MMAU and MMAR have one; --json prints what the model said of any dataset.',
    );
  }
  const { text: source } = decodeText(await readInput(file));
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new EarmarkError('write-failed', `There can be no folder "${folder}".`, 'Choose another.', { cause });
  });
  const { name: stem, ext } = path.parse(file);
  const labels = settingLabels(manifest.settings);
  for (const [setting, { keepRatio }] of manifest.settings.entries()) {
    const said = rows.flatMap(({ setting: of, item, outcome }) =>
      of === setting && outcome.status === 'done' ? [{ id: item, text: outcome.text }] : [],
    );
    const which = `${labels[setting]!} ${String(Math.round(keepRatio * 1000) / 10)}`;
    const fileName = `${stem}.${which.toLowerCase().replaceAll(/[^\p{L}\p{N}.]+/gu, '-')}${ext}`;
    await writeOutput('Predictions', path.join(folder, fileName), write(said, source));
  }
}
