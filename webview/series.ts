import type { SettingSummary } from '../src/protocol/evaluation-summary';
import type { ResultsOverview } from '../src/protocol/results';

/** The settings that differ in nothing but the keep ratio: one row of a table and one line of a figure. */
export interface Series {
  readonly label: string;
  /** Places of its settings in the summary, by rising keep ratio. */
  readonly settings: readonly number[];
  /** Which look it has in every figure, whatever else is shown. */
  readonly look: number;
  /** It is the unpruned run and nothing else. */
  readonly baseline: boolean;
}

type Summary = Pick<ResultsOverview, 'settings' | 'baseline'>;

/** In the order of the evaluation. The unpruned run takes no look from the others. */
export function seriesOf({ settings, baseline }: Summary): Series[] {
  const byLabel = new Map<string, number[]>();
  settings.forEach(({ label }, at) => byLabel.set(label, [...(byLabel.get(label) ?? []), at]));
  let looks = 0;
  return [...byLabel].map(([label, places]) => {
    const unpruned = places.length === 1 && places[0] === baseline;
    return {
      label,
      settings: places.toSorted((a, b) => settings[a]!.keepRatio - settings[b]!.keepRatio),
      baseline: unpruned,
      look: unpruned ? -1 : looks++,
    };
  });
}

/** The keep ratios that were asked, falling; the unpruned run's own is none of them. */
export function ratiosOf(summary: Summary): number[] {
  const asked = seriesOf(summary)
    .filter(({ baseline }) => !baseline)
    .flatMap(({ settings }) => settings.map((at) => summary.settings[at]!.keepRatio));
  return [...new Set(asked)].sort((a, b) => b - a);
}

/** The setting of a series at a keep ratio. */
export function settingAt(summary: Summary, series: Series, ratio: number): SettingSummary | undefined {
  const at = series.settings.find((place) => summary.settings[place]!.keepRatio === ratio);
  return at === undefined ? undefined : summary.settings[at];
}
