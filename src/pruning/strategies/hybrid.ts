import { shareOf } from '../budget';
import { rankByScore } from '../rank';
import { equalSegments, type Segment } from '../segments';
import { selectTokens } from '../selection';
import { similarityWithin } from '../similarity';
import { segmentsParameter, type Matrix, type SelectionInput, type Strategy } from '../strategy';
import { rowOf } from '../vectors';

/**
 * Segmentwise Top-K that spends a part of each segment's share on diversity. Each of S equal segments keeps
 * `floor(K / S)` tokens: all but `floor(d * floor(K / S))` of these by score, then, one after another, the token whose
 * highest cosine with those already kept *in its segment* is lowest. Tokens are compared within their segment only,
 * since the same sound at another time is news. In the `exact` budget mode the remainder R is spent alike over all
 * segments: `R - floor(d * R)` by score, then by difference. With d = 0 this is Segmentwise Top-K. Ties go to the
 * earlier token.
 *
 * O(N log N + N^2 D / S): no N x N matrix is needed. Earmark's own.
 */
export const hybrid: Strategy = {
  name: 'hybrid',
  label: 'Segmentwise and diverse',
  description: 'Keeps the most attended tokens of each segment, and those that are least like them.',
  needs: ['scores', 'tokens'],
  parameters: [
    segmentsParameter,
    {
      name: 'diversityShare',
      label: 'Diversity share',
      description: 'Share of the kept tokens chosen to differ from the others of their segment.',
      minimum: 0,
      maximum: 0.9,
      default: 0.5,
      integer: false,
    },
  ],
  usesKeepRatio: true,
  usesBudgetMode: true,
  usesSimilarity: true,
  published: null,
  select(input) {
    const { scores, budget, budgetMode, parameters } = input;
    const segments = equalSegments(scores.length, Math.min(parameters.segments!, budget));
    const share = Math.floor(budget / segments.length);
    const remainder = budgetMode === 'exact' ? budget - share * segments.length : 0;
    const kept = new KeptTokens(input, segments);
    const diverse = (count: number) => shareOf(parameters.diversityShare!, count);
    for (const segment of segments) {
      kept.addByScore([segment], share - diverse(share));
      kept.addByDifference([segment], diverse(share));
    }
    kept.addByScore(segments, remainder - diverse(remainder));
    kept.addByDifference(segments, diverse(remainder));
    return selectTokens(kept.inTimeOrder());
  },
};

/** Tokens kept so far, and how alike each other token is to those of its segment. */
class KeptTokens {
  private readonly kept: Uint8Array;
  private readonly highest: Float32Array;
  private readonly segmentOf: readonly Segment[];
  private readonly similarity: ReadonlyMap<Segment, Matrix>;

  constructor(
    private readonly input: SelectionInput,
    segments: readonly Segment[],
  ) {
    const { length } = input.scores;
    this.kept = new Uint8Array(length);
    this.highest = new Float32Array(length).fill(-Infinity);
    this.segmentOf = segments.flatMap((segment) => new Array<Segment>(segment.end - segment.start).fill(segment));
    this.similarity = new Map(segments.map((segment) => [segment, similarityWithin(input, segment)]));
  }

  addByScore(segments: readonly Segment[], count: number): void {
    const { scores } = this.input;
    const candidates = segments.flatMap(({ start, end }) => rankByScore(scores, start, end));
    if (segments.length > 1) {
      candidates.sort((a, b) => scores[b]! - scores[a]! || a - b);
    }
    candidates
      .filter((token) => !this.kept[token])
      .slice(0, count)
      .forEach((token) => {
        this.add(token);
      });
  }

  addByDifference(segments: readonly Segment[], count: number): void {
    for (let i = 0; i < count; i++) {
      let best = -1;
      for (const { start, end } of segments) {
        for (let token = start; token < end; token++) {
          if (!this.kept[token] && (best < 0 || this.highest[token]! < this.highest[best]!)) {
            best = token;
          }
        }
      }
      this.add(best);
    }
  }

  inTimeOrder(): number[] {
    return [...this.kept.keys()].filter((token) => this.kept[token]);
  }

  private add(token: number): void {
    this.kept[token] = 1;
    const segment = this.segmentOf[token]!;
    rowOf(this.similarity.get(segment)!, token - segment.start).forEach((similarity, place) => {
      const other = segment.start + place;
      this.highest[other] = Math.max(this.highest[other]!, similarity);
    });
  }
}
