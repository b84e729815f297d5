import { sourceTokens, type Selection } from './selection';

/** Every source token that goes on, of all windows, numbered through the clip. */
export function keptTokens({
  windows,
}: {
  readonly windows: readonly { readonly firstToken: number; readonly selection: Selection }[];
}): number[] {
  return windows.flatMap(({ firstToken, selection }) => sourceTokens(selection).map((token) => firstToken + token));
}
