import type { MelPicture, WindowAnalysis } from '../src/protocol/run';

/**
 * The spectrogram between two times as a PNG, at most `columns` wide: its cost depends on the width of the view, not on
 * the length of the clip. Plotly places it as an image on the axes, because its heat map colours every cell in
 * JavaScript again at each zoom.
 */
export function spectrogramImage(
  windows: readonly WindowAnalysis[],
  startSeconds: number,
  endSeconds: number,
  columns: number,
  scale: Uint8ClampedArray,
): string | undefined {
  const bins = windows[0]?.mel.bins;
  if (bins === undefined) return undefined;
  const colours = new Uint32Array(scale.buffer);
  const picture = new ImageData(columns, bins);
  const pixels = new Uint32Array(picture.data.buffer);
  const secondsPerColumn = (endSeconds - startSeconds) / columns;
  for (const window of windows) {
    const first = Math.max(0, Math.floor((window.startSeconds - startSeconds) / secondsPerColumn));
    const last = Math.min(columns, Math.ceil((window.endSeconds - startSeconds) / secondsPerColumn));
    for (let column = first; column < last; column++) {
      const from = startSeconds + column * secondsPerColumn - window.startSeconds;
      paintColumn(window.mel, from, from + secondsPerColumn, pixels, column, columns, colours);
    }
  }
  const canvas = document.createElement('canvas');
  canvas.width = columns;
  canvas.height = bins;
  canvas.getContext('2d')!.putImageData(picture, 0, 0);
  return canvas.toDataURL('image/png');
}

/** One column of pixels: the loudest of at most four frames that fall into it, so that short sounds do not vanish. */
function paintColumn(
  { values, bins, frames, secondsPerFrame }: MelPicture,
  fromSeconds: number,
  toSeconds: number,
  pixels: Uint32Array,
  column: number,
  columns: number,
  colours: Uint32Array,
): void {
  const first = Math.min(frames - 1, Math.max(0, Math.floor(fromSeconds / secondsPerFrame)));
  const last = Math.min(frames, Math.max(first + 1, Math.floor(toSeconds / secondsPerFrame)));
  const step = Math.max(1, Math.floor((last - first) / 4));
  for (let bin = 0; bin < bins; bin++) {
    let loudest = 0;
    for (let frame = first; frame < last; frame += step) {
      loudest = Math.max(loudest, values[bin * frames + frame]!);
    }
    pixels[(bins - 1 - bin) * columns + column] = colours[loudest]!;
  }
}

/** Bins nearest to round frequencies, for the axis. */
export function frequencyTicks(frequencies: Float32Array): { readonly bins: number[]; readonly hertz: number[] } {
  const hertz = [250, 1000, 2000, 4000, 8000].filter((frequency) => frequency <= (frequencies.at(-1) ?? 0) * 1.02);
  const bins = hertz.map((frequency) => {
    const above = frequencies.findIndex((centre) => centre >= frequency);
    if (above <= 0) return above === 0 ? 0 : frequencies.length - 1;
    const low = frequencies[above - 1]!;
    return above - 1 + (frequency - low) / (frequencies[above]! - low);
  });
  return { bins, hertz };
}
