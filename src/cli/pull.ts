import { otherOfId } from '../engine/model/find-packs';
import { patience, silenceMs } from '../hub/persist';
import { pullModel, type Pulled } from '../hub/pull-model';
import type { Precision } from '../hub/repository-layout';
import { parseEndpoint, parseRepository } from '../hub/repository';
import { userModelFolder } from '../hub/user-model-folder';
import { importFolder } from '../import/import-folder';
import { signalOfInterrupt } from './interrupt';
import { ProgressLine } from './progress-line';
import { modelFolders, type ModelFolderOptions } from './run-options';

export interface PullArguments extends ModelFolderOptions {
  readonly precision?: Precision;
  readonly endpoint: string;
  readonly update: boolean;
}

/** `earmark models pull`: progress on standard error, what came of it on standard output. */
export async function pull(name: string, options: PullArguments): Promise<void> {
  const endpoint = parseEndpoint(options.endpoint);
  const signal = signalOfInterrupt();
  const line = new ProgressLine();
  const token = process.env['HF_TOKEN']?.trim();
  try {
    const pulled = await pullModel(parseRepository(name, endpoint), {
      modelFolder: options.models ?? userModelFolder(),
      hub: {
        endpoint,
        ...(token && { token }),
        signal,
        patience,
        silenceMs,
        onWait: (seconds, { message }) => {
          line.say(`${message} Trying again in ${String(seconds)} s.`);
        },
      },
      ...(options.precision && { precision: options.precision }),
      update: options.update,
      onProgress: line.show,
      importFolder: (folder, precision) => importFolder(folder, { precision, signal, onProgress: line.show }),
    });
    pulled.notes.forEach((note) => {
      line.say(note);
    });
    line.end();
    process.stdout.write(`${await pulledWords(pulled, options)}\n`);
  } finally {
    line.end();
  }
}

async function pulledWords({ fresh, folder, modelId, source }: Pulled, options: PullArguments): Promise<string> {
  const what = `${source.repository}@${source.commit.slice(0, 7)}`;
  const came = fresh ? `${what} is in ${folder}.` : `${what} is there already, in ${folder}.`;
  if (modelId === undefined) {
    return `${came} It could not be imported, so it can not be used.`;
  }
  const other = await otherOfId(modelFolders(options), modelId, folder);
  return other === undefined
    ? `${came} Use it with --model ${modelId}.`
    : `${came} But "${modelId}" is the model in ${other}, which is found first. Remove that one, or use this one with ` +
        `--models ${folder} --model ${modelId}.`;
}
