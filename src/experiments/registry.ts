import { EarmarkError } from '../protocol/errors';
import { attentionOverTimeExperiment } from './attention-over-time';
import type { Experiment } from './experiment';
import { headStudy } from './head-study';
import { keepRatioSweep } from './keep-ratio-sweep';
import { segmentSweep } from './segment-sweep';
import { stability } from './stability';

/** Every experiment, in the order the interface lists them. A new one is one file and one line here. */
export const experiments: readonly Experiment[] = [
  keepRatioSweep,
  segmentSweep,
  headStudy,
  attentionOverTimeExperiment,
  stability,
];

/** @throws EarmarkError `settings-invalid` naming the experiments there are */
export function experimentNamed(name: string): Experiment {
  const experiment = experiments.find((candidate) => candidate.name === name);
  if (!experiment) {
    const names = experiments.map((candidate) => candidate.name).join(', ');
    throw new EarmarkError('settings-invalid', `There is no experiment named "${name}".`, `Choose one of: ${names}.`);
  }
  return experiment;
}
