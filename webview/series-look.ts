import type * as PlotlyTypes from 'plotly.js';
import type { Palette } from './theme';

/** How a series is drawn everywhere: hue, marker and dash together are its own, so that none is needed alone. */
export interface Look {
  readonly colour: string;
  readonly symbol: PlotlyTypes.MarkerSymbol;
  readonly dash: PlotlyTypes.Dash;
  /** The marker's outline for a picture beside a name, in a square from -5 to 5. */
  readonly outline: string;
}

const markers: readonly (readonly [symbol: PlotlyTypes.MarkerSymbol, outline: string])[] = [
  ['circle', 'M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0Z'],
  ['diamond', 'M0 -5L5 0L0 5L-5 0Z'],
  ['square', 'M-4 -4H4V4H-4Z'],
  ['triangle-up', 'M0 -5L5 4H-5Z'],
  ['cross', 'M-2 -5H2V-2H5V2H2V5H-2V2H-5V-2H-2Z'],
  ['triangle-down', 'M0 5L5 -4H-5Z'],
  ['pentagon', 'M0 -5L5 -1L3 5H-3L-5 -1Z'],
  ['hourglass', 'M-4 -4H4L-4 4H4Z'],
  ['bowtie', 'M-4 -4V4L4 -4V4Z'],
  ['star-diamond', 'M0 -5L1.5 -1.5L5 0L1.5 1.5L0 5L-1.5 1.5L-5 0L-1.5 -1.5Z'],
  ['hexagon', 'M-2.5 -4.5H2.5L5 0L2.5 4.5H-2.5L-5 0Z'],
];
const dashes = ['solid', 'dash', 'dot', 'dashdot'] as const;

export function lookOf(number: number, { series }: Palette): Look {
  const [symbol, outline] = markers[number % markers.length]!;
  return {
    colour: series[number % series.length]!,
    symbol,
    outline,
    // Another dash with each round of hues.
    dash: dashes[Math.floor(number / series.length) % dashes.length]!,
  };
}

/** Plotly reads a little markup in its texts; names of strategies and metrics come from files. */
export function plotText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
