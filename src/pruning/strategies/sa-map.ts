import { mostDiverse } from '../determinantal';
import { inTimeOrder } from '../rank';
import { minMaxScaled } from '../relevance';
import { runWeights, weightedRun } from '../runs';
import { segmentsBetween, type Segment } from '../segments';
import { selectGroups } from '../selection';
import { cosine, rowLengths, similarityAtHand, similarityBetween, similarityMatrix } from '../similarity';
import type { Matrix, SelectionInput, Strategy } from '../strategy';
import { dot, rowOf } from '../vectors';

/**
 * Merges, then prunes. A run grows while the next token's cosine with the run's mean is at least the threshold; each run
 * becomes its mean weighted by score; of the runs, K are kept by a determinantal point process whose relevance
 * is the min-max scaled mean score of the run. A sound so uniform that it has fewer than K runs keeps them all: fewer
 * tokens than asked, because the others would repeat them.
 *
 * O(N D + M^2 D + K^2 M) for M runs. Source: Tencent AngelSlim, SA-MAP (similarity-attention merging and pruning); the
 * run's relevance is not stated there.
 */
export const saMap: Strategy = {
  name: 'sa-map',
  label: 'SA-MAP',
  description: 'Merges runs of tokens that are alike, then keeps the attended and diverse ones of these.',
  needs: ['scores', 'tokens'],
  parameters: [
    {
      name: 'mergeThreshold',
      label: 'Merge threshold',
      description: 'Cosine similarity from which a token joins the run before it: higher merges less.',
      minimum: 0,
      maximum: 1,
      default: 0.85,
      integer: false,
    },
  ],
  usesKeepRatio: true,
  usesBudgetMode: false,
  usesSimilarity: true,
  published: 'AngelSlim SA-MAP',
  select(input) {
    const { scores, tokens, budget, parameters } = input;
    const runs = similarRuns(tokens!, parameters.mergeThreshold!);
    const kept =
      runs.length <= budget
        ? runs.keys()
        : mostDiverse(similarityOfRuns(runs, input), meanScores(runs, scores), budget);
    return selectGroups(inTimeOrder([...kept]).map((run) => weightedRun(runs[run]!, scores)));
  },
};

function similarRuns(tokens: Matrix, threshold: number): Segment[] {
  const lengths = rowLengths(tokens);
  const cuts: number[] = [];
  // The sum of a run has the direction of its mean.
  let sum = new Float64Array(rowOf(tokens, 0));
  for (let token = 1; token < tokens.rows; token++) {
    const next = rowOf(tokens, token);
    const similarity = cosine(dot(sum, next), Math.sqrt(dot(sum, sum)), lengths[token]!);
    if (similarity >= Math.fround(threshold)) {
      addTo(sum, next, 1);
    } else {
      cuts.push(token);
      sum = new Float64Array(next);
    }
  }
  return segmentsBetween(cuts, tokens.rows);
}

/**
 * Cosine similarity of the merged runs, [M, M]. Where that of all tokens is at hand, only the pairs with a run of
 * several tokens are computed, since a run of one is that token.
 */
function similarityOfRuns(runs: readonly Segment[], input: SelectionInput): Matrix {
  const merged = mergedRuns(runs, input.tokens!, input.scores);
  const whole = similarityAtHand(input);
  if (!whole) {
    return similarityMatrix(merged);
  }
  const data = new Float32Array(runs.length ** 2);
  runs.forEach((a, row) => {
    const known = rowOf(whole, a.start);
    runs.forEach((b, column) => (data[row * runs.length + column] = known[b.start]!));
  });
  const several = [...runs.keys()].filter((run) => runs[run]!.end - runs[run]!.start > 1);
  const fresh = similarityBetween(merged, several, [...runs.keys()]);
  several.forEach((run, place) => {
    rowOf(fresh, place).forEach((similarity, other) => {
      data[run * runs.length + other] = data[other * runs.length + run] = similarity;
    });
  });
  return { data, rows: runs.length, columns: runs.length };
}

/**
 * Weighted sums of runs, which have the direction of the weighted means: enough to compare them by cosine. A run of one
 * is the token itself. Weights are scaled by a power of two, which rounds nothing, so that small scores do not vanish
 * in single precision.
 */
function mergedRuns(runs: readonly Segment[], tokens: Matrix, scores: Float32Array): Matrix {
  const { columns } = tokens;
  const data = new Float32Array(runs.length * columns);
  runs.forEach((run, place) => {
    const merged = new Float64Array(columns);
    const weights = run.end - run.start === 1 ? [1] : runWeights(run, scores);
    const scale = 2 ** -Math.floor(Math.log2(weights.reduce((sum, weight) => sum + weight, 0)));
    weights.forEach((weight, i) => {
      addTo(merged, rowOf(tokens, run.start + i), weight * scale);
    });
    data.set(merged, place * columns);
  });
  return { data, rows: runs.length, columns };
}

function addTo(sum: Float64Array, vector: Float32Array, weight: number): void {
  for (let i = 0; i < sum.length; i++) {
    sum[i]! += weight * vector[i]!;
  }
}

function meanScores(runs: readonly Segment[], scores: Float32Array): Float64Array {
  return minMaxScaled(
    runs.map(({ start, end }) => scores.subarray(start, end).reduce((sum, score) => sum + score, 0) / (end - start)),
  );
}
