/** The colours of the views, all of them VS Code's. */
export interface Palette {
  readonly background: string;
  readonly foreground: string;
  readonly faint: string;
  readonly grid: string;
  readonly waveform: string;
  readonly attention: string;
  /** What the language model looks at. */
  readonly decoder: string;
  readonly kept: string;
  readonly preview: string;
  readonly boundary: string;
  /** Hues for lines of one figure, each legible on the background. */
  readonly series: readonly string[];
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
  // Themes give some of these half transparent, or too faint for a line.
  const line = (name: string) => legible(opaqueColour(read(name) || css(light)), dark, light);
  const orange = line('--vscode-charts-orange');
  return {
    background: css(dark),
    foreground: css(light),
    faint: css(colour('--vscode-descriptionForeground', css(light))),
    grid: css(mix(dark, light, 0.14)),
    waveform: css(blue),
    attention: css(orange),
    // The hue farthest from the scores' orange: both lines stand in one row.
    decoder: css(read('--vscode-terminal-ansiCyan') ? line('--vscode-terminal-ansiCyan') : blue),
    kept: css(colour('--vscode-charts-green', css(light))),
    preview: css(colour('--vscode-charts-purple', css(light))),
    boundary: css(mix(dark, light, 0.4)),
    series: ['blue', 'orange', 'green', 'purple', 'red', 'yellow'].map((hue) => css(line(`--vscode-charts-${hue}`))),
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

/** A colour without its transparency. */
function opaqueColour(colour: string): Colour {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return [red!, green!, blue!];
}

/** The colour, brought towards the foreground until it stands out from the background as WCAG asks of graphics: 3 to 1. */
function legible(colour: Colour, background: Colour, foreground: Colour): Colour {
  for (let share = 0; share < 1; share += 0.1) {
    const tried = mix(colour, foreground, share);
    if (contrast(tried, background) >= 3.2) return tried;
  }
  return foreground;
}

function contrast(a: Colour, b: Colour): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: Colour): number {
  const [red, green, blue] = colour.map((part) =>
    part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
  ) as unknown as Colour;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
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
