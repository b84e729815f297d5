import type { EvaluationManifest } from '../protocol/evaluation';
import type { Provider } from '../protocol/provider';
import type { RunSettings } from '../protocol/run';
import { strategies } from '../pruning/registry';

/** What this machine, and not the evaluation, says. */
export interface EvaluationMachine {
  /** The folder of the model's pack's folder. */
  readonly modelFolder: string | undefined;
  readonly ffmpeg: string;
  readonly provider: Provider;
}

/** All that `earmark evaluate` is told. */
export interface EvaluationRequest extends EvaluationMachine {
  /** The dataset's file, or the folder that it is in. */
  readonly dataset: string;
  readonly out: string;
  readonly resume: boolean;
  readonly strategies: readonly string[];
  readonly keepRatios: readonly number[];
  /** Of strategies that cut the clip; empty for their default. */
  readonly segments: readonly number[];
  readonly settings: Pick<RunSettings, 'budgetMode' | 'budgetScope' | 'headReduce' | 'maxNewTokens'>;
  /** Parameters of strategies other than segments, where they are not the default. */
  readonly parameters: Readonly<Record<string, number>>;
  readonly modelId: string;
  readonly jobs: number;
  readonly threads: number;
  /** Where the sounds are; looked for where it is absent. */
  readonly audio?: string;
  /** Only so many items. */
  readonly limit?: number;
}

/** The command line of an evaluation, without the program. */
export function evaluationArguments(request: EvaluationRequest): string[] {
  const { settings, segments, modelFolder, ffmpeg, audio, limit, resume } = request;
  const { budgetMode, budgetScope, headReduce, maxNewTokens } = settings;
  const options: readonly (readonly [name: string, value: string | undefined])[] = [
    ['out', request.out],
    ['strategy', request.strategies.join(',')],
    ['keep', request.keepRatios.join(',')],
    ['segments', segments.length > 0 ? segments.join(',') : undefined],
    ['budget', budgetMode],
    ['budget-scope', budgetScope],
    ['head', String(headReduce)],
    ['max-new-tokens', String(maxNewTokens)],
    ...Object.entries(request.parameters).map(([name, value]) => ['set', `${name}=${String(value)}`] as const),
    ['model', request.modelId],
    ['models', modelFolder],
    ['jobs', String(request.jobs)],
    ['threads', String(request.threads)],
    ['provider', request.provider],
    ['ffmpeg', ffmpeg === '' ? undefined : ffmpeg],
    ['audio', audio],
    ['limit', limit === undefined ? undefined : String(limit)],
    ['progress', 'json'],
  ];
  return [
    'evaluate',
    ...options.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...(resume ? ['--resume'] : []),
    '--',
    request.dataset,
  ];
}

/** What an evaluation was begun with, so that it can go on: its settings must be the same ones. */
export function resumeRequest(
  { dataset, model, settings, jobs, threads }: EvaluationManifest,
  out: string,
  machine: EvaluationMachine,
): EvaluationRequest {
  const pruned = settings.filter(({ strategy }) => strategy !== 'none');
  const first = pruned[0] ?? settings[0]!;
  return {
    dataset: dataset.file,
    out,
    resume: true,
    strategies: distinct(settings.map(({ strategy }) => strategy)),
    keepRatios: distinct((pruned.length > 0 ? pruned : settings).map(({ keepRatio }) => keepRatio)),
    segments: distinct(pruned.flatMap(({ parameters }) => parameters['segments'] ?? [])),
    settings: first,
    parameters: changedParameters(pruned),
    modelId: model.modelId,
    jobs,
    threads,
    audio: dataset.audioFolder,
    limit: dataset.items,
    ...machine,
  };
}

function changedParameters(settings: readonly RunSettings[]): Record<string, number> {
  const defaults = (strategy: string) => strategies.find(({ name }) => name === strategy)?.parameters ?? [];
  const changed = settings.flatMap(({ strategy, parameters }) =>
    defaults(strategy)
      .filter(({ name }) => name !== 'segments')
      .flatMap((parameter) => {
        const value = parameters[parameter.name];
        return value === undefined || value === parameter.default ? [] : [[parameter.name, value] as const];
      }),
  );
  return Object.fromEntries(changed);
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
