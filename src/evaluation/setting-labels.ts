import type { RunSettings } from '../protocol/run';
import { strategies } from '../pruning/registry';
import type { Parameter } from '../pruning/strategy';

/** An aspect of settings in words; '' where it is not worth a word. */
type Aspect = (settings: RunSettings) => string;

const otherAspects: readonly Aspect[] = [
  ({ budgetMode }) => `${budgetMode} budget`,
  ({ budgetScope = 'window' }) => `budget per ${budgetScope}`,
  ({ headReduce }) => (typeof headReduce === 'number' ? `head ${String(headReduce)}` : `${headReduce} of heads`),
  ({ maxNewTokens }) => `at most ${String(maxNewTokens)} new tokens`,
];

function parameterAspect({ name, label }: Parameter): Aspect {
  return ({ parameters }) => {
    const value = parameters[name];
    if (value === undefined) {
      return '';
    }
    return name === 'segments'
      ? `${String(value)} ${value === 1 ? 'segment' : 'segments'}`
      : `${label.toLowerCase()} ${String(value)}`;
  };
}

/**
 * Names for people, one for each of the settings in their order: the strategy, its segments, and whatever else differs
 * among the settings with this strategy. Settings that differ in nothing but the keep ratio share a name: they are one
 * row of a table and one line of a figure.
 */
export function settingLabels(all: readonly RunSettings[]): string[] {
  return all.map((settings) => {
    const strategy = strategies.find(({ name }) => name === settings.strategy);
    const same = all.filter((other) => other.strategy === settings.strategy);
    const differs = (aspect: Aspect): boolean => new Set(same.map(aspect)).size > 1;
    const parameters = strategy?.parameters ?? [];
    const words = [
      ...parameters
        .map((parameter) => ({ parameter, aspect: parameterAspect(parameter) }))
        .filter(({ parameter, aspect }) => parameter.name === 'segments' || differs(aspect))
        .map(({ aspect }) => aspect),
      ...otherAspects.filter(differs),
    ].map((aspect) => aspect(settings));
    // A strategy of a later version has no label here.
    return [strategy?.label ?? settings.strategy, ...words.filter((word) => word !== '')].join(', ');
  });
}
