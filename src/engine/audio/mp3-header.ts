/** What the four bytes at the head of an MPEG audio frame say. */
export interface Mp3Header {
  readonly layer: 1 | 2 | 3;
  readonly sampleRate: number;
  readonly channels: number;
  /** Bytes of the frame, with its header. */
  readonly bytes: number;
  /** Samples per channel. */
  readonly samples: number;
  /** Bytes from the frame's beginning to where a Xing or Info tag would be. */
  readonly tagOffset: number;
}

// Kilobits a second by index, MPEG 1 and the lower sampling frequencies, layers 1 to 3. ISO 11172-3, 2.4.2.3; 13818-3.
const bitrates = {
  1: [
    [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  ],
  2: [
    [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  ],
} as const;

/** Reads a frame header at `at`; undefined where there is none, or one of free bit rate. */
export function mp3Header(bytes: Uint8Array, at: number): Mp3Header | undefined {
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes.subarray(at, at + 4);
  const version = (second >> 3) & 3;
  const layer = 4 - ((second >> 1) & 3);
  const rateIndex = (third >> 2) & 3;
  if (first !== 0xff || second < 0xe0 || version === 1 || layer === 4 || rateIndex === 3) {
    return undefined;
  }
  const lowFrequency = version !== 3;
  const bitrate = bitrates[lowFrequency ? 2 : 1][layer - 1]?.[(third >> 4) - 1];
  if (bitrate === undefined) {
    return undefined;
  }
  const sampleRate = [44_100, 48_000, 32_000][rateIndex]! / (version === 3 ? 1 : version === 2 ? 2 : 4);
  const padding = (third >> 1) & 1;
  const samples = layer === 1 ? 384 : layer === 3 && lowFrequency ? 576 : 1152;
  const slot = layer === 1 ? 4 : 1;
  const mono = fourth >> 6 === 3;
  return {
    layer: layer as 1 | 2 | 3,
    sampleRate,
    channels: mono ? 1 : 2,
    bytes: (Math.floor(((samples / 8) * bitrate * 1000) / sampleRate / slot) + padding) * slot,
    samples,
    tagOffset: 4 + (lowFrequency ? (mono ? 9 : 17) : mono ? 17 : 32),
  };
}
