import type { Run, WindowAnalysis } from '../protocol/run';
import { reduceHeads } from '../pruning/score';
import { keptTokens } from '../pruning/kept-tokens';
import { keepsPlainTokens } from '../pruning/selection';
import type { FileResult } from './run-files';

/** The JSON of `earmark caption` and `earmark compare` for one file. */
export function fileJson({ file, scored, clip, runs, analysis }: FileResult, scores: boolean): object {
  return {
    file,
    durationSeconds: clip.durationSeconds,
    model: runs[0]?.modelId,
    warnings: clip.warnings,
    runs: runs.map((run) => runJson(run, scores && scored ? analysis.windows : undefined)),
  };
}

function runJson(run: Run, windows: readonly WindowAnalysis[] | undefined): object {
  const { settings, tokens, times } = run;
  return {
    strategy: settings.strategy,
    keepRatio: settings.keepRatio,
    segments: settings.parameters.segments ?? null,
    budgetMode: settings.budgetMode,
    budgetScope: settings.budgetScope ?? 'window',
    headReduce: settings.headReduce,
    parameters: settings.parameters,
    question: settings.question,
    tokens,
    keptIndices: keptTokens(run),
    ...mergedGroups(run),
    ...(windows && { scores: clipScores(run, windows) }),
    caption: run.caption,
    generatedTokens: run.generatedTokens,
    finish: run.finish,
    prompt: run.prompt,
    times,
    encodeCached: run.encodeCached,
    kvBytes: run.kvBytes,
    provider: run.provider,
    ...(run.fallback !== undefined && { fallback: run.fallback }),
    ...(run.windows.length > 1 && {
      windows: run.windows.map(({ startSeconds, endSeconds, caption, tokens: counts }) => ({
        startSeconds,
        endSeconds,
        tokens: counts,
        caption,
      })),
    }),
  };
}

/** Groups and weights where tokens were merged; nothing where each slot is one token. */
function mergedGroups(run: Run): object {
  if (run.windows.every(({ selection }) => keepsPlainTokens(selection))) {
    return {};
  }
  return {
    groups: run.windows.flatMap(({ selection, firstToken }) =>
      selection.groups.map((group) => group.map((token) => firstToken + token)),
    ),
    weights: run.windows.flatMap(({ selection }) => selection.weights),
  };
}

function clipScores(run: Run, windows: readonly WindowAnalysis[]): number[] {
  return windows.flatMap(({ receivedPerHead, heads }) =>
    Array.from(reduceHeads(receivedPerHead, heads, run.settings.headReduce)),
  );
}
