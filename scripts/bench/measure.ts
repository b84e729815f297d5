/** Median of a list of numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Times several tasks in turns, so that whatever else the machine does falls on all of them alike. The first round
 * warms up and does not count. Every other round runs backwards, so that none always follows the same one.
 *
 * @returns milliseconds of each task in each counted round: [tasks][rounds]
 */
export async function inTurns(rounds: number, tasks: readonly (() => Promise<unknown>)[]): Promise<number[][]> {
  const times = tasks.map(() => [] as number[]);
  for (let round = 0; round <= rounds; round++) {
    const order = tasks.map((_, index) => index);
    for (const index of round % 2 === 0 ? order : order.reverse()) {
      const started = performance.now();
      await tasks[index]!();
      if (round > 0) {
        times[index]!.push(performance.now() - started);
      }
    }
  }
  return times;
}

/** A Markdown table. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
