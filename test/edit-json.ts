import { readFileSync, writeFileSync } from 'node:fs';

/** Rewrites a JSON file. */
export function editJson(file: string, change: (json: Record<string, unknown>) => object): void {
  const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify(change(json)));
}
