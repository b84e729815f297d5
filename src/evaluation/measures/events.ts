import type { SoundEvent } from '../../datasets/dataset';
import type { EvaluationManifest } from '../../protocol/evaluation';
import type { MetricInfo } from '../../protocol/evaluation-summary';
import { ratioMeasure, type DoneRow, type Measure } from './measure';

const recall: MetricInfo = {
  name: 'event-recall',
  label: 'Event recall',
  kind: 'quality',
  better: 'higher',
  description:
    "Share of an event's time that kept tokens cover, mean over events; a token merged into a kept one counts as kept.",
};

const missed: MetricInfo = {
  name: 'events-missed',
  label: 'Events missed',
  kind: 'quality',
  better: 'lower',
  description: 'Share of events of which no token is kept.',
};

/** How a model cuts a sound into tokens. */
export type TokenGrid = Pick<EvaluationManifest['model'], 'secondsPerToken' | 'windowSeconds'>;

/**
 * The share of an event that kept tokens cover, in [0, 1]. Token i of a window covers the window's seconds
 * [i, i + 1) * secondsPerToken; the last one may reach beyond it. An event without length counts as wholly covered by the
 * token at its time.
 *
 * @param kept token numbers, counted through all windows, each once, in any order
 */
export function coverage({ start, end }: SoundEvent, kept: readonly number[], grid: TokenGrid): number {
  const { secondsPerToken, windowSeconds = 30 } = grid;
  // 30 / 0.04 must not become 751 by a rounding error.
  const perWindow = Math.ceil(windowSeconds / secondsPerToken - 1e-6);
  if (end <= start) {
    const window = Math.floor(start / windowSeconds);
    return kept.includes(window * perWindow + Math.floor((start - window * windowSeconds) / secondsPerToken)) ? 1 : 0;
  }
  let covered = 0;
  for (const token of kept) {
    const window = Math.floor(token / perWindow);
    const from = window * windowSeconds + (token % perWindow) * secondsPerToken;
    const to = Math.min(from + secondsPerToken, (window + 1) * windowSeconds);
    covered += Math.max(0, Math.min(end, to) - Math.max(start, from));
  }
  // Sums of many spans may end a rounding error above the whole.
  return Math.min(1, covered / (end - start));
}

/** Events as far as they lie in the sound: an end that was noted after the sound's is the sound's. */
function within(events: readonly SoundEvent[], durationSeconds: number): readonly SoundEvent[] {
  return events
    .filter(({ start }) => start < durationSeconds)
    .map((event) => ({ ...event, end: Math.min(event.end, durationSeconds) }));
}

/** What selections do to the sounds in a clip, whatever a model says about them: over all events of all rows. */
export function eventMeasures(gridOf: (row: DoneRow) => TokenGrid): readonly Measure[] {
  const over = (metric: MetricInfo, valueOf: (share: number) => number): Measure =>
    ratioMeasure(metric, (row) => {
      const { events = [], outcome } = row;
      const heard = within(events, outcome.durationSeconds);
      const shares = heard.map((event) => valueOf(coverage(event, outcome.kept, gridOf(row))));
      return shares.length === 0 ? undefined : [shares.reduce((sum, share) => sum + share, 0), shares.length];
    });
  return [over(recall, (share) => share), over(missed, (share) => (share === 0 ? 1 : 0))];
}
