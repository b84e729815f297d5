import * as path from 'node:path';
import { otherOfId } from '../engine/model/find-packs';
import { memoryNeeded } from '../engine/model/needs';
import { readPack } from '../engine/model/pack';
import { runTimes } from '../engine/model/run-times';
import type { Precision } from '../hub/repository-layout';
import { importFolder } from '../import/import-folder';
import { sizeWords } from '../report/numbers';
import { timeSentence } from '../report/time-words';
import { signalOfInterrupt } from './interrupt';
import { measureSpeed } from './measure-speed';
import { warnOfMemory } from './memory-warning';
import { ProgressLine } from './progress-line';
import { modelFolders } from './run-options';

export interface ImportArguments {
  readonly precision?: Precision;
  readonly json: boolean;
}

/** `earmark models import`: what was found on standard output, what was not on standard error. */
export async function importModel(named: string, { precision, json }: ImportArguments): Promise<void> {
  const folder = path.resolve(named);
  const line = new ProgressLine();
  const imported = await importFolder(folder, {
    precision,
    signal: signalOfInterrupt(),
    onProgress: line.show,
  }).finally(() => {
    line.end();
  });
  const { modelId, found, notes } = imported;
  const pack = await readPack(folder);
  const memoryBytes = memoryNeeded(pack);
  const speed = await measureSpeed();
  const times = speed ? runTimes(pack, speed) : undefined;
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...imported, folder, memoryBytes, times }, undefined, 2)}\n`);
    return;
  }
  const needs = `It needs about ${sizeWords(memoryBytes)} of memory.`;
  const other = await otherOfId(modelFolders({}), modelId, folder);
  const use =
    `Use it with --models ${folder} --model ${modelId}.` +
    (other === undefined ? '' : ` Without --models, "${modelId}" is the model in ${other}.`);
  process.stdout.write(
    [`${folder} is a model now.`, ...found, needs, timeSentence(times), use]
      .filter(Boolean)
      .map((text) => `${text}\n`)
      .join(''),
  );
  notes.forEach((note) => {
    line.say(note);
  });
  warnOfMemory(modelId, memoryBytes);
}
