import type { MetricInfo } from '../../protocol/evaluation-summary';
import { speedUpBound } from '../../pruning/budget';
import { meanMeasure, medianMeasure, type DoneRow, type Measure } from './measure';

type Cost = readonly [
  name: string,
  label: string,
  unit: string,
  better: MetricInfo['better'],
  description: string,
  valueOf: (row: DoneRow) => number | undefined,
];

const costs: readonly Cost[] = [
  ['select-ms', 'Select', 'ms', 'lower', 'Choosing the tokens, median.', ({ outcome }) => outcome.times.selectMs],
  ['prefill-ms', 'Prefill', 'ms', 'lower', 'Reading the prompt, median.', ({ outcome }) => outcome.times.prefillMs],
  [
    'decode-ms-per-token',
    'Per token',
    'ms',
    'lower',
    'Each written token after the first, median of the rows that wrote more than one.',
    ({ outcome }) => positive(outcome.times.decodeMsPerToken),
  ],
  [
    'total-ms',
    'Total',
    'ms',
    'lower',
    'From the file to the last word, median; a step that was cached counts with the time it took.',
    ({ outcome }) => outcome.times.totalMs,
  ],
  [
    'kv-mb',
    'KV cache',
    'MiB',
    'lower',
    'The largest of any window, median.',
    ({ outcome }) => outcome.kvBytes / 2 ** 20,
  ],
  [
    'bound',
    'Speed-up bound',
    'x',
    'higher',
    'The most that prefill can speed up when its time is linear in the prompt, median.',
    ({ outcome: { prompt, tokens } }) =>
      positive(speedUpBound(prompt.textBefore + prompt.textAfter, tokens.valid, tokens.kept)),
  ],
];

const keptShare: MetricInfo = {
  name: 'kept-share',
  label: 'Kept',
  kind: 'cost',
  better: 'lower',
  unit: '%',
  description: 'Percent of the tokens that were kept, 0 to 100, mean.',
};

const speedUp: MetricInfo = {
  name: 'speed-up',
  label: 'Prefill speed-up',
  kind: 'cost',
  better: 'higher',
  unit: 'x',
  description: "The unpruned run's prefill time over this one's on the same item, median of the items' ratios.",
};

function positive(value: number): number | undefined {
  return value > 0 ? value : undefined;
}

/** What runs cost. `baselineOf` finds the unpruned row of the same item, where there is one. */
export function costMeasures(baselineOf: (row: DoneRow) => DoneRow | undefined): readonly Measure[] {
  const kept = meanMeasure(keptShare, ({ outcome: { tokens } }) => (100 * tokens.kept) / tokens.valid);
  const medians = costs.map(([name, label, unit, better, description, valueOf]) => ({
    ...medianMeasure({ name, label, unit, kind: 'cost', better, description }, valueOf),
    onlyWhole: name !== 'prefill-ms',
  }));
  const faster = medianMeasure(speedUp, (row) => {
    const baseline = baselineOf(row);
    return baseline && positive(baseline.outcome.times.prefillMs / row.outcome.times.prefillMs);
  });
  return [kept, ...medians.slice(0, -1), faster, ...medians.slice(-1)];
}
