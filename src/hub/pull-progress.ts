import { durationWords, sizeWords } from '../report/numbers';

export interface PullProgress {
  /** The file that is being got. */
  readonly file: string;
  readonly received: number;
  readonly total: number;
  /** Over the last seconds; absent until there is something to measure. */
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number;
}

const spanMs = 10_000;
const tellMs = 200;

/** Counts what comes, over all files, and tells it a few times a second. */
export class PullMeter {
  private finished = 0;
  private current = 0;
  private file = '';
  private told = -Infinity;
  /** Of the last seconds, oldest first. */
  private samples: { readonly at: number; readonly received: number }[] = [];

  constructor(
    private readonly total: number,
    private readonly onProgress: (progress: PullProgress) => void,
  ) {}

  begin(file: string): void {
    this.finished += this.current;
    this.current = 0;
    this.file = file;
    // What was there already came at no rate.
    this.samples = [];
  }

  received(bytes: number): void {
    this.current = bytes;
    const now = performance.now();
    const received = this.finished + bytes;
    if (now - this.told < tellMs && received < this.total) {
      return;
    }
    this.told = now;
    this.samples = [...this.samples.filter(({ at }) => now - at < spanMs), { at: now, received }];
    this.onProgress({ file: this.file, received, total: this.total, ...this.rate() });
  }

  private rate(): Pick<PullProgress, 'bytesPerSecond' | 'secondsLeft'> {
    const first = this.samples[0]!;
    const last = this.samples.at(-1)!;
    const bytesPerSecond = ((last.received - first.received) / (last.at - first.at)) * 1000;
    return bytesPerSecond > 0 && Number.isFinite(bytesPerSecond)
      ? { bytesPerSecond, secondsLeft: (this.total - last.received) / bytesPerSecond }
      : {};
  }
}

/** `41 % of 174 MB, 3.1 MB/s, 33 s left: decoder.onnx` */
export function pullProgressWords({ file, received, total, bytesPerSecond, secondsLeft }: PullProgress): string {
  const parts = [
    `${String(Math.floor((100 * received) / Math.max(1, total)))} % of ${sizeWords(total)}`,
    bytesPerSecond !== undefined && `${sizeWords(bytesPerSecond)}/s`,
    secondsLeft !== undefined && received < total && `${durationWords(secondsLeft)} left`,
  ];
  return `${parts.filter((part) => part !== false).join(', ')}: ${file}`;
}
