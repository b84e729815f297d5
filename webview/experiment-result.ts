import type * as PlotlyTypes from 'plotly.js';
import type { Column as ResultColumn, ExperimentResult, Figure as ResultFigure } from '../src/protocol/experiment';
import { toCsv } from '../src/report/csv';
import { axisStyle, Chart } from './chart';
import { element } from './element';
import { figureHead, type SavePicture } from './figure';
import { SortableTable, type Column } from './sortable-table';
import type { Palette } from './theme';
import { grouped, milliseconds } from './words-for-numbers';

type Row = ExperimentResult['rows'][number];

export interface ExperimentExports {
  savePicture: SavePicture;
  save(name: string, ending: string, content: string): void;
}

/** What an experiment found: its sentence, its figure and its table. */
export function experimentSection(
  result: ExperimentResult,
  exports?: ExperimentExports,
  chart = experimentChart(result),
): HTMLElement {
  const { name, title, summary } = result;
  const table = new SortableTable<Row>(title, result.columns.map(columnOf));
  table.show(result.rows);
  const textExport = (label: string, content: () => string) =>
    element('button', {
      class: 'small-button',
      text: label,
      title: `Save the table as ${label}`,
      attributes: { 'type': 'button', 'aria-label': `${label} of ${title}` },
      on: { click: () => exports?.save(name, label.toLowerCase(), content()) },
    });
  return element(
    'article',
    { class: 'experiment', attributes: { 'data-experiment': name } },
    figureHead(title, name, (format) => chart.toPicture(format), exports?.savePicture),
    element('p', { class: 'summary', text: summary }),
    chart.node,
    exports
      ? element(
          'div',
          { class: 'card-actions' },
          textExport('CSV', () => toCsv(result.columns.map(columnName), result.rows)),
          textExport('JSON', () => `${JSON.stringify(result, undefined, 2)}\n`),
        )
      : null,
    table.node,
  );
}

export function columnName({ name, unit }: ResultColumn): string {
  return unit === undefined ? name : `${name} (${unit})`;
}

function columnOf(column: ResultColumn, at: number): Column<Row> {
  return {
    label: column.name,
    description: columnName(column),
    numeric: column.name !== 'caption' && column.name !== 'variant',
    value: (row) => row[at],
    cell: (row) => cellText(row[at], column.unit),
  };
}

function cellText(value: number | string | undefined, unit: string | undefined): string {
  if (typeof value !== 'number') return value ?? '–';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : '∞';
  if (unit === 'ms') return milliseconds(value);
  if (unit !== undefined) return `${String(Math.round(value * 100) / 100)} ${unit}`;
  return Number.isInteger(value) ? grouped(value) : String(Math.round(value * 1000) / 1000);
}

const dashes = ['solid', 'dash', 'dot', 'dashdot'] as const;
const symbols = ['circle', 'diamond', 'square', 'triangle-up'] as const;
const patterns = ['', '/', '.', 'x'] as const;

/** Series differ in dash, marker and pattern, and not in colour alone. Whoever lets it go before the page disposes it. */
export function experimentChart({ title, summary, figure }: ExperimentResult): Chart {
  return new Chart(`${title}. ${summary}`, (palette) => ({
    height: 320,
    traces: figure.series.map((series, i) => traceOf(figure, series, i, palette)),
    layout: {
      margin: { l: 58, r: 16, t: 34, b: 46 },
      showlegend: true,
      hovermode: 'closest',
      legend: { orientation: 'h', x: 0, y: 1.02, yanchor: 'bottom', font: { color: palette.foreground } },
      barmode: 'group',
      xaxis: { ...axisStyle(palette), title: { text: figure.xLabel, standoff: 6 }, automargin: true },
      yaxis: { ...axisStyle(palette), title: { text: figure.yLabel }, rangemode: 'tozero' },
    },
  }));
}

function traceOf(
  { kind }: ResultFigure,
  { name, x, y }: ResultFigure['series'][number],
  i: number,
  palette: Palette,
): Partial<PlotlyTypes.PlotData> {
  const colours = [palette.waveform, palette.attention, palette.kept, palette.preview];
  const color = colours[i % colours.length]!;
  const common = { name, x: [...x], y: [...y], hovertemplate: `%{x}: %{y:.3f}<extra></extra>` };
  if (kind === 'bars') {
    return {
      ...common,
      type: 'bar',
      marker: {
        color,
        pattern: { shape: patterns[i % patterns.length]!, fgcolor: palette.background, bgcolor: color, size: 6 },
        line: { width: 1, color },
      },
    };
  }
  return {
    ...common,
    type: 'scatter',
    mode: 'lines+markers',
    cliponaxis: false,
    line: { color, width: 2, dash: dashes[i % dashes.length]! },
    marker: { color, size: 8, symbol: symbols[i % symbols.length]! },
  };
}
