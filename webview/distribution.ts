import { axisStyle, Chart } from './chart';
import { percent } from './words-for-numbers';

/** Share of all attention that the highest-scored tokens receive: point i is the share of the top i + 1. */
export function cumulativeShare(scores: Float32Array): Float64Array {
  const falling = scores.toSorted().reverse();
  const shares = new Float64Array(falling.length);
  let sum = 0;
  for (let i = 0; i < falling.length; i++) {
    sum += falling[i]!;
    shares[i] = sum;
  }
  return sum > 0 ? shares.map((share) => share / sum) : shares;
}

/** "The top 25 % of tokens receive 61 % of the attention." */
export function concentrationWords(shares: Float64Array, top: number): string {
  const count = Math.max(1, Math.round(top * shares.length));
  return `The top ${percent(top)} of tokens receive ${percent(shares[count - 1] ?? 0)} of the attention.`;
}

/** How the attention is spread over tokens: a histogram, and the share that the top tokens receive together. */
export class Distribution {
  private multiples: Float32Array = new Float32Array();
  private shares: Float64Array = new Float64Array();
  private top = 0.25;
  readonly chart: Chart;

  constructor() {
    this.chart = new Chart('', (palette) => {
      const { multiples, shares, top } = this;
      if (multiples.length === 0) return undefined;
      const bins = 36;
      const highest = multiples.reduce((a, b) => Math.max(a, b), 0) || 1;
      const counts = new Array<number>(bins).fill(0);
      for (const value of multiples) counts[Math.min(bins - 1, Math.floor((value / highest) * bins))]! += 1;
      const step = Math.max(1, Math.floor(shares.length / 300));
      const x: number[] = [0];
      const y: number[] = [0];
      for (let i = step - 1; i < shares.length; i += step) {
        x.push((i + 1) / shares.length);
        y.push(shares[i]!);
      }
      const at = shares[Math.max(0, Math.round(top * shares.length) - 1)] ?? 0;
      const axis = axisStyle(palette);
      const line = { color: palette.boundary, width: 1, dash: 'dot' as const };
      return {
        height: 190,
        traces: [
          {
            type: 'bar',
            x: counts.map((_, i) => ((i + 0.5) * highest) / bins),
            y: counts,
            marker: { color: palette.attention },
            hovertemplate: '%{y} tokens receive about %{x:.2f}× the average<extra></extra>',
          },
          {
            type: 'scatter',
            mode: 'lines',
            x,
            y,
            xaxis: 'x2',
            yaxis: 'y2',
            line: { color: palette.attention, width: 1.5 },
            hovertemplate: 'top %{x:.0%}: %{y:.0%} of the attention<extra></extra>',
          },
        ],
        layout: {
          margin: { l: 40, r: 10, t: 6, b: 44 },
          bargap: 0.08,
          hovermode: 'closest',
          xaxis: { ...axis, domain: [0, 0.44], title: { text: '× average', standoff: 4 } },
          yaxis: { ...axis, title: { text: '' } },
          xaxis2: {
            ...axis,
            domain: [0.58, 1],
            anchor: 'y2',
            tickformat: '.0%',
            range: [0, 1],
            title: { text: 'top tokens', standoff: 4 },
          },
          yaxis2: { ...axis, anchor: 'x2', tickformat: '.0%', range: [0, 1.02] },
          shapes: [
            { type: 'line', xref: 'x2', yref: 'y2', x0: top, x1: top, y0: 0, y1: at, line },
            { type: 'line', xref: 'x2', yref: 'y2', x0: 0, x1: top, y0: at, y1: at, line },
            { type: 'line', xref: 'x2', yref: 'y2', x0: 0, x1: 1, y0: 0, y1: 1, line: { ...line, dash: 'dash' } },
          ],
        },
      };
    });
  }

  show(multiples: Float32Array, top: number): string {
    this.multiples = multiples;
    this.shares = cumulativeShare(multiples);
    this.top = top;
    const words = concentrationWords(this.shares, top);
    this.chart.describe(`Distribution of received attention. ${words}`);
    this.chart.draw();
    return words;
  }
}
