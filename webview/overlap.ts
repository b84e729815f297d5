import type { Run } from '../src/protocol/run';
import { keptOfRun } from './clip-tokens';
import { Chart, axisStyle } from './chart';
import { settingsLabel } from './controls';
import { isBaseline } from './captions';
import { measuresOf } from './results';

/** Jaccard index of two sets of tokens: shared ones over all that either has. 1 where both are empty. */
export function jaccard(a: Uint16Array, b: Uint16Array): number {
  let both = 0;
  let either = 0;
  for (let token = 0; token < a.length; token++) {
    const inA = a[token]! > 0;
    const inB = b[token]! > 0;
    if (inA && inB) both += 1;
    if (inA || inB) either += 1;
  }
  return either === 0 ? 1 : both / either;
}

/** How much the runs' kept tokens have in common, pair by pair. */
export function overlapChart(runs: () => readonly Run[]): Chart {
  const description = 'Overlap of kept tokens: Jaccard index of each pair of runs';
  return new Chart(description, (palette, width) => {
    const pruned = runs().filter((run) => !isBaseline(run));
    if (pruned.length < 2) return undefined;
    const labels = pruned.map(({ settings }) => settingsLabel(settings));
    const total = Math.max(...pruned.map(({ tokens }) => tokens.valid));
    const kept = pruned.map((run) => keptOfRun(run, total).slotSizes);
    const z = kept.map((a) => kept.map((b) => jaccard(a, b)));
    const places = labels.map((_, i) => i);
    const left = Math.min(190, width * 0.36);
    const cell = Math.max(16, Math.min(34, (width - left - 20) / pruned.length));
    const axis = { ...axisStyle(palette), tickvals: places, ticktext: labels, showgrid: false, ticks: '' as const };
    return {
      height: cell * pruned.length + 120,
      traces: [
        {
          type: 'heatmap',
          z,
          x: places,
          y: places,
          zmin: 0,
          zmax: 1,
          colorscale: palette.attentionScale as never,
          showscale: false,
          xgap: 1,
          ygap: 1,
          customdata: places.map((row) => places.map((column) => `${labels[row]!}<br>${labels[column]!}`)) as never,
          hovertemplate: '%{customdata}<br>Jaccard %{z:.2f}<extra></extra>',
        },
      ],
      layout: {
        margin: { l: left, r: Math.max(10, width - left - cell * pruned.length), t: 4, b: 116 },
        xaxis: { ...axis, tickangle: 45 },
        yaxis: { ...axis, autorange: 'reversed' },
        annotations:
          cell < 26
            ? []
            : z.flatMap((row, y) =>
                row.map((value, x) => ({
                  x,
                  y,
                  text: value.toFixed(2),
                  showarrow: false,
                  font: { color: value > 0.45 ? palette.background : palette.foreground, size: palette.fontSize - 1 },
                })),
              ),
      },
    };
  });
}

/** Time against change of the caption: down and left is better. */
export function tradeoffChart(runs: () => readonly Run[]): Chart {
  return new Chart('Prefill time against word error rate of each run', (palette, width) => {
    const all = runs();
    if (all.length < 2) return undefined;
    const x = all.map(({ times }) => times.prefillMs);
    const y = all.map((run) => Math.min(2, measuresOf(run, all).wordErrorRate ?? 0));
    const text = all.map(({ settings }) => settingsLabel(settings));
    return {
      height: 280,
      traces: [
        {
          type: 'scatter',
          mode: 'markers',
          cliponaxis: false,
          x,
          y,
          text,
          marker: {
            size: 9,
            color: all.map((run) => (isBaseline(run) ? palette.foreground : palette.kept)),
            symbol: all.map((run) => (isBaseline(run) ? 'diamond' : 'circle')),
            line: { width: 1, color: palette.background },
          },
          hovertemplate: '%{text}<br>prefill %{x:.1f} ms, WER %{y:.0%}<extra></extra>',
        },
      ],
      layout: {
        width: Math.min(width, 560),
        margin: { l: 58, r: 10, t: 8, b: 42 },
        hovermode: 'closest',
        xaxis: { ...axisStyle(palette), title: { text: 'Prefill, ms' }, rangemode: 'tozero' },
        yaxis: {
          ...axisStyle(palette),
          title: { text: 'WER against all tokens' },
          tickformat: '.0%',
          rangemode: 'tozero',
        },
      },
    };
  });
}
