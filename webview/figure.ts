import { pictureOf, type Chart, type PictureFormat } from './chart';
import { element } from './element';
import { readPalette } from './theme';
import type { Timeline } from './timeline';
import type * as PlotlyTypes from 'plotly.js';

/** A figure that can be saved: gives its picture, or undefined while there is none. */
export type Picture = (format: PictureFormat) => Promise<string | Uint8Array | undefined>;
export type SavePicture = (name: string, format: PictureFormat, picture: Picture) => void;

/** Heading and export buttons over a figure. */
export function figureHead(title: string, name: string, picture: Picture, save?: SavePicture): HTMLElement {
  const one = (format: PictureFormat) => {
    const label = format.toUpperCase();
    return element('button', {
      class: 'small-button',
      text: label,
      title: `Save this figure as ${label}`,
      attributes: { 'type': 'button', 'aria-label': `${label} of ${title}` },
      on: { click: () => save?.(name, format, picture) },
    });
  };
  return element(
    'div',
    { class: 'section-head' },
    element('h2', { text: title }),
    save ? element('span', { class: 'card-actions' }, one('png'), one('svg')) : null,
  );
}

/** @param note how to read it, in a sentence */
export function figure(title: string, name: string, note: string, chart: Chart, save?: SavePicture): HTMLElement {
  return element(
    'section',
    { class: 'figure' },
    figureHead(title, name, (format) => chart.toPicture(format), save),
    element('p', { class: 'hint', text: note }),
    chart.node,
  );
}

/** The timeline with its strips as it is shown. */
export async function timelinePicture(
  timeline: Timeline | undefined,
  format: PictureFormat,
): Promise<string | Uint8Array | undefined> {
  const plot = timeline?.node.querySelector<PlotlyTypes.PlotlyHTMLElement>('.timeline-plot');
  if (!plot?.data) return undefined;
  const { Plotly } = await import('./plotly');
  return pictureOf(Plotly, { data: plot.data, layout: plot.layout }, readPalette(), format);
}
