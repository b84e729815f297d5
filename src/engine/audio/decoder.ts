/** A sound being decoded from its beginning to its end. */
export interface Decoder {
  /** Hz, of the samples that `read` returns. */
  readonly sampleRate: number;
  readonly channels: number;
  /** For people. */
  readonly codec: string;
  /** Samples per channel that the file says it has, where it says so. */
  readonly totalFrames?: number | undefined;
  /**
   * The next samples, interleaved, [frames * channels], valid until the next call; empty where a step made none;
   * undefined at the end. A step takes a few milliseconds. Throws `EarmarkError`.
   */
  read(): Float32Array | undefined | Promise<Float32Array | undefined>;
  /** What a person should know, asked for once at the end. */
  warnings(): string[];
  close?(): Promise<void>;
}
