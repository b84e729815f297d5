/** 83.4 -> "1:23.4"; whole hours in front where there are any. */
export function clock(seconds: number, decimals = 1): string {
  const factor = 10 ** decimals;
  const rounded = Math.round(Math.max(0, seconds) * factor) / factor;
  const hours = Math.floor(rounded / 3600);
  const minutes = Math.floor((rounded % 3600) / 60);
  const rest = (rounded % 60).toFixed(decimals).padStart(decimals > 0 ? 3 + decimals : 2, '0');
  return hours > 0 ? `${String(hours)}:${String(minutes).padStart(2, '0')}:${rest}` : `${String(minutes)}:${rest}`;
}

/** 0.248 -> "24.8 %", without a useless ".0". */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1).replace(/\.0$/, '')}\u00a0%`;
}

export function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 100) return `${ms.toFixed(0)} ms`;
  return `${ms.toFixed(ms >= 10 ? 1 : 2)} ms`;
}

export function bytes(count: number): string {
  if (count >= 2 ** 30) return `${(count / 2 ** 30).toFixed(2)} GiB`;
  if (count >= 2 ** 20) return `${(count / 2 ** 20).toFixed(1)} MiB`;
  if (count >= 2 ** 10) return `${(count / 2 ** 10).toFixed(0)} KiB`;
  return `${String(count)} bytes`;
}

export function times(factor: number): string {
  return `${factor.toFixed(2)}×`;
}

export function grouped(count: number): string {
  return count.toLocaleString('en-US').replaceAll(',', '\u202f');
}

export function plural(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function hertz(frequency: number): string {
  return frequency >= 1000
    ? `${(frequency / 1000).toFixed(frequency % 1000 === 0 ? 0 : 1)} kHz`
    : `${frequency.toFixed(0)} Hz`;
}
