import { fileProgressWords } from '../hub/file-meter';
import type { FileProgress } from '../protocol/file-progress';

/** Without a terminal a line stays, so there are few of them. */
const quietMs = 10_000;

/** How far a command is with its files, on one line of a terminal that is overwritten. */
export class ProgressLine {
  private shown = performance.now();
  private open = false;

  readonly show = (progress: FileProgress): void => {
    if (process.stderr.isTTY) {
      this.open = true;
      process.stderr.write(`\r\u001b[K${fileProgressWords(progress)}`);
    } else if (performance.now() - this.shown > quietMs) {
      this.shown = performance.now();
      process.stderr.write(`${fileProgressWords(progress)}\n`);
    }
  };

  say(text: string): void {
    this.end();
    process.stderr.write(`earmark: ${text}\n`);
  }

  end(): void {
    if (this.open) {
      this.open = false;
      process.stderr.write('\r\u001b[K');
    }
  }
}
