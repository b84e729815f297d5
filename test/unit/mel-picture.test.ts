import { describe, expect, it } from 'vitest';
import { melFrequencies, melPicture } from '../../src/engine/features/mel-picture';

describe('mel frequencies', () => {
  // transformers.audio_utils.hertz_to_mel and mel_to_hertz with mel_scale="slaney" and "htk", 0 to 8000 Hz.
  const slaney = {
    80: { 0: 37.2392, 1: 74.4784, 20: 782.0234, 40: 1721.6522, 60: 3711.2286, 79: 7698.5932 },
    128: { 0: 23.3828, 1: 46.7655, 20: 491.038, 40: 958.6932, 60: 1552.2153, 127: 7809.3946 },
  };

  const htk = { 80: { 0: 22.1201, 1: 44.9391, 20: 645.3549, 40: 1806.4805, 60: 3969.7302, 79: 7733.5006 } };

  it.each([
    ...Object.entries(slaney).map(([bins, values]) => ['slaney', bins, values] as const),
    ...Object.entries(htk).map(([bins, values]) => ['htk', bins, values] as const),
  ])('on the scale %s, of %s bins, are those of transformers', (scale, bins, values) => {
    const frequencies = melFrequencies(Number(bins), 0, 8000, scale);
    expect(frequencies).toHaveLength(Number(bins));
    Object.entries(values).forEach(([bin, hertz]) => {
      expect(frequencies[Number(bin)]).toBeCloseTo(hertz, 2);
    });
  });
});

describe('a mel picture', () => {
  const shape = { bins: 2, frames: 2, secondsPerFrame: 0.01, melScale: 'slaney' } as const;

  it('spans the values it shows', () => {
    const picture = melPicture(Float32Array.of(-1, 0, 0.5, 1), shape);
    expect([...picture.values]).toEqual([0, 128, 191, 255]);
    expect([picture.low, picture.high]).toEqual([-1, 1]);
  });

  it('of silence is even', () => {
    expect([...melPicture(new Float32Array(4).fill(-0.7), shape).values]).toEqual([0, 0, 0, 0]);
  });
});
