import { muchMemory, type ModelInfo } from '../src/protocol/model';
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

function needs({ memoryBytes, memoryProblem, times }: ModelInfo): string {
  const more = memoryProblem === undefined ? '' : ', more than there is';
  return [`needs ${sizeWords(memoryBytes)} of memory${more}`, times && waitWords(times)].filter(Boolean).join('; ');
}
