import { Engine } from '../engine/engine';
import { questionFor, type ModelInfo } from '../protocol/model';
import type { RunSettings } from '../protocol/run';
import { modelFolders, settingsOf, strategiesFor, type RunOptions } from './run-options';

/** An engine for what was asked on the command line. */
export interface OpenEngine {
  readonly engine: Engine;
  readonly settings: readonly RunSettings[];
  /** Absent where there is no such model. */
  readonly model: ModelInfo | undefined;
}

/** Says that another provider runs the model than the one that was asked for. */
export function warnOfFallback(fallback: string | undefined): void {
  if (fallback !== undefined) {
    process.stderr.write(`earmark: ${fallback}\n`);
  }
}

/** @throws EarmarkError `settings-invalid`; an unknown model fails in the engine, with the names of those there are */
export async function openEngine(options: RunOptions): Promise<OpenEngine> {
  const { threads, ffmpeg, provider, prompt, ...rest } = options;
  const engine = new Engine({ modelFolders: modelFolders(options), threads, ffmpeg, provider });
  if (provider !== 'cpu') {
    warnOfFallback((await engine.describe()).runtime?.fallback);
  }
  const model = (await engine.listModels()).find(({ modelId }) => modelId === options.model);
  if (model?.asks === false && prompt !== undefined) {
    process.stderr.write(`earmark: The model "${model.modelId}" takes no question; --prompt is passed over.\n`);
  }
  return {
    engine,
    settings: settingsOf(
      { ...rest, strategy: strategiesFor(model?.problem === undefined ? model : undefined, rest.strategy) },
      questionFor(model, prompt ?? ''),
    ),
    model,
  };
}
