import type { AudioSource, ClipInfo, ClipProgress } from '../../protocol/clip';

/** A decoded sound as the engine holds it. */
export interface Clip extends ClipInfo {
  /** Mono, 16 kHz, the whole clip. */
  readonly samples: Float32Array;
}

export interface ReadClipOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ClipProgress) => void;
  /** Path of ffmpeg, or empty to look on PATH. */
  readonly ffmpeg: string;
}

/** Reads, hashes, decodes and resamples a sound. Throws `EarmarkError` with one of the `audio-*` codes. */
export declare function readClip(source: AudioSource, options: ReadClipOptions): Promise<Clip>;
