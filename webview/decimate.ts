import type { Span } from './clip-tokens';

/** Lowest and highest value of each of at most `columns` stretches of `values[start..end)`, as a closed polygon. */
export function envelope(
  values: Float32Array,
  start: number,
  end: number,
  columns: number,
): { readonly at: number[]; readonly min: number[]; readonly max: number[] } {
  const count = Math.min(columns, Math.max(0, end - start));
  const at: number[] = [];
  const min: number[] = [];
  const max: number[] = [];
  for (let column = 0; column < count; column++) {
    const from = start + Math.floor((column * (end - start)) / count);
    const to = start + Math.floor(((column + 1) * (end - start)) / count);
    let low = Infinity;
    let high = -Infinity;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    at.push(from);
    min.push(low);
    max.push(high);
  }
  return { at, min, max };
}

/** The spans that touch the tokens `start` to `end`. Spans are in time order. */
export function spansWithin(spans: readonly Span[], start: number, end: number): readonly Span[] {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.end <= start) low = middle + 1;
    else high = middle;
  }
  const first = low;
  high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.start < end) low = middle + 1;
    else high = middle;
  }
  return spans.slice(first, low);
}

/** Share of tokens that live on in each of `columns` stretches: what a strip shows where tokens are too thin to draw. */
export function keptShare(
  slotSizes: Uint16Array,
  start: number,
  end: number,
  columns: number,
): { readonly at: number[]; readonly share: number[] } {
  const at: number[] = [];
  const share: number[] = [];
  for (let column = 0; column < columns; column++) {
    const from = start + Math.floor((column * (end - start)) / columns);
    const to = start + Math.floor(((column + 1) * (end - start)) / columns);
    let kept = 0;
    for (let i = from; i < to; i++) if (slotSizes[i]! > 0) kept += 1;
    at.push(from);
    share.push(to > from ? kept / (to - from) : 0);
  }
  return { at, share };
}
