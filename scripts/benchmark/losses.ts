import { summarise, type Evaluation } from '../../src/evaluation/summarise';
import type { EvaluationSummary, MetricInfo } from '../../src/protocol/evaluation-summary';

type Table = [header: string[], rows: string[][]];

/** For each metric and ratio: who beats segmentwise, by how much, and how many it beats. */
export function lossesOf(evaluation: Evaluation, metrics: readonly MetricInfo[]): Table {
  const against = evaluation.manifest.settings.flatMap(({ strategy }, place) =>
    strategy === 'segmentwise' ? [summarise(evaluation, [], place)] : [],
  );
  const quality = metrics.filter(({ kind }) => kind === 'quality');
  const rows = quality.flatMap((metric) => against.map((summary) => rowOf(summary, metric)));
  return [['metric', 'keep', 'items', 'better than segmentwise, by', 'worse', 'no clear difference'], rows];
}

/** Of differences to segmentwise: those at its own keep ratio. */
function rowOf({ settings, baseline }: EvaluationSummary, metric: MetricInfo): string[] {
  const segmentwise = settings[baseline!]!;
  const better: string[] = [];
  let worse = 0;
  let unclear = 0;
  for (const other of settings) {
    if (other.keepRatio !== segmentwise.keepRatio || other === segmentwise) {
      continue;
    }
    const { value, p } = other.differences[metric.name] ?? { value: 0, p: 1 };
    const gain = metric.better === 'higher' ? value : -value;
    if (p >= 0.05 || value === 0) {
      unclear++;
    } else if (gain > 0) {
      better.push(`${other.label} (${value.toFixed(3)})`);
    } else {
      worse++;
    }
  }
  const keep = `${String(Math.round(segmentwise.keepRatio * 100))} %`;
  const items = segmentwise.values[metric.name]?.items ?? 0;
  return [metric.label, keep, String(items), better.join(', ') || '-', String(worse), String(unclear)];
}
