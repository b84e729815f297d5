import { tokenise } from './tokenise';

/**
 * In how many documents each n-gram (its tokens joined by one space) occurs. A document is all references of one item,
 * so that an n-gram counts once however often they say it. `name` says in words whose they are.
 */
export interface DocumentFrequencies {
  readonly name: string;
  readonly documents: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** A candidate and its references, cut into tokens. */
export interface TokenisedItem {
  readonly candidate: readonly string[];
  readonly references: readonly (readonly string[])[];
}

export interface CorpusScore {
  /** The mean over the items. */
  readonly corpus: number;
  readonly items: readonly number[];
}

const longest = 4;
const sigma = 6;

/** For each length 1..4 how often each n-gram occurs, in the order of first occurrence. */
function countNgrams(tokens: readonly string[]): Map<string, number>[] {
  return Array.from({ length: longest }, (_, n) => {
    const counts = new Map<string, number>();
    for (let start = 0; start + n < tokens.length; start++) {
      const ngram = tokens.slice(start, start + n + 1).join(' ');
      counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
    }
    return counts;
  });
}

/** The table of a set: one document for each list of references. */
export function documentFrequencies(
  name: string,
  documents: readonly (readonly (readonly string[])[])[],
): DocumentFrequencies {
  const counts = Object.create(null) as Record<string, number>;
  for (const references of documents) {
    const seen = new Set(references.flatMap((tokens) => countNgrams(tokens).flatMap((ngrams) => [...ngrams.keys()])));
    for (const ngram of seen) {
      counts[ngram] = (counts[ngram] ?? 0) + 1;
    }
  }
  return { name, documents: documents.length, counts };
}

/** A text as weights of its n-grams: tf * (log N - log max(1, df)), a vector and its length for each n. */
interface Weighed {
  readonly vectors: readonly Map<string, number>[];
  readonly norms: readonly number[];
  readonly bigrams: number;
}

function weigh(tokens: readonly string[], { documents, counts }: DocumentFrequencies): Weighed {
  const logDocuments = Math.log(documents);
  const vectors = countNgrams(tokens).map((ngrams) => {
    const weights = new Map<string, number>();
    for (const [ngram, frequency] of ngrams) {
      const df = Object.hasOwn(counts, ngram) ? counts[ngram]! : 0;
      weights.set(ngram, frequency * (logDocuments - Math.log(Math.max(1, df))));
    }
    return weights;
  });
  const norms = vectors.map((weights) => Math.sqrt([...weights.values()].reduce((sum, x) => sum + x * x, 0)));
  return { vectors, norms, bigrams: Math.max(0, tokens.length - 1) };
}

/** The mean over n of the clipped cosines, times the penalty exp(-(difference in bigrams)^2 / (2 sigma^2)). */
function similarity(candidate: Weighed, reference: Weighed): number {
  let sum = 0;
  for (const [n, weights] of candidate.vectors.entries()) {
    let dot = 0;
    for (const [ngram, weight] of weights) {
      const other = reference.vectors[n]!.get(ngram) ?? 0;
      dot += Math.min(weight, other) * other;
    }
    const norms = candidate.norms[n]! * reference.norms[n]!;
    sum += norms === 0 ? dot : dot / norms;
  }
  const difference = candidate.bigrams - reference.bigrams;
  return (sum / longest) * Math.exp(-(difference ** 2) / (2 * sigma ** 2));
}

/** The CIDEr-D of any candidate against the references of one item, which are weighed once for all of them. */
export function ciderDScorer(
  references: readonly (readonly string[])[],
  frequencies: DocumentFrequencies,
): (candidate: readonly string[]) => number {
  const others = references.map((reference) => weigh(reference, frequencies));
  return (candidate) => {
    const weighed = weigh(candidate, frequencies);
    return (10 * others.reduce((total, reference) => total + similarity(weighed, reference), 0)) / others.length;
  };
}

/**
 * CIDEr-D, which captioning papers call CIDEr. An item is
 *
 *     10 * mean over its references r of mean over n = 1..4 of  min(c, r) . r / (|c| |r|) * exp(-(l_c - l_r)^2 / 72)
 *
 * with c and r the tf-idf vectors of n-grams, idf = log N - log max(1, df) from the references of the set (or from the
 * table given), and l the number of bigrams. With idf from one item alone every score is 0: log 1 - log 1.
 *
 * Vedantam, Zitnick and Parikh, "CIDEr: Consensus-based image description evaluation" (2015), as `pycocoevalcap`
 * computes it: its class CiderScorer clips, stems nothing and counts bigrams.
 */
export function ciderD(
  items: readonly TokenisedItem[],
  frequencies: DocumentFrequencies = documentFrequencies(
    'the references of the set',
    items.map(({ references }) => references),
  ),
): CorpusScore {
  const scores = items.map(({ candidate, references }) => ciderDScorer(references, frequencies)(candidate));
  return { corpus: scores.reduce((sum, score) => sum + score, 0) / scores.length, items: scores };
}

/**
 * CIDEr-D of one caption, from 0 to 10, by a fixed table: comparable only with scores by the same table. A caption of
 * fewer than four words has no 4-grams: even repeated word by word it stays at 2.5 for each length it has. Without
 * references there is nothing to compare with: NaN.
 */
export function ciderDOne(candidate: string, references: readonly string[], frequencies: DocumentFrequencies): number {
  const item = { candidate: tokenise(candidate), references: references.map(tokenise) };
  return ciderD([item], frequencies).corpus;
}
