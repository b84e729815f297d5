/** How far it is through files that are got or read. */
export interface FileProgress {
  /** The file that it is at. */
  readonly file: string;
  /** Bytes, of all files. */
  readonly done: number;
  readonly total: number;
  /** Over the last seconds; absent until there is something to measure. */
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number;
}
