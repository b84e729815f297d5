import type { Run } from '../src/protocol/run';
import { sourceTokens } from '../src/pruning/selection';
import { jaccardTable } from '../src/pruning/study/jaccard';
import { isBaseline } from './captions';
import { axisStyle, Chart } from './chart';
import { stripLabel } from './controls';

/** Kept tokens of a run, numbered through the clip. */
function keptTokens({ windows }: Run): number[] {
  return windows.flatMap(({ selection, firstToken }) => sourceTokens(selection).map((token) => firstToken + token));
}

export const overlapNote =
  'Shared tokens over those that either run keeps: 1 is the same set, 0 has nothing in common.';

/** How much the runs' kept tokens have in common, pair by pair. */
export function overlapChart(runs: () => readonly Run[]): Chart {
  const description = 'Overlap of kept tokens: Jaccard index of each pair of runs';
  let known: { readonly of: readonly Run[]; readonly table: number[][] } | undefined;
  // Drawing happens at each change of size and theme; the table changes only with the runs.
  const tableOf = (pruned: readonly Run[]) => {
    if (known?.of.length !== pruned.length || known.of.some((run, i) => run !== pruned[i])) {
      known = { of: pruned, table: jaccardTable(pruned.map(keptTokens)) };
    }
    return known.table;
  };
  return new Chart(description, (palette, width) => {
    const pruned = runs().filter((run) => !isBaseline(run));
    if (pruned.length < 2) return undefined;
    const ratios = new Set(pruned.map(({ settings }) => settings.keepRatio));
    const labels = pruned.map(({ settings }) =>
      ratios.size === 1 ? stripLabel(settings).replace(/ [\d.]+\u00a0%$/, '') : stripLabel(settings),
    );
    const z = tableOf(pruned);
    const places = labels.map((_, i) => i);
    const longest = Math.max(...labels.map(({ length }) => length)) * palette.fontSize * 0.58 + 12;
    const left = Math.min(longest, width * 0.4);
    const cell = Math.max(14, Math.min(60, (width - left - 20) / pruned.length));
    const bottom = Math.min(longest, 170) * 0.75 + 16;
    const axis = { ...axisStyle(palette), tickvals: places, ticktext: labels, showgrid: false, ticks: '' as const };
    return {
      height: cell * pruned.length + bottom + 4,
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
          customdata: places.map((row) => places.map((column) => `${labels[row]!}<br>${labels[column]!}`)),
          hovertemplate: '%{customdata}<br>Jaccard %{z:.2f}<extra></extra>',
        },
      ],
      layout: {
        margin: { l: left, r: Math.max(10, width - left - cell * pruned.length), t: 4, b: bottom },
        xaxis: { ...axis, tickangle: 40 },
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
