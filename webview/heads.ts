import type { Analysis } from '../src/protocol/run';
import { axisStyle, Chart } from './chart';
import type { ClipTokens } from './clip-tokens';
import type { HeadReduce } from '../src/pruning/selection';

/** More columns than this show the highest of several tokens. */
const mostColumns = 1200;

export interface HeadsState {
  readonly analysis: Analysis;
  readonly tokens: ClipTokens;
  readonly headReduce: HeadReduce;
}

/** Attention received by each token from each head, as multiples of the head's mean. [heads][columns] */
export function headRows(
  analysis: Analysis,
  total: number,
): { readonly rows: number[][]; readonly firstTokens: number[] } {
  const columns = Math.min(mostColumns, total);
  const firstTokens = Array.from({ length: columns }, (_, column) => Math.floor((column * total) / columns));
  const heads = analysis.windows[0]?.heads ?? 0;
  const rows = Array.from({ length: heads }, () => new Array<number>(columns).fill(0));
  for (const { receivedPerHead, firstToken, tokens } of analysis.windows) {
    for (let head = 0; head < heads; head++) {
      const scores = receivedPerHead.subarray(head * tokens.valid, (head + 1) * tokens.valid);
      const mean = scores.reduce((sum, score) => sum + score, 0) / tokens.valid;
      const row = rows[head]!;
      for (let token = 0; token < scores.length; token++) {
        const column = Math.floor(((firstToken + token + 1) * columns - 1) / total);
        const value = mean > 0 ? scores[token]! / mean : 0;
        if (value > row[column]!) row[column] = value;
      }
    }
  }
  return { rows, firstTokens };
}

export class Heads {
  private state: HeadsState | undefined;
  private rows: ReturnType<typeof headRows> | undefined;
  readonly chart: Chart;
  readonly margin = { left: 64, right: 8, top: 4, bottom: 30 };

  constructor(point: (token: number | null) => void, choose: (head: number) => void, drawn: () => void) {
    this.chart = new Chart(
      'Attention that each token receives from each head. The table beside it has the same by token.',
      (palette, width) => {
        const { state, rows } = this;
        if (!state || !rows) return undefined;
        const heads = rows.rows.length;
        const { headReduce } = state;
        // A few bright tokens must not leave the rest black.
        const sorted = rows.rows.flat().sort((a, b) => a - b);
        return {
          height: this.height,
          traces: [
            {
              type: 'heatmap',
              z: rows.rows,
              x: rows.firstTokens,
              y: Array.from({ length: heads }, (_, head) => head),
              zmin: 0,
              zmax: sorted[Math.floor(sorted.length * 0.99)] ?? 1,
              colorscale: palette.attentionScale as never,
              showscale: false,
              hovertemplate: 'Token %{x}, head %{y}: %{z:.2f}× its average<extra></extra>',
            },
          ],
          layout: {
            width,
            margin: { l: this.margin.left, r: this.margin.right, t: this.margin.top, b: this.margin.bottom },
            hovermode: 'closest',
            xaxis: {
              ...axisStyle(palette),
              range: [-0.5, state.tokens.total - 0.5],
              title: { text: 'Token', standoff: 4 },
              showgrid: false,
            },
            yaxis: {
              ...axisStyle(palette),
              range: [heads - 0.5, -0.5],
              tickvals: Array.from({ length: heads }, (_, head) => head),
              ticktext: Array.from({ length: heads }, (_, head) =>
                head === headReduce ? `▸ Head ${String(head)}` : `Head ${String(head)}`,
              ),
              showgrid: false,
            },
            shapes: state.analysis.windows.slice(1, 120).map(({ firstToken }) => ({
              type: 'line' as const,
              x0: firstToken - 0.5,
              x1: firstToken - 0.5,
              yref: 'paper' as const,
              y0: 0,
              y1: 1,
              line: { color: palette.foreground, width: 1 },
            })),
          },
        };
      },
      {
        hover: ({ x }) => point(Number(x)),
        leave: () => point(null),
        click: ({ y }) => choose(Number(y)),
        drawn,
      },
    );
  }

  get height(): number {
    const heads = this.rows?.rows.length ?? 0;
    return this.margin.top + this.margin.bottom + Math.max(90, Math.min(400, heads * 20));
  }

  show(state: HeadsState): void {
    if (state.analysis !== this.state?.analysis) this.rows = headRows(state.analysis, state.tokens.total);
    this.state = state;
    this.chart.draw();
  }
}
