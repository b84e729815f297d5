/**
 * Slaney's scale is linear up to 1000 Hz (15 mel), with 27 mel for each factor of 6.4 above; HTK's is logarithmic
 * throughout.
 *
 * Sources: Slaney, Auditory Toolbox (1998), the scale of Whisper's filters; Young et al., The HTK Book.
 */
export type MelScale = 'slaney' | 'htk';

/** Frequencies in Hz where the triangular filters begin, are highest and end: [bins + 2]. */
export function melCorners(bins: number, lowest: number, highest: number, scale: MelScale): Float64Array {
  const { toMel, toHertz } = scales[scale];
  const start = toMel(lowest);
  const step = (toMel(highest) - start) / (bins + 1);
  return Float64Array.from({ length: bins + 2 }, (_, i) => toHertz(start + step * i));
}

interface Conversion {
  readonly toMel: (hertz: number) => number;
  readonly toHertz: (mel: number) => number;
}

const scales: Readonly<Record<MelScale, Conversion>> = {
  slaney: {
    toMel: (hertz) => (hertz < 1000 ? (3 * hertz) / 200 : 15 + (27 / Math.log(6.4)) * Math.log(hertz / 1000)),
    toHertz: (mel) => (mel < 15 ? (200 * mel) / 3 : 1000 * Math.exp((Math.log(6.4) / 27) * (mel - 15))),
  },
  htk: {
    toMel: (hertz) => 2595 * Math.log10(1 + hertz / 700),
    toHertz: (mel) => 700 * (10 ** (mel / 2595) - 1),
  },
};
