import type { Run } from '../src/protocol/run';
import { wordErrorRate } from '../src/metrics/words';
import { strategyNamed } from '../src/pruning/registry';
import { baselineOf, isBaseline } from './captions';
import { isWhole } from './cells';
import { element, icon } from './element';
import { quotedSpeech } from '../src/metrics/quoted-speech';
import { pruningCosts } from './pruning-costs';
import { percent } from './words-for-numbers';

interface QuoteErrors {
  readonly keepRatio: number;
  readonly strategy: string;
  readonly rate: number;
}

/** Word errors of each pruned run's quotation against the unpruned one's; null where nothing is quoted. */
export function quoteErrors(runs: readonly Run[]): readonly QuoteErrors[] | null {
  const whole = runs.filter(isWhole);
  const found = whole
    .filter((run) => !isBaseline(run))
    .flatMap((run) => {
      const baseline = baselineOf(run, whole);
      const quote = baseline && quotedSpeech(baseline.caption);
      if (quote === undefined) return [];
      const rate = wordErrorRate(quote, quotedSpeech(run.caption, 1) ?? '');
      return [{ keepRatio: run.settings.keepRatio, strategy: strategyNamed(run.settings.strategy).label, rate }];
    });
  return found.length > 0 ? found : null;
}

/** What pruning did to the transcript, where the sound holds speech. */
export function speechNote(runs: readonly Run[]): HTMLElement | null {
  const errors = quoteErrors(runs);
  if (!errors) return null;
  const ratios = [...new Set(errors.map(({ keepRatio }) => keepRatio))].sort((a, b) => b - a);
  return element(
    'div',
    { class: 'note speech-note', attributes: { role: 'note' } },
    icon('comment'),
    element(
      'div',
      {},
      element('p', {
        text: `The unpruned caption quotes speech. ${pruningCosts} Word error rate of the quoted words against those of the unpruned run, measured here:`,
      }),
      element('ul', {}, ...ratios.map((ratio) => element('li', { text: words(errors, ratio) }))),
    ),
  );
}

function words(errors: readonly QuoteErrors[], ratio: number): string {
  const sorted = errors.filter(({ keepRatio }) => keepRatio === ratio).sort((a, b) => a.rate - b.rate);
  const [best, worst] = [sorted[0]!, sorted.at(-1)!];
  const lowest = `${percent(best.rate)} with ${best.strategy}`;
  const range = best.rate === worst.rate ? lowest : `from ${lowest} to ${percent(worst.rate)} with ${worst.strategy}`;
  return sorted.length > 1 && best.rate === worst.rate
    ? `keeping ${percent(ratio)}: ${percent(best.rate)} with every strategy`
    : `keeping ${percent(ratio)}: ${range}`;
}
