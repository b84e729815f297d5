import type * as PlotlyTypes from 'plotly.js';
import type { Run } from '../src/protocol/run';
import { paretoFront } from '../src/metrics/pareto';
import { isBaseline } from './captions';
import { isWhole } from './cells';
import { axisStyle, Chart } from './chart';
import { stripLabel } from './controls';
import { measuresOf } from './results';
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
        annotations: labelsFor(points, palette, width, most),
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

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Places to try for a label, in pixels from its point: above, below, right, left, then farther away. */
const places = [12, 26, 40, 54, 68].flatMap((away) => [
  { dx: 0, dy: -away },
  { dx: 0, dy: away },
  { dx: away, dy: -away / 2 },
  { dx: -away, dy: -away / 2 },
  { dx: away, dy: away / 2 },
  { dx: -away, dy: away / 2 },
]);

/** A label for each point that finds a place without covering another: the front first, hovering tells the rest. */
function labelsFor(
  points: readonly Point[],
  palette: Palette,
  width: number,
  most: number,
): Partial<PlotlyTypes.Annotations>[] {
  const inner = { width: width - margin.l - margin.r, height: height - margin.t - margin.b };
  const px = ({ x, y }: Point) => ({ x: (x / most) * inner.width, y: (1 - (y + 0.06) / 1.2) * inner.height });
  const taken: Box[] = points.map((point) => {
    const { x, y } = px(point);
    return { left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 };
  });
  const ordered = points.toSorted((a, b) => Number(b.front) - Number(a.front));
  return ordered.flatMap((point) => {
    const { x, y } = px(point);
    const half = { width: (point.label.length * palette.fontSize * 0.56) / 2, height: palette.fontSize * 0.65 };
    for (const { dx, dy } of places) {
      const shift = dx === 0 ? 0 : Math.sign(dx) * (Math.abs(dx) + half.width);
      const box = {
        left: x + shift - half.width,
        right: x + shift + half.width,
        top: y + dy - half.height,
        bottom: y + dy + half.height,
      };
      const inside = box.left >= 0 && box.right <= inner.width && box.top >= 0 && box.bottom <= inner.height;
      if (!inside || taken.some((other) => overlaps(box, other))) continue;
      taken.push(box);
      const far = Math.hypot(dx, dy) > 20;
      return [
        {
          x: point.x,
          y: point.y,
          ax: shift,
          ay: dy,
          text: point.label,
          showarrow: true,
          arrowhead: 0,
          arrowwidth: 1,
          arrowcolor: far ? palette.boundary : 'rgba(0,0,0,0)',
          standoff: 5,
          borderpad: 0,
          font: { color: point.front ? palette.foreground : palette.faint, size: palette.fontSize },
        },
      ];
    }
    return [];
  });
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
