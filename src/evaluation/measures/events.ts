import type { SoundEvent } from '../../datasets/dataset';
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

/**
 * The share of an event that kept tokens cover, in [0, 1]. Token i covers the seconds [i, i + 1) * secondsPerToken. An
 * event without length counts as wholly covered by the token at its time.
 *
 * @param kept token numbers, each once, in any order
 */
export function coverage({ start, end }: SoundEvent, kept: readonly number[], secondsPerToken: number): number {
  if (end <= start) {
    return kept.includes(Math.floor(start / secondsPerToken)) ? 1 : 0;
  }
  let covered = 0;
  for (const token of kept) {
    const from = Math.max(start, token * secondsPerToken);
    const to = Math.min(end, (token + 1) * secondsPerToken);
    covered += Math.max(0, to - from);
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
export function eventMeasures(secondsPerTokenOf: (row: DoneRow) => number): readonly Measure[] {
  const over = (metric: MetricInfo, valueOf: (share: number) => number): Measure =>
    ratioMeasure(metric, (row) => {
      const { events = [], outcome } = row;
      const heard = within(events, outcome.durationSeconds);
      const shares = heard.map((event) => valueOf(coverage(event, outcome.kept, secondsPerTokenOf(row))));
      return shares.length === 0 ? undefined : [shares.reduce((sum, share) => sum + share, 0), shares.length];
    });
  return [over(recall, (share) => share), over(missed, (share) => (share === 0 ? 1 : 0))];
}
