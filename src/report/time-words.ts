import type { RunTimes } from '../protocol/model';
import { aboutWords } from './numbers';

/** How long a model takes, in a sentence; nothing where it is not known. */
export function timeSentence(times: RunTimes | undefined): string {
  if (!times) {
    return '';
  }
  const { encodeSeconds, all, quarter } = times;
  return (
    `A window of sound takes about ${aboutWords(encodeSeconds)} to encode, ${aboutWords(all.prefillSeconds)} to prefill ` +
    `(${aboutWords(quarter.prefillSeconds)} with a quarter of its tokens) and ${aboutWords(all.secondsPerToken)} for ` +
    `each token of the answer (${aboutWords(quarter.secondsPerToken)}).`
  );
}

/** The same for a line with little room: `about 1.3 s to the first word`. */
export function waitWords({ encodeSeconds, all }: RunTimes): string {
  return `about ${aboutWords(encodeSeconds + all.prefillSeconds)} to the first word`;
}
