/** The colours of the views, all of them VS Code's. */
export interface Palette {
  readonly background: string;
  readonly foreground: string;
  readonly faint: string;
  readonly grid: string;
  readonly waveform: string;
  readonly attention: string;
  readonly kept: string;
  readonly preview: string;
  readonly boundary: string;
  readonly font: string;
  readonly fontSize: number;
  /** 256 colours from quiet to loud: background to blue to foreground, so that luminance rises or falls steadily. */
  readonly soundScale: Uint8ClampedArray;
  /** The same for attention, in its own hue. */
  readonly attentionScale: readonly (readonly [number, string])[];
}

type Colour = readonly [number, number, number];

export function readPalette(): Palette {
  const style = getComputedStyle(document.body);
  const read = (name: string) => style.getPropertyValue(name).trim();
  const dark = parseColour(read('--vscode-editor-background') || 'Canvas');
  const colour = (name: string, fallback: string) => parseColour(read(name) || fallback, dark);
  const light = colour('--vscode-foreground', 'CanvasText');
  const blue = colour('--vscode-charts-blue', css(light));
  const orange = colour('--vscode-charts-orange', css(light));
  return {
    background: css(dark),
    foreground: css(light),
    faint: css(colour('--vscode-descriptionForeground', css(light))),
    grid: css(mix(dark, light, 0.14)),
    waveform: css(blue),
    attention: css(orange),
    kept: css(colour('--vscode-charts-green', css(light))),
    preview: css(colour('--vscode-charts-purple', css(light))),
    boundary: css(mix(dark, light, 0.4)),
    font: read('--vscode-font-family') || 'system-ui, sans-serif',
    fontSize: (Number.parseFloat(read('--vscode-font-size')) || 13) - 2,
    soundScale: ramp([dark, mix(dark, blue, 0.55), blue, mix(blue, light, 0.75), light]),
    attentionScale: [dark, mix(dark, orange, 0.6), orange, mix(orange, light, 0.8)].map(
      (stop, i, all) => [i / (all.length - 1), css(stop)] as const,
    ),
  };
}

/** `share` of a colour of the palette, the rest transparent. */
export function faded(colour: string, share: number): string {
  return colour.replace('rgb(', 'rgba(').replace(')', `, ${String(share)})`);
}

/** Calls back when VS Code's theme changes: it then rewrites the style of the document and the class of the body. */
export function onThemeChange(callback: () => void): () => void {
  let pending = 0;
  const changed = () => {
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(callback);
  };
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['style', 'class', 'data-vscode-theme-kind'] });
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    scheme.removeEventListener('change', changed);
  };
}

export function reducedMotion(): boolean {
  return (
    matchMedia('(prefers-reduced-motion: reduce)').matches || document.body.classList.contains('vscode-reduce-motion')
  );
}

/**
 * Any CSS colour as red, green and blue, by letting the browser paint it: themes use names, alpha and `color-mix`, and
 * Plotly understands none of the newer ones.
 */
function parseColour(colour: string, behind: Colour = [255, 255, 255]): Colour {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  for (const paint of [css(behind), colour]) {
    context.fillStyle = paint;
    context.fillRect(0, 0, 1, 1);
  }
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return [red!, green!, blue!];
}

function mix(from: Colour, to: Colour, share: number): Colour {
  return [0, 1, 2].map((i) => from[i]! + (to[i]! - from[i]!) * share) as unknown as Colour;
}

function css(colour: Colour): string {
  return `rgb(${colour.map((part) => Math.round(part)).join(', ')})`;
}

/** [256 * 4], red, green, blue, alpha. */
function ramp(stops: readonly Colour[]): Uint8ClampedArray {
  const scale = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i++) {
    const position = (i / 255) * (stops.length - 1);
    const at = Math.min(Math.floor(position), stops.length - 2);
    scale.set([...mix(stops[at]!, stops[at + 1]!, position - at), 255], i * 4);
  }
  return scale;
}
