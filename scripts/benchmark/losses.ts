import { pairedDifference } from '../../src/metrics/bootstrap';
import type { EvaluationSummary, MetricInfo, SettingSummary } from '../../src/protocol/evaluation-summary';

type Table = [header: string[], rows: string[][]];

/** For each metric and ratio: who beats segmentwise, by how much, and how many it beats. */
export function lossesOf(summary: EvaluationSummary, metrics: readonly MetricInfo[]): Table {
  const scores = scoresOf(summary);
  const rows = metrics
    .filter(({ kind }) => kind === 'quality')
    .flatMap((metric) =>
      summary.settings
        .map((setting, place) => ({ setting, place }))
        .filter(({ setting }) => setting.strategy === 'segmentwise')
        .map((segmentwise) => rowOf(summary, metric, segmentwise, scores)),
    );
  return [['metric', 'keep', 'items', 'better than segmentwise, by', 'worse', 'no clear difference'], rows];
}

/** item -> metric -> value, for each setting. */
type Scores = readonly ReadonlyMap<string, Readonly<Record<string, number>>>[];

function scoresOf({ settings, rows }: EvaluationSummary): Scores {
  const scores = settings.map(() => new Map<string, Readonly<Record<string, number>>>());
  rows.forEach((row) => scores[row.setting]!.set(row.item, row.scores));
  return scores;
}

function rowOf(
  { settings }: EvaluationSummary,
  metric: MetricInfo,
  { setting, place }: { readonly setting: SettingSummary; readonly place: number },
  scores: Scores,
): string[] {
  const better: string[] = [];
  let worse = 0;
  let unclear = 0;
  let items = 0;
  settings.forEach((other, otherPlace) => {
    if (other.keepRatio !== setting.keepRatio || otherPlace === place) {
      return;
    }
    const pairs = [...scores[place]!].flatMap(([item, own]) => {
      const [mine, theirs] = [own[metric.name], scores[otherPlace]!.get(item)?.[metric.name]];
      return mine === undefined || theirs === undefined ? [] : [[theirs, mine] as const];
    });
    items = Math.max(items, pairs.length);
    const { value, p } = pairedDifference(
      pairs.map(([theirs]) => theirs),
      pairs.map(([, mine]) => mine),
    );
    const gain = metric.better === 'higher' ? value : -value;
    if (p >= 0.05 || value === 0) {
      unclear++;
    } else if (gain > 0) {
      better.push(`${other.label} (${value.toFixed(3)})`);
    } else {
      worse++;
    }
  });
  const keep = `${String(Math.round(setting.keepRatio * 100))} %`;
  return [metric.label, keep, String(items), better.join(', ') || '-', String(worse), String(unclear)];
}
