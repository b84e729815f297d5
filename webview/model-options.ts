import type { ModelInfo } from '../src/protocol/model';
import { sizeWords } from '../src/report/numbers';
import type { Option } from './fields';

/** From here on it matters on an ordinary computer. */
const muchMemory = 1e9;

/** The models to choose from. What a large one takes is said before it is chosen, for choosing it loads it. */
export function modelOptions(models: readonly ModelInfo[]): Option[] {
  return models.map(({ modelId, title, problem, memoryBytes, memoryProblem }) => {
    const more = memoryProblem === undefined ? '' : ', more than there is';
    const needs = memoryBytes >= muchMemory ? ` (needs ${sizeWords(memoryBytes)} of memory${more})` : '';
    return { value: modelId, label: `${title}${needs}`, disabled: problem !== undefined };
  });
}
