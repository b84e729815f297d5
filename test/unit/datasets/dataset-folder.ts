import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

const sample = join(import.meta.dirname, '../../../media/samples/conference-prompt.wav');

/** A folder for one test, removed after it. Sounds in it are copies of a real one. */
export class DatasetFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'earmark-dataset-'));

  constructor() {
    onTestFinished(() => rmSync(this.path, { recursive: true }));
  }

  /** @returns the file, absolute */
  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.place(name), content);
    return join(this.path, name);
  }

  sound(...names: readonly string[]): void {
    for (const name of names) {
      copyFileSync(sample, this.place(name));
    }
  }

  private place(name: string): string {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    return file;
  }
}
