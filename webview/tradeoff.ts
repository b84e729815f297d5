import type * as PlotlyTypes from 'plotly.js';
import type { Run } from '../src/protocol/run';
import { paretoFront } from '../src/metrics/pareto';
import { isBaseline } from './captions';
import { isWhole } from './cells';
import { axisStyle, Chart } from './chart';
import { stripLabel } from './controls';
import { measuresOf } from './results';
import { labelPoints } from './point-labels';
import type { Palette } from './theme';

interface Point {
  readonly run: Run;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly front: boolean;
}

/** Runs by prefill time and by how many of the unpruned caption's words they keep: 1 - WER, at least 0. */
export function tradeoffPoints(runs: readonly Run[]): Point[] {
  const measured = runs.filter(isWhole).flatMap((run) => {
    const { wordErrorRate } = measuresOf(run, runs);
    return wordErrorRate === undefined ? [] : [{ run, x: run.times.prefillMs, y: Math.max(0, 1 - wordErrorRate) }];
  });
  const front = new Set(paretoFront(measured.map(({ x, y }) => ({ cost: x, value: y }))));
  return measured.map((point, i) => ({ ...point, label: stripLabel(point.run.settings), front: front.has(i) }));
}

const height = 340;
const margin = { l: 58, r: 16, t: 34, b: 42 };

export const tradeoffNote =
  'Up and left is better. On the Pareto front no other run is faster and agrees at least as much.';

/** Time against agreement with the unpruned caption: up and left is better. */
export function tradeoffChart(runs: () => readonly Run[]): Chart {
  const chart: Chart = new Chart('Prefill time against agreement with the unpruned caption', (palette, width) => {
    const points = tradeoffPoints(runs());
    if (points.length < 2) return undefined;
    const front = points.filter((point) => point.front).sort((a, b) => a.x - b.x || a.y - b.y);
    chart.describe(
      `Prefill time against agreement with the unpruned caption. On the Pareto front: ${front.map(({ label }) => label).join(', ')}.`,
    );
    const baseline = points.filter(({ run }) => isBaseline(run));
    const beaten = points.filter((point) => !point.front && !isBaseline(point.run));
    const most = Math.max(...points.map(({ x }) => x)) * 1.12;
    return {
      height,
      traces: [
        {
          ...marks('Pareto front', front, palette),
          mode: 'lines+markers',
          line: { color: palette.kept, width: 2, shape: 'hv' },
          marker: { symbol: 'diamond', size: 11, color: palette.kept, line: { width: 1, color: palette.background } },
        },
        {
          ...marks('Other runs', beaten, palette),
          marker: { symbol: 'circle-open', size: 9, color: palette.waveform, line: { width: 2 } },
        },
        {
          ...marks('All tokens', baseline, palette),
          marker: { symbol: 'square-open', size: 16, color: palette.foreground, line: { width: 2 } },
        },
      ],
      layout: {
        margin,
        hovermode: 'closest',
        showlegend: true,
        legend: { orientation: 'h', x: 0, y: 1.02, yanchor: 'bottom', font: { color: palette.foreground } },
        xaxis: { ...axisStyle(palette), title: { text: 'Prefill, ms' }, range: [0, most] },
        yaxis: {
          ...axisStyle(palette),
          title: { text: 'Agreement (1 − WER)' },
          tickformat: '.0%',
          range: [-0.06, 1.14],
        },
        annotations: labelPoints(points, palette, {
          width: width - margin.l - margin.r,
          height: height - margin.t - margin.b,
          x: [0, most],
          y: [-0.06, 1.14],
        }),
      },
    };
  });
  return chart;
}

function marks(name: string, points: readonly Point[], palette: Palette): Partial<PlotlyTypes.PlotData> {
  return {
    type: 'scatter',
    mode: 'markers',
    cliponaxis: false,
    name,
    x: points.map(({ x }) => x),
    y: points.map(({ y }) => y),
    text: points.map(({ label }) => label),
    textfont: { color: palette.foreground },
    hovertemplate: '%{text}<br>prefill %{x:.1f} ms, agreement %{y:.0%}<extra></extra>',
  };
}
