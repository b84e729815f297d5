import { describe, expect, it } from 'vitest';
import { melFrequencies, melPicture } from '../../src/engine/features/mel-picture';

describe('mel frequencies', () => {
  // transformers.audio_utils.hertz_to_mel and mel_to_hertz with mel_scale="slaney", 0 to 8000 Hz.
  const reference = {
    80: { 0: 37.2392, 1: 74.4784, 20: 782.0234, 40: 1721.6522, 60: 3711.2286, 79: 7698.5932 },
    128: { 0: 23.3828, 1: 46.7655, 20: 491.038, 40: 958.6932, 60: 1552.2153, 127: 7809.3946 },
  };

  it.each(Object.entries(reference))('of %s bins are those of transformers', (bins, values) => {
    const frequencies = melFrequencies(Number(bins), 0, 8000);
    expect(frequencies).toHaveLength(Number(bins));
    Object.entries(values).forEach(([bin, hertz]) => {
      expect(frequencies[Number(bin)]).toBeCloseTo(hertz, 2);
    });
  });
});

describe('a mel picture', () => {
  it('spans the values it shows', () => {
    const picture = melPicture(Float32Array.of(-1, 0, 0.5, 1), 2, 2, 0.01);
    expect([...picture.values]).toEqual([0, 128, 191, 255]);
    expect([picture.low, picture.high]).toEqual([-1, 1]);
  });

  it('of silence is even', () => {
    expect([...melPicture(new Float32Array(4).fill(-0.7), 2, 2, 0.01).values]).toEqual([0, 0, 0, 0]);
  });
});
