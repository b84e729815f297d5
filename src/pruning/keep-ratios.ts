/** Keep ratios as a person types them. */
export interface KeepRatios {
  readonly ratios: readonly number[];
  /** What is wrong, a sentence for each value that was refused. */
  readonly problems: readonly string[];
}

/** "0.5, 25 %" -> [0.5, 0.25]; every value that is no keep ratio is refused in words. */
export function parseKeepRatios(text: string): KeepRatios {
  const parts = text
    .replace(/\s+%/g, '%')
    .split(/[\s,;]+/)
    .filter((part) => part !== '');
  if (parts.length === 0) return { ratios: [], problems: ['Give at least one keep ratio, such as 0.25.'] };
  const problems: string[] = [];
  const ratios: number[] = [];
  for (const part of parts) {
    const percent = part.endsWith('%');
    const number = Number(percent ? part.slice(0, -1) : part);
    // 29 % must be the number that 0.29 is.
    const ratio = percent ? Number((number / 100).toPrecision(12)) : number;
    if (part === '%' || Number.isNaN(number)) problems.push(`“${part}” is not a number.`);
    else if (ratio <= 0) problems.push(`${part} keeps nothing: a keep ratio is above 0.`);
    else if (ratio > 1) {
      const hint =
        !percent && number >= 2 && number <= 100 ? ` For ${part} % write ${String(number / 100)} or ${part}%.` : '';
      problems.push(`${part} is more than there is: a keep ratio is at most 1.${hint}`);
    } else ratios.push(ratio);
  }
  return { ratios: [...new Set(ratios)], problems };
}
