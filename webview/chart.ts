import type * as PlotlyTypes from 'plotly.js';
import { element } from './element';
import { onThemeChange, readPalette, type Palette } from './theme';

export interface Figure {
  readonly traces: Partial<PlotlyTypes.PlotData>[];
  readonly layout: Partial<PlotlyTypes.Layout>;
  readonly height: number;
  /** What a saved picture has beside: a legend, where the page has its own. */
  readonly picture?: Partial<PlotlyTypes.Layout>;
}

export interface Margins {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** One Plotly figure in the colours of the theme, drawn again when its place or the theme changes. */
export class Chart {
  readonly node: HTMLElement;
  readonly plot = element('div', { class: 'chart-plot', attributes: { 'aria-hidden': 'true' } });
  private plotly: typeof PlotlyTypes | undefined;
  private palette: Palette = readPalette();
  private pending = 0;
  private readonly stop: (() => void)[];
  private listening = false;

  /**
   * @param description what the figure says, for those who do not see it
   * @param figure makes the figure for a palette and a width; undefined while there is nothing to show
   */
  constructor(
    description: string,
    private readonly figure: (palette: Palette, width: number) => Figure | undefined,
    private readonly events: {
      readonly hover?: (point: PlotlyTypes.PlotDatum) => void;
      readonly leave?: () => void;
      readonly click?: (point: PlotlyTypes.PlotDatum) => void;
      readonly drawn?: () => void;
    } = {},
  ) {
    this.node = element('div', { class: 'chart', attributes: { 'role': 'img', 'aria-label': description } }, this.plot);
    const resized = new ResizeObserver(() => this.draw());
    resized.observe(this.node);
    this.stop = [
      () => resized.disconnect(),
      onThemeChange(() => {
        this.palette = readPalette();
        this.draw();
      }),
    ];
    void import('./plotly').then(({ Plotly }) => {
      this.plotly = Plotly;
      this.draw();
    });
  }

  describe(description: string): void {
    this.node.setAttribute('aria-label', description);
  }

  draw(): void {
    cancelAnimationFrame(this.pending);
    this.pending = requestAnimationFrame(() => {
      const width = this.node.clientWidth;
      const figure = width > 0 ? this.figure(this.palette, width) : undefined;
      if (!this.plotly || !figure) return;
      this.plot.style.height = `${String(figure.height)}px`;
      void this.plotly
        .react(
          this.plot,
          figure.traces,
          { ...common(this.palette), width, height: figure.height, ...figure.layout },
          { displayModeBar: false, doubleClick: 'reset', showTips: false },
        )
        .then(() => {
          // Whoever made it may have parted with it meanwhile.
          if (!this.node.isConnected) return;
          this.listen();
          this.events.drawn?.();
        });
    });
  }

  /** The figure as a picture, on the theme's background so that it stands on any slide; undefined without a figure. */
  async toPicture(format: PictureFormat): Promise<string | Uint8Array | undefined> {
    const width = Math.max(480, this.node.clientWidth);
    const figure = this.figure(this.palette, width);
    if (!this.plotly || !figure) return undefined;
    const layout = { ...common(this.palette), width, height: figure.height, ...figure.layout, ...figure.picture };
    return pictureOf(this.plotly, { data: figure.traces, layout }, this.palette, format);
  }

  dispose(): void {
    cancelAnimationFrame(this.pending);
    for (const stop of this.stop) stop();
    this.plotly?.purge(this.plot);
  }

  private listen(): void {
    if (this.listening) return;
    this.listening = true;
    const plot = this.plot as unknown as PlotlyTypes.PlotlyHTMLElement;
    const { hover, leave, click } = this.events;
    if (hover) plot.on('plotly_hover', ({ points }) => points[0] && hover(points[0]));
    if (click) plot.on('plotly_click', ({ points }) => points[0] && click(points[0]));
    if (leave) plot.on('plotly_unhover', leave);
  }
}

export type PictureFormat = 'png' | 'svg';

/** A Plotly figure as a file: SVG text, or PNG bytes at twice the size of the screen. */
export async function pictureOf(
  plotly: typeof PlotlyTypes,
  { data, layout }: { readonly data: PlotlyTypes.Data[]; readonly layout: Partial<PlotlyTypes.Layout> },
  palette: Palette,
  format: PictureFormat,
): Promise<string | Uint8Array> {
  const { width = 960, height = 480 } = layout;
  const address = await plotly.toImage(
    { data, layout: { ...layout, paper_bgcolor: palette.background } },
    { format, width, height, scale: format === 'png' ? 2 : 1 },
  );
  const content = address.slice(address.indexOf(',') + 1);
  return format === 'svg' ? decodeURIComponent(content) : Uint8Array.from(atob(content), (byte) => byte.charCodeAt(0));
}

function common(palette: Palette): Partial<PlotlyTypes.Layout> {
  return {
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: palette.font, size: palette.fontSize, color: palette.faint },
    hoverlabel: {
      bgcolor: palette.background,
      bordercolor: palette.boundary,
      font: { color: palette.foreground, family: palette.font, size: palette.fontSize + 1 },
    },
    showlegend: false,
    dragmode: false,
  };
}

export function axisStyle(palette: Palette): Partial<PlotlyTypes.LayoutAxis> {
  return { gridcolor: palette.grid, zeroline: false, fixedrange: true, automargin: false };
}
