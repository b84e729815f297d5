import type { Estimate, MetricInfo } from '../src/protocol/evaluation-summary';
import { milliseconds, times } from './words-for-numbers';

type Unit = Pick<MetricInfo, 'unit'>;

/** A value of a metric as people read it. */
export function metricText({ unit }: Unit, value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : '∞';
  switch (unit) {
    case undefined:
      return value.toFixed(3);
    case 'ms':
      return milliseconds(value);
    case 'x':
      return times(value);
    case '%':
      return `${value.toFixed(1)}\u00a0%`;
    default:
      return `${value.toFixed(1)}\u00a0${unit}`;
  }
}

/** How much more or less, always with its sign. */
export function signedText(unit: Unit, value: number): string {
  const text = metricText(unit, Math.abs(value));
  // What is rounded to nothing has no sign.
  if (!/[1-9]/.test(text) && Number.isFinite(value)) return `±${text}`;
  return `${value < 0 ? '−' : '+'}${text}`;
}

export function intervalText(unit: Unit, { low, high }: Pick<Estimate, 'low' | 'high'>): string {
  return `${metricText(unit, low)} to ${metricText(unit, high)}`;
}

/** `p < 0.001`, `p = 0.031` */
export function pText(p: number): string {
  return p < 0.001 ? 'p\u00a0<\u00a00.001' : `p\u00a0=\u00a0${p.toFixed(p < 0.01 ? 3 : 2)}`;
}

/** `CIDEr-D`, `Prefill, ms`, `Prefill speed-up, ×` */
export function axisWords({ label, unit }: Pick<MetricInfo, 'label' | 'unit'>): string {
  return unit === undefined ? label : `${label}, ${unit === 'x' ? '×' : unit}`;
}

/** Whether `value` is the better of the two by this metric. */
export function isBetter({ better }: Pick<MetricInfo, 'better'>, value: number, than: number): boolean {
  return better === 'higher' ? value > than : value < than;
}

/** `higher is better` */
export function betterWords({ better }: Pick<MetricInfo, 'better'>): string {
  return `${better} is better`;
}
