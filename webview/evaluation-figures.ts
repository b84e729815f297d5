import type * as PlotlyTypes from 'plotly.js';
import { paretoFront } from '../src/metrics/pareto';
import type { Estimate, MetricInfo, SettingSummary } from '../src/protocol/evaluation-summary';
import type { ResultsOverview } from '../src/protocol/results';
import { axisStyle, Chart, type Figure } from './chart';
import { axisWords, intervalText, metricText } from './metric-words';
import { labelPoints } from './point-labels';
import { ratiosOf, seriesOf, type Series } from './series';
import { lookOf, plotText } from './series-look';
import { faded, type Palette } from './theme';
import { percent } from './words-for-numbers';

/** What figures are asked to show. */
export interface FigureChoice {
  readonly quality: MetricInfo;
  readonly cost: MetricInfo;
  readonly isShown: (series: Series) => boolean;
  readonly strength: (series: Series) => number;
}

interface Point {
  readonly series: Series;
  readonly setting: SettingSummary;
  readonly label: string;
  readonly quality: Estimate;
  readonly cost?: Estimate | undefined;
}

function pointsOf(summary: ResultsOverview, series: Series, { quality, cost }: FigureChoice): Point[] {
  return series.settings.flatMap((place) => {
    const setting = summary.settings[place]!;
    const estimate = setting.values[quality.name];
    if (!estimate) return [];
    const label = series.baseline ? series.label : `${series.label} ${percent(setting.keepRatio)}`;
    return [{ series, setting, label, quality: estimate, cost: setting.values[cost.name] }];
  });
}

const height = 400;
const margin = { l: 64, r: 18, t: 14, b: 46 };

/** Quality against keep ratio, a line a strategy, with 95 % intervals; the unpruned run is a band across. */
export function ratioChart(summary: ResultsOverview, choice: () => FigureChoice): Chart {
  const chart: Chart = new Chart('Quality against keep ratio', (palette) => {
    const chosen = choice();
    const { quality } = chosen;
    const shown = seriesOf(summary).filter((series) => !series.baseline && chosen.isShown(series));
    const lines = shown.map((series) => ({ series, points: pointsOf(summary, series, chosen) }));
    const all = lines.flatMap(({ points }) => points);
    const unpruned =
      summary.baseline === undefined ? undefined : summary.settings[summary.baseline]!.values[quality.name];
    if (all.length === 0 && !unpruned) return undefined;
    const ratios = ratiosOf(summary);
    const most = Math.max(...ratios, 0.1) * 1.1;
    chart.describe(ratioWords(quality, lines, unpruned));
    return {
      height,
      traces: [
        ...(unpruned ? band(unpruned, most, palette, quality) : []),
        ...lines.flatMap(({ series, points }, i) =>
          points.length === 0 ? [] : [ratioLine(series, points, dodge(i, lines.length, most), chosen, palette)],
        ),
      ],
      layout: {
        margin,
        hovermode: 'closest',
        xaxis: {
          ...axisStyle(palette),
          title: { text: 'Keep ratio', standoff: 8 },
          range: [0, most],
          tickvals: ratios,
          ticktext: ratios.map(percent),
        },
        yaxis: { ...axisStyle(palette), title: { text: plotText(axisWords(quality)), standoff: 6 }, automargin: true },
      },
      picture: pictureLegend(palette),
    };
  });
  return chart;
}

/** A little to the side, so that intervals at one ratio do not cover one another. */
function dodge(i: number, count: number, most: number): number {
  return count > 1 ? (i / (count - 1) - 0.5) * Math.min(0.05, count * 0.006) * most : 0;
}

function ratioLine(
  series: Series,
  points: readonly Point[],
  shift: number,
  { quality, strength }: FigureChoice,
  palette: Palette,
): Partial<PlotlyTypes.PlotData> {
  const { colour, symbol, dash } = lookOf(series.look, palette);
  return {
    type: 'scatter',
    mode: 'lines+markers',
    name: plotText(series.label),
    x: points.map(({ setting }) => setting.keepRatio + shift),
    y: points.map((point) => point.quality.value),
    error_y: errorBars(
      points.map((point) => point.quality),
      colour,
    ),
    text: points.map((point) => hoverText(point, quality)),
    hovertemplate: '%{text}<extra></extra>',
    opacity: strength(series),
    line: { color: colour, width: 2, dash },
    marker: { color: colour, size: 8, symbol },
  };
}

function band(
  unpruned: Estimate,
  most: number,
  palette: Palette,
  quality: MetricInfo,
): Partial<PlotlyTypes.PlotData>[] {
  const { value, low, high } = unpruned;
  return [
    {
      type: 'scatter',
      mode: 'lines',
      x: [0, most, most, 0],
      y: [low, low, high, high],
      fill: 'toself',
      fillcolor: faded(palette.foreground, 0.1),
      line: { width: 0 },
      hoverinfo: 'skip',
      showlegend: false,
    },
    {
      type: 'scatter',
      mode: 'lines',
      name: 'All tokens',
      x: [0, most],
      y: [value, value],
      line: { color: palette.foreground, width: 1.5, dash: 'longdash' },
      hovertemplate: `All tokens: ${plotText(metricText(quality, value))}<extra></extra>`,
    },
  ];
}

/** What a cost is worth: `better` says which way is up. */
const worth = ({ better }: MetricInfo, value: number): number => (better === 'higher' ? value : -value);

/** The settings that no other one beats in both quality and cost. */
export function frontOf(points: readonly Point[], { quality, cost }: FigureChoice): ReadonlySet<Point> {
  const measured = points.filter((point) => point.cost !== undefined);
  const front = paretoFront(
    measured.map((point) => ({ cost: -worth(cost, point.cost!.value), value: worth(quality, point.quality.value) })),
  );
  return new Set(front.map((i) => measured[i]!));
}

/** Quality against a cost, a point a setting, with the Pareto front. */
export function costChart(summary: ResultsOverview, choice: () => FigureChoice): Chart {
  const chart: Chart = new Chart('Quality against cost', (palette, width) => {
    const chosen = choice();
    const shown = seriesOf(summary).filter((series) => series.baseline || chosen.isShown(series));
    const points = shown
      .flatMap((series) => pointsOf(summary, series, chosen))
      .filter((point) => point.cost !== undefined);
    if (points.length === 0) return undefined;
    const front = frontOf(points, chosen);
    chart.describe(
      `${chosen.quality.label} against ${axisWords(chosen.cost)}. On the Pareto front: ${[...front].map(({ label }) => label).join(', ')}.`,
    );
    return costFigure(points, front, chosen, palette, width);
  });
  return chart;
}

function costFigure(
  points: readonly Point[],
  front: ReadonlySet<Point>,
  choice: FigureChoice,
  palette: Palette,
  width: number,
): Figure {
  const { quality, cost } = choice;
  const x = paddedRange(points.map((point) => point.cost!));
  const y = paddedRange(points.map((point) => point.quality));
  const shown = [...new Set(points.map(({ series }) => series))];
  const labelled = points.map((point) => ({
    label: plotText(point.label),
    x: point.cost!.value,
    y: point.quality.value,
    front: front.has(point),
  }));
  return {
    height,
    traces: [
      frontLine(
        [...front].sort((a, b) => a.cost!.value - b.cost!.value),
        palette,
      ),
      ...shown.map((series) =>
        costMarks(
          series,
          points.filter((point) => point.series === series),
          choice,
          palette,
        ),
      ),
    ],
    layout: {
      margin,
      hovermode: 'closest',
      xaxis: { ...axisStyle(palette), title: { text: plotText(axisWords(cost)), standoff: 8 }, range: [...x] },
      yaxis: { ...axisStyle(palette), title: { text: plotText(axisWords(quality)), standoff: 6 }, range: [...y] },
      annotations: labelPoints(
        // Those that are beaten are told by hovering: their names would cover the front's.
        labelled.filter((point) => point.front),
        palette,
        { width: width - margin.l - margin.r, height: height - margin.t - margin.b, x, y },
      ),
    },
    picture: pictureLegend(palette),
  };
}

function costMarks(
  series: Series,
  points: readonly Point[],
  { quality, cost, strength }: FigureChoice,
  palette: Palette,
): Partial<PlotlyTypes.PlotData> {
  const look = series.baseline
    ? ({ colour: palette.foreground, symbol: 'square-open' } as const)
    : lookOf(series.look, palette);
  return {
    type: 'scatter',
    mode: 'markers',
    name: plotText(series.label),
    x: points.map((point) => point.cost!.value),
    y: points.map((point) => point.quality.value),
    error_x: errorBars(
      points.map((point) => point.cost!),
      faded(look.colour, 0.45),
    ),
    error_y: errorBars(
      points.map((point) => point.quality),
      faded(look.colour, 0.45),
    ),
    text: points.map(
      (point) =>
        `${hoverText(point, quality)}<br>${plotText(`${cost.label} ${metricText(cost, point.cost!.value)} (${intervalText(cost, point.cost!)})`)}`,
    ),
    hovertemplate: '%{text}<extra></extra>',
    opacity: strength(series),
    marker: {
      color: look.colour,
      symbol: look.symbol,
      size: series.baseline ? 14 : 10,
      line: { width: series.baseline ? 2 : 1, color: series.baseline ? look.colour : palette.background },
    },
  };
}

function frontLine(front: readonly Point[], palette: Palette): Partial<PlotlyTypes.PlotData> {
  return {
    type: 'scatter',
    mode: 'lines',
    name: 'Pareto front',
    x: front.map((point) => point.cost!.value),
    y: front.map((point) => point.quality.value),
    line: { color: palette.boundary, width: 2, dash: 'dot' },
    hoverinfo: 'skip',
  };
}

function errorBars(estimates: readonly Estimate[], color: string): PlotlyTypes.ErrorBar {
  return {
    type: 'data',
    symmetric: false,
    array: estimates.map(({ value, high }) => high - value),
    arrayminus: estimates.map(({ value, low }) => value - low),
    color,
    thickness: 1.2,
    width: 3,
  };
}

/** The intervals with some room around, for labels. */
function paddedRange(estimates: readonly Estimate[]): readonly [number, number] {
  const low = Math.min(...estimates.map((estimate) => estimate.low));
  const high = Math.max(...estimates.map((estimate) => estimate.high));
  const room = (high - low || Math.abs(high) || 1) * 0.1;
  return [low - room, high + room];
}

function hoverText({ label, setting, quality }: Point, metric: MetricInfo): string {
  return plotText(
    `${label}: ${metric.label} ${metricText(metric, quality.value)} (${intervalText(metric, quality)}), kept ${percent(setting.keptShare)}`,
  );
}

function ratioWords(
  metric: MetricInfo,
  lines: readonly { readonly series: Series; readonly points: readonly Point[] }[],
  unpruned: Estimate | undefined,
): string {
  const parts = lines.map(
    ({ series, points }) =>
      `${series.label}: ${points.map(({ setting, quality }) => `${metricText(metric, quality.value)} at ${percent(setting.keepRatio)}`).join(', ')}`,
  );
  const all = unpruned ? [`All tokens: ${metricText(metric, unpruned.value)}`] : [];
  return `${metric.label} against keep ratio. ${[...all, ...parts].join('; ')}.`;
}

/** On the page the legend is a row of switches; a picture brings its own. */
function pictureLegend(palette: Palette): Partial<PlotlyTypes.Layout> {
  return {
    showlegend: true,
    legend: { orientation: 'h', x: 0, y: -0.16, yanchor: 'top', font: { color: palette.foreground } },
    margin: { ...margin, b: 130 },
    height: height + 84,
  };
}
