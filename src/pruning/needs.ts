import type { ModelInfo } from '../protocol/model';
import { strategies } from './registry';
import type { Need, Strategy } from './strategy';

/** What a strategy or an experiment needs that the model does not give; nothing where the model is not known. */
export function missingNeed(
  { needs }: Pick<Strategy, 'needs'>,
  model: Pick<ModelInfo, 'offers'> | undefined,
): Need | undefined {
  return needs.find((need) => model && !model.offers.includes(need));
}

/** Why the model can not serve a strategy or an experiment, for people; undefined where it can. */
export function whyUnavailable(
  one: Pick<Strategy, 'needs' | 'label'>,
  model: Pick<ModelInfo, 'offers'> | undefined,
): string | undefined {
  const missing = missingNeed(one, model);
  return missing && `${one.label} is not available: this model does not give the encoder’s ${missing}.`;
}

/** Names of the strategies that a model can serve, in the registry's order. */
export function servedStrategies(model: Pick<ModelInfo, 'offers'> | undefined): string[] {
  return strategies.filter((strategy) => missingNeed(strategy, model) === undefined).map(({ name }) => name);
}

/** Says that a model gives no attention to what needs it: all that a model can be without. */
export function noAttention({ label }: Pick<Strategy, 'label'>, modelId: string): string {
  return `${label} needs the encoder's attention, which can not be read in the model "${modelId}".`;
}
