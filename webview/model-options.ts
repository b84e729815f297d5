import { muchMemory, shippedModel, type ModelInfo } from '../src/protocol/model';
import { sizeWords } from '../src/report/numbers';
import { waitWords } from '../src/report/time-words';
import type { Option } from './fields';

/** The models to choose from. What a large one takes is said before it is chosen, for choosing it loads it. */
export function modelOptions(models: readonly ModelInfo[]): Option[] {
  return models.map((model) => ({
    value: model.modelId,
    label: model.memoryBytes >= muchMemory ? `${model.title} (${needs(model)})` : model.title,
    disabled: model.problem !== undefined,
  }));
}

/** The model to go on with where the wanted one is not installed; undefined where there is none at all. */
export function standIn(models: readonly ModelInfo[], preferred?: string): ModelInfo | undefined {
  const usable = models.filter(({ problem }) => problem === undefined);
  const named = (modelId: string | undefined) => usable.find((model) => model.modelId === modelId);
  return named(preferred) ?? named(shippedModel) ?? usable[0] ?? models[0];
}

export function standInWords(missing: string, { title }: ModelInfo): string {
  return `The model “${missing}” is not installed: ${title} is chosen. Choose another one, or bring it back with the command Earmark: Add Model.`;
}

function needs({ memoryBytes, memoryProblem, times }: ModelInfo): string {
  const more = memoryProblem === undefined ? '' : ', more than there is';
  return [`needs ${sizeWords(memoryBytes)} of memory${more}`, times && waitWords(times)].filter(Boolean).join('; ');
}
