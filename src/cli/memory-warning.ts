import { freeMemory } from '../engine/model/needs';
import { sizeWords } from '../report/numbers';

/** Says that a model does not fit. Nothing is loaded in this process, so what is free now is what it would find. */
export function warnOfMemory(name: string, needed = 0): void {
  const free = freeMemory();
  if (needed > free) {
    process.stderr.write(
      `earmark: ${name} does not fit: it needs about ${sizeWords(needed)} of memory, and ${sizeWords(free)} are free.\n`,
    );
  }
}
