import type { Estimate, MetricInfo } from '../src/protocol/evaluation-summary';
import type { ResultsOverview } from '../src/protocol/results';
import { element } from './element';
import { bestOf, estimateCell, itemsWords } from './estimate-cell';
import { signedText } from './metric-words';
import { SortableTable, type Column } from './sortable-table';
import { percent } from './words-for-numbers';

/** A setting, by its place in the summary. */
type Place = number;

/** One metric by the values of a group: settings down, values across. */
export class GroupTable {
  readonly node = element('div', { class: 'metric-table' });
  private readonly note = element('p', { class: 'hint' });
  private readonly table = new SortableTable<Place>('Settings by group', [], {
    key: String,
    pinned: (place) => place === this.summary.baseline,
    decorate: (place, row) => row.classList.toggle('baseline', place === this.summary.baseline),
  });

  constructor(private readonly summary: ResultsOverview) {
    this.node.append(this.table.node, this.note);
  }

  /** @param ratio the keep ratio that is shown beside the unpruned run; undefined for all */
  show(metric: MetricInfo, group: string, ratio: number | undefined): void {
    const { settings, baseline, groups } = this.summary;
    const places = [...settings.keys()].filter(
      (place) => place === baseline || ratio === undefined || settings[place]!.keepRatio === ratio,
    );
    const values = groups[group] ?? [];
    const estimateOf = (place: Place, value: string): Estimate | undefined =>
      settings[place]!.byGroup[group]?.[value]?.[metric.name];
    this.table.show(places, [
      this.settingColumn,
      this.column(metric, places, 'All', 'All items together', (place) => settings[place]!.values[metric.name]),
      ...values.map((value) => {
        const estimates = places.map((place) => estimateOf(place, value));
        const description = `${metric.label} of ${itemsWords(estimates)} with ${group} ${value}`;
        return this.column(metric, places, value, description, (place) => estimateOf(place, value));
      }),
    ]);
    const none = values.every((value) => places.every((place) => estimateOf(place, value) === undefined));
    this.note.textContent = none
      ? `${metric.label} is not told by ${group}: choose another metric.`
      : `${metric.label} of the items of each ${group}, with 95 % intervals. Differences to the unpruned run are those of the two values.`;
  }

  private readonly settingColumn: Column<Place> = {
    label: 'Setting',
    description: 'The strategy and the keep ratio',
    value: (place) => this.settingWords(place),
    cell: (place) => this.settingWords(place),
  };

  private settingWords(place: Place): string {
    const { label, keepRatio } = this.summary.settings[place]!;
    return place === this.summary.baseline ? label : `${label}, ${percent(keepRatio)}`;
  }

  private column(
    metric: MetricInfo,
    places: readonly Place[],
    label: string,
    description: string,
    estimateOf: (place: Place) => Estimate | undefined,
  ): Column<Place> {
    const { baseline } = this.summary;
    const unpruned = baseline === undefined ? undefined : estimateOf(baseline)?.value;
    const rivals = places.filter((place) => place !== baseline);
    const marks = bestOf(
      metric,
      rivals.map((place) => estimateOf(place)?.value),
    );
    const best = new Set(rivals.filter((_, i) => marks[i]));
    return {
      label,
      description,
      numeric: true,
      value: (place) => estimateOf(place)?.value,
      cell: (place) => {
        const estimate = estimateOf(place);
        const differs = place !== baseline && estimate && unpruned !== undefined;
        return estimateCell({
          metric,
          estimate,
          best: best.has(place),
          remark: differs ? signedText(metric, estimate.value - unpruned) : undefined,
        });
      },
    };
  }
}
