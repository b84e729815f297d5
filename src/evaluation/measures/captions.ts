import { bleuCounter, bleuOf } from '../../metrics/bleu';
import { ciderDScorer, documentFrequencies } from '../../metrics/cider-d';
import { rougeL } from '../../metrics/rouge-l';
import { tokenise } from '../../metrics/tokenise';
import type { MetricInfo } from '../../protocol/evaluation-summary';
import { meanMeasure, oncePerText, type DoneRow, type Measure } from './measure';

const ciderMetric: MetricInfo = {
  name: 'cider-d',
  label: 'CIDEr-D',
  kind: 'quality',
  better: 'higher',
  description:
    'Weighted n-grams shared with the reference captions, 0 to 10, weights from the references of the captions evaluated; as pycocoevalcap.',
};

const bleuMetrics: readonly MetricInfo[] = [1, 2, 3, 4].map((n) => ({
  name: `bleu-${String(n)}`,
  label: `BLEU-${String(n)}`,
  kind: 'quality',
  better: 'higher',
  description: `Share of n-grams up to length ${String(n)} that are in a reference caption, over all captions together, less for short ones; as pycocoevalcap.`,
}));

const rougeMetric: MetricInfo = {
  name: 'rouge-l',
  label: 'ROUGE-L',
  kind: 'quality',
  better: 'higher',
  description: 'Longest common subsequence with the reference captions, mean over captions; as pycocoevalcap.',
};

type Tokens = readonly string[];

/** The references of each item, cut into tokens; items in order of appearance. */
function referencesOf(rows: readonly DoneRow[]): Map<string, readonly Tokens[]> {
  const references = new Map<string, readonly Tokens[]>();
  for (const { item, expected } of rows) {
    if (expected.kind === 'captions' && expected.references.length > 0 && !references.has(item)) {
      references.set(item, expected.references.map(tokenise));
    }
  }
  return references;
}

/**
 * Metrics of captions against references. The document frequencies of CIDEr-D are those of every item that has a caption
 * under any setting, so that all settings, and all sets that the bootstrap draws, are measured by one table. From the
 * references of a single item every CIDEr-D would be 0, and there is none.
 */
export function captionMeasures(rows: readonly DoneRow[]): readonly Measure[] {
  const references = referencesOf(rows);
  if (references.size === 0) {
    return [];
  }
  const candidate = oncePerText(tokenise);
  const perCaption = <T>(scorer: (references: readonly Tokens[]) => (candidate: Tokens) => T) => {
    const scorers = new Map(
      [...references].map(([item, of]) => {
        const score = scorer(of);
        return [item, oncePerText((text) => score(candidate(text)))];
      }),
    );
    return ({ item, outcome }: DoneRow): T | undefined => scorers.get(item)?.(outcome.text);
  };
  const frequencies = documentFrequencies('the references of the set', [...references.values()]);
  const cider = meanMeasure(
    ciderMetric,
    perCaption((of) => ciderDScorer(of, frequencies)),
  );
  const rouge = perCaption((of) => (tokens) => rougeL([{ candidate: tokens, references: of }]).corpus);
  return [
    ...(references.size > 1 ? [cider] : []),
    bleuMeasure(perCaption(bleuCounter)),
    meanMeasure(rougeMetric, rouge),
  ];
}

/** The numbers of a row: n-grams of the caption for n = 1..4, those found, the caption's length, the closest reference's. */
function bleuMeasure(countsOf: (row: DoneRow) => ReturnType<ReturnType<typeof bleuCounter>> | undefined): Measure {
  return {
    metrics: bleuMetrics,
    width: 10,
    statisticsOf: (row) => {
      const counts = countsOf(row);
      return counts && [...counts.guessed, ...counts.correct, counts.candidateLength, counts.referenceLength];
    },
    total: (sums) => {
      const all = Array.from(sums);
      return bleuOf({
        guessed: all.slice(0, 4),
        correct: all.slice(4, 8),
        candidateLength: all[8]!,
        referenceLength: all[9]!,
      });
    },
  };
}
