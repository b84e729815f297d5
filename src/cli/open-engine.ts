import { Engine } from '../engine/engine';
import type { RunSettings } from '../protocol/run';
import { modelFolders, settingsOf, type RunOptions } from './run-options';

/** An engine for what was asked on the command line. */
export interface OpenEngine {
  readonly engine: Engine;
  readonly settings: readonly RunSettings[];
  readonly secondsPerToken: number;
}

/** @throws EarmarkError `settings-invalid`; an unknown model fails in the engine, with the names of those there are */
export async function openEngine(options: RunOptions): Promise<OpenEngine> {
  const { threads, ffmpeg } = options;
  const engine = new Engine({ modelFolders: modelFolders(options), threads, ffmpeg });
  const model = (await engine.listModels()).find(({ modelId }) => modelId === options.model);
  return {
    engine,
    settings: settingsOf(options, model?.question ?? ''),
    secondsPerToken: model?.secondsPerToken ?? 0,
  };
}
