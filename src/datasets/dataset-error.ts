import { EarmarkError } from '../protocol/errors';

/** What is wrong with a dataset, as a sentence about "it": `readDataset` says before which file is meant. */
export function datasetError(message: string, action?: string, cause?: unknown): EarmarkError {
  return new EarmarkError('dataset-invalid', message, action, { cause });
}
