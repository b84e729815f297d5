import { completeParameters, strategies, strategyNamed } from '../pruning/registry';
import type { BudgetMode, BudgetScope, HeadReduce } from '../pruning/selection';
import { shippedModel, type ModelInfo } from './model';
import { mostNewTokens } from './run';

/** What a person chooses for a comparison: with the sound at hand, enough to make it again. */
export interface ComparisonSettings {
  readonly modelId: string;
  /** Names of the strategy registry; the unpruned run is always made and is not named. */
  readonly strategies: readonly string[];
  readonly keepRatios: readonly number[];
  readonly budgetMode: BudgetMode;
  readonly budgetScope: BudgetScope;
  readonly headReduce: HeadReduce;
  readonly parameters: Readonly<Record<string, number>>;
  readonly question: string;
  readonly maxNewTokens: number;
  /** How often each run is made; the times shown are medians. */
  readonly repeats: number;
}

/** Odd, so that a median is one of the values measured. */
export const repeatChoices = [1, 3, 5] as const;

/** A link may come from anywhere: a question longer than this is no question. */
const longestQuestion = 4000;

/** The settings as the query of a link. No file is named: whoever opens the link chooses the sound. */
export function comparisonQuery(settings: ComparisonSettings): string {
  const query = new URLSearchParams({
    model: settings.modelId,
    strategies: settings.strategies.join(','),
    keep: settings.keepRatios.join(','),
    budget: settings.budgetMode,
    scope: settings.budgetScope,
    head: String(settings.headReduce),
    question: settings.question,
    tokens: String(settings.maxNewTokens),
    repeats: String(settings.repeats),
  });
  for (const [name, value] of Object.entries(otherThanDefault(settings))) {
    query.append('set', `${name}=${String(value)}`);
  }
  return query.toString();
}

/** What a link says, as far as it makes sense; the rest is left to what the person has. */
export function parseComparisonQuery(text: string): Partial<ComparisonSettings> {
  const query = new URLSearchParams(text);
  const list = (name: string) => query.get(name)?.split(',').filter(Boolean);
  const modelId = query.get('model');
  const names = list('strategies')?.filter((name) => strategies.some((strategy) => strategy.name === name));
  const keepRatios = list('keep')
    ?.map(Number)
    .filter((ratio) => ratio > 0 && ratio <= 1);
  const budgetMode = query.get('budget');
  const budgetScope = query.get('scope');
  const head = query.get('head');
  const question = query.get('question');
  const maxNewTokens = Number(query.get('tokens'));
  const repeats = repeatChoices.find((count) => String(count) === query.get('repeats'));
  const parameters = parseParameters(query.getAll('set'));
  return {
    ...(modelId !== null && { modelId }),
    ...(names && names.length > 0 && { strategies: [...new Set(names)] }),
    ...(keepRatios && keepRatios.length > 0 && { keepRatios: [...new Set(keepRatios)] }),
    ...((budgetMode === 'exact' || budgetMode === 'paper') && { budgetMode }),
    ...((budgetScope === 'window' || budgetScope === 'clip') && { budgetScope }),
    ...((head === 'mean' || head === 'max') && { headReduce: head }),
    ...(/^\d{1,3}$/.test(head ?? '') && { headReduce: Number(head) }),
    ...(question !== null && question.length <= longestQuestion && { question }),
    ...(Number.isInteger(maxNewTokens) && maxNewTokens > 0 && maxNewTokens <= mostNewTokens && { maxNewTokens }),
    ...(repeats !== undefined && { repeats }),
    parameters,
  };
}

/** `name=value` of parameters that a strategy has, in the range that it takes. */
function parseParameters(pairs: readonly string[]): Record<string, number> {
  const parameters: Record<string, number> = {};
  for (const pair of pairs) {
    const [name = '', text = ''] = pair.split('=');
    const parameter = strategies.flatMap((strategy) => strategy.parameters).find((known) => known.name === name);
    const value = Number(text);
    if (parameter && text !== '' && value >= parameter.minimum && value <= parameter.maximum) {
      parameters[name] = parameter.integer ? Math.round(value) : value;
    }
  }
  return parameters;
}

/** Parameters of the chosen strategies that differ from their defaults: what has to be said. */
export function otherThanDefault(
  settings: Pick<ComparisonSettings, 'strategies' | 'parameters'>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    settings.strategies.flatMap((name) => {
      const strategy = strategyNamed(name);
      const complete = completeParameters(strategy, settings.parameters);
      return strategy.parameters
        .filter((parameter) => complete[parameter.name] !== parameter.default)
        .map((parameter) => [parameter.name, complete[parameter.name]!] as const);
    }),
  );
}

/** The same comparison in a terminal, quoted for a POSIX shell. Repeats are a matter of the view. */
export function comparisonCommand(
  settings: ComparisonSettings,
  file: string,
  model: Pick<ModelInfo, 'folder' | 'question'>,
): string {
  const { budgetMode, budgetScope, headReduce, maxNewTokens, question, modelId } = settings;
  return [
    'earmark compare',
    shellQuoted(file.startsWith('-') ? `./${file}` : file),
    `--strategies ${settings.strategies.join(',')}`,
    `--keep ${settings.keepRatios.join(',')}`,
    `--model ${shellQuoted(modelId)}`,
    modelId !== shippedModel && `--models ${shellQuoted(model.folder.replace(/[/\\][^/\\]+[/\\]?$/, ''))}`,
    budgetMode !== 'exact' && `--budget ${budgetMode}`,
    budgetScope !== 'window' && `--budget-scope ${budgetScope}`,
    headReduce !== 'mean' && `--head ${String(headReduce)}`,
    ...Object.entries(otherThanDefault(settings)).map(([name, value]) => `--set ${name}=${String(value)}`),
    maxNewTokens !== 64 && `--max-new-tokens ${String(maxNewTokens)}`,
    question.trim() !== '' && question !== model.question && `--prompt ${shellQuoted(question)}`,
  ]
    .filter((part) => part !== false)
    .join(' ');
}

function shellQuoted(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
