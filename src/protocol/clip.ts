/** Where the bytes of a sound come from: a path the engine can open, or bytes that the host read for it. */
export type AudioSource =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'bytes'; readonly name: string; readonly bytes: Uint8Array };

/**
 * The outline of a waveform: the lowest and highest sample of each of `columns` equal stretches of time.
 * Amplitudes are in [-1, 1] for well-formed audio and may exceed it for float files.
 */
export interface Peaks {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** [columns] */
  readonly min: Float32Array;
  /** [columns] */
  readonly max: Float32Array;
}

/** What is known of a sound once it is decoded. The samples themselves stay in the engine. */
export interface ClipInfo {
  /** SHA-256 of the file's bytes, lower-case hex: the key of every cache. */
  readonly clipId: string;
  readonly name: string;
  readonly durationSeconds: number;
  /** The file's own rate in Hz; the engine works at 16 kHz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** For people: "WAV, 16-bit", "MP3", "FLAC" … */
  readonly codec: string;
  readonly peaks: Peaks;
  /** Sentences for people about oddities that were survived: truncated, silent, not-a-number samples … */
  readonly warnings: readonly string[];
  readonly decodeMs: number;
}

/** Sent while a clip is being decoded, so that the waveform can be drawn before decoding ends. */
export interface ClipProgress {
  readonly decodedSeconds: number;
  /** Absent where the container does not say. */
  readonly durationSeconds?: number;
  readonly peaks: Peaks;
}
