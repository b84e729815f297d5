import type { Analysis, Run, RunSettings, WindowAnalysis } from '../src/protocol/run';
import type { Selection } from '../src/pruning/selection';
import { budgetOf } from '../src/pruning/budget';
import { clipBudgets, sharesBudget } from '../src/pruning/clip-budget';
import { completeParameters, select, strategyNamed } from '../src/pruning/registry';
import { rankByScore } from '../src/pruning/rank';
import { reduceHeads } from '../src/pruning/score';
import { equalSegments, type Segment } from '../src/pruning/segments';
import type { HeadReduce } from '../src/pruning/selection';

/** A window's tokens with one score each. */
export interface ScoredWindow {
  readonly analysis: WindowAnalysis;
  readonly scores: Float32Array;
  /** Mean score of the window: what a token would receive if all received the same. */
  readonly uniform: number;
}

/**
 * The tokens of a clip, numbered through all its windows, as the views draw and explain them. Windows may still be
 * missing at the end while a clip is being analysed.
 */
export class ClipTokens {
  readonly windows: readonly ScoredWindow[];
  readonly total: number;
  readonly secondsPerToken: number;
  /** Whether the model gives attention: where it does not, all scores are 0 and mean nothing. */
  readonly hasScores: boolean;
  private ranks = new Map<string, Int32Array>();

  constructor(analysis: Pick<Analysis, 'windows' | 'secondsPerToken'>, headReduce: HeadReduce) {
    this.secondsPerToken = analysis.secondsPerToken;
    this.windows = analysis.windows.map((window) => {
      const reduce = typeof headReduce === 'number' ? Math.min(headReduce, window.heads - 1) : headReduce;
      const scores = reduceHeads(window.receivedPerHead, window.heads, reduce);
      let sum = 0;
      for (const score of scores) sum += score;
      return { analysis: window, scores, uniform: sum / scores.length };
    });
    // Attention adds up to 1 for each query, so a model that gives any never gives 0 to all tokens of a window.
    this.hasScores = this.windows.some(({ uniform }) => uniform > 0);
    const last = this.windows.at(-1);
    this.total = last ? last.analysis.firstToken + last.scores.length : 0;
  }

  windowOf(token: number): ScoredWindow | undefined {
    let low = 0;
    let high = this.windows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.windows[middle]!.analysis.firstToken <= token) low = middle;
      else high = middle - 1;
    }
    const window = this.windows[low];
    return window && token >= 0 && token < window.analysis.firstToken + window.scores.length ? window : undefined;
  }

  /** When a token begins. `token` may be the number after the last one of its window: its end. */
  startOf(token: number): number {
    const window = this.windowOf(Math.min(token, this.total - 1));
    return window ? window.analysis.startSeconds + (token - window.analysis.firstToken) * this.secondsPerToken : 0;
  }

  endOf(token: number): number {
    const window = this.windowOf(token);
    return window ? Math.min(this.startOf(token) + this.secondsPerToken, window.analysis.endSeconds) : 0;
  }

  tokenAt(seconds: number): number | undefined {
    for (const { analysis, scores } of this.windows) {
      if (seconds >= analysis.startSeconds && seconds < analysis.endSeconds) {
        const within = Math.floor((seconds - analysis.startSeconds) / this.secondsPerToken + 1e-6);
        return analysis.firstToken + Math.min(within, scores.length - 1);
      }
    }
    return undefined;
  }

  score(token: number): number {
    const window = this.windowOf(token);
    return window ? window.scores[token - window.analysis.firstToken]! : 0;
  }

  /** The score as a multiple of what a token would receive if all of its window received the same. */
  multiple(token: number): number {
    const window = this.windowOf(token);
    return window && window.uniform > 0 ? this.score(token) / window.uniform : 0;
  }

  /** 1 for the highest score among the tokens `start` to `end` of a window. */
  rank(window: ScoredWindow, segment: Segment, token: number): number {
    const key = `${String(window.analysis.index)}:${String(segment.start)}:${String(segment.end)}`;
    let ranks = this.ranks.get(key);
    if (!ranks) {
      ranks = new Int32Array(segment.end - segment.start);
      for (const [place, ranked] of rankByScore(window.scores, segment.start, segment.end).entries()) {
        ranks[ranked - segment.start] = place + 1;
      }
      this.ranks.set(key, ranks);
    }
    return ranks[token - window.analysis.firstToken - segment.start]!;
  }
}

/** A kept slot of a selection: the tokens from `start` up to, not including, `end`, numbered through the clip. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly merged: boolean;
}

/** What a selection keeps of a clip, made ready for drawing and asking. */
export interface KeptTokens {
  readonly asked: number;
  readonly kept: number;
  /** Neighbouring plain tokens are one span; a merged slot is a span of its own. In time order. */
  readonly spans: readonly Span[];
  /** By token: how many tokens share its slot; 0 where it was dropped. */
  readonly slotSizes: Uint16Array;
}

export function keptOf(
  windows: readonly { readonly firstToken: number; readonly selection: Selection }[],
  total: number,
  asked: number,
): KeptTokens {
  const slotSizes = new Uint16Array(total);
  const spans: { start: number; end: number; merged: boolean }[] = [];
  let kept = 0;
  for (const { firstToken, selection } of windows) {
    for (const group of selection.groups) {
      kept += 1;
      for (const token of group) slotSizes[firstToken + token] = group.length;
      const start = firstToken + group[0]!;
      const end = firstToken + group.at(-1)! + 1;
      const last = spans.at(-1);
      if (group.length === 1 && last && !last.merged && last.end === start && group[0] !== 0) last.end = end;
      else spans.push({ start, end, merged: group.length > 1 });
    }
  }
  return { asked, kept, spans, slotSizes };
}

export function keptOfRun(run: Run, total: number): KeptTokens {
  return keptOf(run.windows, total, run.tokens.asked);
}

/** What the present choice would keep, before anything is run. Undefined where that needs more than scores. */
export function preview(tokens: ClipTokens, settings: RunSettings): KeptTokens | undefined {
  const needs = strategyNamed(settings.strategy).needs;
  if (needs.some((need) => need !== 'scores')) return undefined;
  const budgets = sharedBudgets(tokens, settings);
  let asked = 0;
  const windows = tokens.windows.map(({ analysis, scores }, i) => {
    const { budget, selection } = select(settings, { scores, budget: budgets?.[i] });
    asked += budget;
    return { firstToken: analysis.firstToken, selection };
  });
  return keptOf(windows, tokens.total, asked);
}

/** Whether two settings keep the same tokens: what is asked, and how long the caption may be, is no part of that. */
export function keepAlike(a: RunSettings, b: RunSettings): boolean {
  return decisive(a) === decisive(b);
}

function decisive({ strategy, keepRatio, budgetMode, budgetScope = 'window', headReduce, parameters }: RunSettings) {
  const values = strategyNamed(strategy).parameters.map(({ name, default: preset }) => parameters[name] ?? preset);
  return JSON.stringify([strategy, keepRatio, budgetMode, budgetScope, headReduce, values]);
}

function sharedBudgets(tokens: ClipTokens, settings: RunSettings): readonly number[] | undefined {
  return sharesBudget(settings)
    ? clipBudgets(
        settings.keepRatio,
        tokens.windows.map(({ scores }) => scores),
      )
    : undefined;
}

/** Strategies whose segments are equal, and so known before a run. Others find theirs in the sound. */
const equallyCut = new Set(['segmentwise', 'variable-budget', 'hybrid']);

/** The segments a strategy cuts a window into; undefined where there are none, or where only a run can tell. */
export function segmentsOf(window: ScoredWindow, settings: RunSettings): Segment[] | undefined {
  if (!equallyCut.has(settings.strategy)) return undefined;
  const strategy = strategyNamed(settings.strategy);
  const segments = completeParameters(strategy, settings.parameters)['segments'];
  if (segments === undefined) return undefined;
  const count = window.scores.length;
  return equalSegments(count, Math.min(segments, budgetOf(settings.keepRatio, count)));
}

/** Everything a person may ask of one token. */
export interface TokenFacts {
  readonly token: number;
  readonly window: number;
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly score: number;
  readonly multiple: number;
  /** Over the window. */
  readonly rank: number;
  readonly of: number;
  readonly segment?: { readonly number: number; readonly of: number; readonly rank: number; readonly size: number };
  readonly kept?: boolean;
  /** Kept or not and why: "rank 3 of 25 in segment 4: kept". */
  readonly reason: string;
}

export function factsOf(
  tokens: ClipTokens,
  settings: RunSettings,
  kept: KeptTokens | undefined,
  token: number,
): TokenFacts | undefined {
  const window = tokens.windowOf(token);
  if (!window) return undefined;
  const size = window.scores.length;
  const rank = tokens.rank(window, { start: 0, end: size }, token);
  const segments = segmentsOf(window, settings);
  const within = token - window.analysis.firstToken;
  const at = segments?.findIndex(({ start, end }) => within >= start && within < end) ?? -1;
  const cut = segments?.[at];
  const segment = cut && {
    number: at + 1,
    of: segments.length,
    rank: tokens.rank(window, cut, token),
    size: cut.end - cut.start,
  };
  const slot = kept?.slotSizes[token];
  return {
    token,
    window: window.analysis.index,
    startSeconds: tokens.startOf(token),
    endSeconds: tokens.endOf(token),
    score: tokens.score(token),
    multiple: tokens.multiple(token),
    rank,
    of: size,
    ...(segment && { segment }),
    ...(slot !== undefined && { kept: slot > 0 }),
    reason: reasonOf(settings, slot, { rank, of: size }, segment),
  };
}

function reasonOf(
  settings: RunSettings,
  slot: number | undefined,
  whole: { readonly rank: number; readonly of: number },
  segment: TokenFacts['segment'],
): string {
  const strategy = strategyNamed(settings.strategy);
  const place = segment
    ? `rank ${String(segment.rank)} of ${String(segment.size)} in segment ${String(segment.number)}`
    : `rank ${String(whole.rank)} of ${String(whole.of)}`;
  if (slot === undefined) return place;
  if (!strategy.usesKeepRatio) return `${strategy.label}: kept`;
  const outcome = slot === 0 ? 'dropped' : slot > 1 ? `merged with ${String(slot - 1)} more` : 'kept';
  if (!strategy.needs.includes('scores')) return `${strategy.label}, whatever the score: ${outcome}`;
  // Where more than the score decides, the rank is told but is not the reason.
  return strategy.needs.length > 1 ? `${place}; ${strategy.label}: ${outcome}` : `${place}: ${outcome}`;
}
