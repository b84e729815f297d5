import type { Difference, Estimate, MetricInfo } from '../src/protocol/evaluation-summary';
import { tooFewWords } from '../src/report/evaluation-tables';
import { element } from './element';
import { intervalText, isBetter, metricText, pText, signedText } from './metric-words';
import { grouped, plural } from './words-for-numbers';

export interface EstimateCell {
  readonly metric: MetricInfo;
  readonly estimate: Estimate | undefined;
  readonly difference?: Difference | undefined;
  readonly best?: boolean;
  /** What else there is to say of it, a few words. */
  readonly remark?: string | undefined;
}

/** A value, its interval, and how it differs from the unpruned run: in words and weight, not in colour alone. */
export function estimateCell({ metric, estimate, difference, best = false, remark }: EstimateCell): HTMLElement {
  if (!estimate) return element('span', { class: 'hint', text: '–', title: 'There is no such value.' });
  const { value, items } = estimate;
  return element(
    'div',
    {
      class: best ? 'estimate best' : 'estimate',
      title: `${metric.label} ${metricText(metric, value)}, 95 % interval ${intervalText(metric, estimate)}, of ${plural(items, 'item')}`,
    },
    element(
      'span',
      { class: 'estimate-value' },
      best ? element('span', { class: 'best-mark', text: 'best' }) : null,
      element(best ? 'strong' : 'span', { text: metricText(metric, value) }),
    ),
    element('span', { class: 'estimate-interval', text: intervalText(metric, estimate) }),
    difference ? differenceWords(metric, difference) : null,
    remark === undefined ? null : element('span', { class: 'estimate-interval', text: remark }),
  );
}

/** Below it a difference is called one. */
const significance = 0.05;

function differenceWords(metric: MetricInfo, { value, low, high, p }: Difference): HTMLElement {
  const clear = p < significance && value !== 0;
  const kind = !clear ? 'unclear' : isBetter(metric, value, 0) ? 'better' : 'worse';
  return element(
    'span',
    {
      class: `estimate-difference ${kind}`,
      title: `Difference to the unpruned run on the same items: ${signedText(metric, value)}, 95 % interval ${signedText(metric, low)} to ${signedText(metric, high)}`,
    },
    element('span', { text: signedText(metric, value) }),
    ` ${clear ? `${kind}, ` : ''}${pText(p)}`,
  );
}

/**
 * Which of the values of a column are best, by what is shown of them: two that look the same are equal. None where all
 * are, or where there is nothing to compare.
 */
export function bestOf(metric: MetricInfo, values: readonly (number | undefined)[]): readonly boolean[] {
  const known = values.filter((value) => value !== undefined);
  const best = known.reduce<number | undefined>(
    (found, value) => (found === undefined || isBetter(metric, value, found) ? value : found),
    undefined,
  );
  const text = best === undefined ? '' : metricText(metric, best);
  const marks = values.map((value) => value !== undefined && metricText(metric, value) === text);
  return known.length < 2 || marks.filter(Boolean).length === known.length ? values.map(() => false) : marks;
}

/** A warning where intervals and p are of so few items that they mislead. */
export function fewItemsWords(estimates: readonly (Estimate | undefined)[]): string {
  const most = Math.max(0, ...estimates.map((estimate) => estimate?.items ?? 0));
  const words = most > 0 ? tooFewWords(most, 'items') : undefined;
  return words === undefined ? '' : ` ${words}`;
}

/** `1 045 items`, or how many fewer where some have no value. */
export function itemsWords(estimates: readonly (Estimate | undefined)[]): string {
  const counts = estimates.flatMap((estimate) => (estimate ? [estimate.items] : []));
  if (counts.length === 0) return 'no items';
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? plural(most, 'item') : `${grouped(least)} to ${plural(most, 'item')}`;
}
