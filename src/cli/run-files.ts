import * as path from 'node:path';
import type { Engine } from '../engine/engine';
import { EarmarkError } from '../protocol/errors';
import type { ModelInfo } from '../protocol/model';
import type { ReportClip } from '../protocol/report';
import type { Analysis, Run, RunSettings, WindowAnalysis } from '../protocol/run';
import { renderReport } from '../report/report';
import { signalOfInterrupt } from './interrupt';
import { openEngine } from './open-engine';
import type { ShownRunOptions } from './run-options';
import { readReportAssets, writeOutput } from './write-output';

/** One file with all that was found out about it. */
export interface FileResult extends ReportClip {
  readonly file: string;
  /** Whether the model gives scores; without, they are zeros that mean nothing. */
  readonly scored: boolean;
  readonly analysis: Analysis;
}

/** What came of several files: those that worked, and why others did not; first what ended it before its time. */
export interface FileResults {
  readonly results: readonly FileResult[];
  readonly failures: readonly EarmarkError[];
}

/**
 * Runs the asked settings on each file, one after another, and writes the report if one is asked for. A file that can
 * not be read does not keep the others from being run, and what ends it all not what is done from being told.
 *
 * @param warmUp makes the first run once more ahead of all and leaves it out: the first run of a process is slow,
 * and what others are measured against must not be
 * @throws EarmarkError where settings are at fault
 */
export async function runFiles(
  files: readonly string[],
  options: ShownRunOptions,
  onFile: (result: FileResult) => void,
  { warmUp = false }: { readonly warmUp?: boolean } = {},
): Promise<FileResults> {
  const { engine, settings, model } = await openEngine(options);
  const task = {
    modelId: options.model,
    model,
    settings: warmUp ? [...settings.slice(0, 1), ...settings] : settings,
    signal: signalOfInterrupt(),
  };
  const results: FileResult[] = [];
  const failures: EarmarkError[] = [];
  const endings: EarmarkError[] = [];
  for (const file of files) {
    try {
      const all = await runFile(engine, file, task);
      const result = { ...all, runs: all.runs.slice(warmUp ? 1 : 0) };
      results.push(result);
      onFile(result);
    } catch (thrown) {
      const error = EarmarkError.from(thrown);
      if (!isOfFile(error, model)) {
        endings.push(error);
        break;
      }
      failures.push(files.length > 1 ? naming(file, error) : error);
    }
  }
  if (options.report !== undefined && results.length > 0) {
    await writeReport(options.report, results).catch((thrown: unknown) => endings.push(EarmarkError.from(thrown)));
  }
  return { results, failures: [...endings, ...failures] };
}

/** Whether the fault lies in one sound, so that the next may do better. */
function isOfFile({ code }: EarmarkError, model: ModelInfo | undefined): boolean {
  return (
    code.startsWith('audio-') ||
    code === 'needs-ffmpeg' ||
    code === 'scores-invalid' ||
    // Audio that the decoder only looks at takes none of its context, however long it is.
    (code === 'context-too-long' && model?.family === 'prefix')
  );
}

/** What the model says of a sound does not name it, as what is said of a file does. */
function naming(file: string, error: EarmarkError): EarmarkError {
  const { code, message, action } = error;
  const name = path.basename(file);
  return message.includes(name) ? error : new EarmarkError(code, `${name}: ${message}`, action, { cause: error });
}

/** Says what is wrong with all files but the first, which is thrown for the one line and the exit code of the program. */
export function throwFailures([first, ...others]: readonly EarmarkError[]): void {
  if (first) {
    others.forEach((error) => process.stderr.write(`earmark: ${error.message}\n`));
    throw first;
  }
}

interface FileTask {
  readonly modelId: string;
  readonly model: ModelInfo | undefined;
  readonly settings: readonly RunSettings[];
  readonly signal: AbortSignal;
}

async function runFile(
  engine: Engine,
  file: string,
  { modelId, model, settings, signal }: FileTask,
): Promise<FileResult> {
  const progress = new ProgressLine(path.basename(file));
  progress.show('decoding');
  const clip = await engine.openClip({ kind: 'path', path: file }, { signal, onProgress: () => undefined });
  const windows: WindowAnalysis[] = [];
  let runs: readonly Run[];
  try {
    runs = await engine.run(clip.clipId, modelId, settings, {
      signal,
      onProgress: (event) => {
        if (event.kind === 'analysed') {
          windows.push(event.analysis);
        } else if (event.kind === 'started') {
          progress.show(`${event.settings.strategy} at ${String(event.settings.keepRatio * 100)} %`);
        } else if (event.kind === 'stage' && event.windows > 1) {
          progress.show(`window ${String(event.window + 1)} of ${String(event.windows)}`);
        }
      },
    });
  } finally {
    progress.end();
    engine.closeClip(clip.clipId);
  }
  if (signal.aborted) {
    throw new EarmarkError('cancelled', 'Cancelled.');
  }
  clip.warnings.forEach((warning) => process.stderr.write(`earmark: ${path.basename(file)}: ${warning}\n`));
  const scored = model?.offers.includes('scores') === true;
  const analysis = { clipId: clip.clipId, modelId, secondsPerToken: model?.secondsPerToken ?? 0, windows };
  return { file, scored, clip, runs, analysis };
}

/** @throws EarmarkError `write-failed` */
async function writeReport(file: string, clips: readonly ReportClip[]): Promise<void> {
  const data = { version: 1, created: new Date().toISOString(), clips } as const;
  await writeOutput('Report', file, renderReport(data, await readReportAssets('report')));
}

/** What is going on, on one line of a terminal that is overwritten; nothing where standard error is no terminal. */
class ProgressLine {
  constructor(private readonly name: string) {}

  show(what: string): void {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\u001b[K${this.name}: ${what} …`);
    }
  }

  end(): void {
    if (process.stderr.isTTY) {
      process.stderr.write('\r\u001b[K');
    }
  }
}
