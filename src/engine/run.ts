import type { FinishReason, Run, RunSettings, RunTimes, WindowRun } from '../protocol/run';

export interface RunParts {
  readonly runId: string;
  readonly clipId: string;
  readonly modelId: string;
  readonly fingerprint: string;
  readonly settings: RunSettings;
  readonly provider: string;
  readonly fallback?: string;
  readonly decodeMs: number;
  readonly encodeCached: boolean;
  readonly cancelled: boolean;
  /** The windows that were run, in time order; at least one. */
  readonly parts: readonly WindowRun[];
}

/** One run from its windows: counts and times add up, time per decoded token is the mean over all tokens. */
export function assembleRun({ parts, cancelled, decodeMs, ...rest }: RunParts): Run {
  const sum = (value: (part: WindowRun) => number): number => parts.reduce((total, part) => total + value(part), 0);
  const generatedTokens = sum((part) => part.tokenIds.length);
  const times: RunTimes = {
    decodeMs,
    featuresMs: sum((part) => part.times.featuresMs),
    encodeMs: sum((part) => part.times.encodeMs),
    selectMs: sum((part) => part.times.selectMs),
    adaptMs: sum((part) => part.times.adaptMs),
    prefillMs: sum((part) => part.times.prefillMs),
    decodeMsPerToken:
      generatedTokens === 0 ? 0 : sum((part) => part.times.decodeMsPerToken * part.tokenIds.length) / generatedTokens,
    totalMs: decodeMs + sum((part) => part.times.totalMs),
  };
  return {
    ...rest,
    tokens: {
      valid: sum((part) => part.tokens.valid),
      trimmed: sum((part) => part.tokens.trimmed),
      asked: sum((part) => part.tokens.asked),
      kept: sum((part) => part.tokens.kept),
    },
    caption: parts
      .map((part) => part.caption)
      .filter((caption) => caption !== '')
      .join(' '),
    generatedTokens,
    finish: cancelled ? 'cancelled' : finishOf(parts),
    prompt: {
      textBefore: sum((part) => part.prompt.textBefore),
      audio: sum((part) => part.prompt.audio),
      textAfter: sum((part) => part.prompt.textAfter),
    },
    times,
    kvBytes: Math.max(...parts.map((part) => part.kvBytes)),
    windows: parts,
  };
}

/** A run was cut short where any of its windows was. */
function finishOf(parts: readonly WindowRun[]): FinishReason {
  return parts.some((part) => part.finish === 'length') ? 'length' : 'stop';
}
