import type { FileProgress } from '../protocol/file-progress';
import { durationWords, sizeWords } from '../report/numbers';

const spanMs = 10_000;
const tellMs = 200;

/** Counts the bytes of files that are got or read, over all files, and tells it a few times a second. */
export class FileMeter {
  private before = 0;
  private current = 0;
  private file = '';
  private told = -Infinity;
  /** Of the last seconds, oldest first. */
  private samples: { readonly at: number; readonly done: number }[] = [];

  constructor(
    private readonly total: number,
    private readonly onProgress: (progress: FileProgress) => void,
  ) {}

  begin(file: string): void {
    this.before += this.current;
    this.current = 0;
    this.file = file;
    // What it is at now is told at once.
    this.told = -Infinity;
    // What was there already came at no rate.
    this.samples = [];
  }

  /** @param bytes of the file that it is at, since its start */
  reached(bytes: number): void {
    this.current = bytes;
    const now = performance.now();
    const done = this.before + bytes;
    if (now - this.told < tellMs && done < this.total) {
      return;
    }
    this.told = now;
    this.samples = [...this.samples.filter(({ at }) => now - at < spanMs), { at: now, done }];
    this.onProgress({ file: this.file, done, total: this.total, ...this.rate() });
  }

  private rate(): Pick<FileProgress, 'bytesPerSecond' | 'secondsLeft'> {
    const first = this.samples[0]!;
    const last = this.samples.at(-1)!;
    const bytesPerSecond = ((last.done - first.done) / (last.at - first.at)) * 1000;
    return bytesPerSecond > 0 && Number.isFinite(bytesPerSecond)
      ? { bytesPerSecond, secondsLeft: (this.total - last.done) / bytesPerSecond }
      : {};
  }
}

/** `41 % of 174 MB, 3.1 MB/s, 33 s left: decoder.onnx` */
export function fileProgressWords({ file, done, total, bytesPerSecond, secondsLeft }: FileProgress): string {
  const parts = [
    `${String(Math.floor((100 * done) / Math.max(1, total)))} % of ${sizeWords(total)}`,
    bytesPerSecond !== undefined && `${sizeWords(bytesPerSecond)}/s`,
    secondsLeft !== undefined && done < total && `${durationWords(secondsLeft)} left`,
  ];
  return `${parts.filter((part) => part !== false).join(', ')}: ${file}`;
}
