import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { select } from '../pruning/registry';
import { reduceHeads } from '../pruning/score';
import { leadingTokens } from '../pruning/selection';
import { jaccard } from '../pruning/study/jaccard';
import { percent, sharedBudgets, type Experiment, type ExperimentBench, type ExperimentClip } from './experiment';

const shiftsMs = [10, 20, 30, 40];
const noiseDecibels = [20, 10, 0];
const samplesPerMs = 16;

/**
 * Whether the same sound, a little later or with noise, keeps the same tokens. Looks at scores only. A shift of a whole
 * token (40 ms with the default model) moves the set by one; the overlap is taken after moving it back. Of a merged slot
 * the token that weighs most is taken: what merging keeps, sooner or later, is every token.
 */
export const stability: Experiment = {
  name: 'stability',
  label: 'Stability',
  description: 'Shifts the clip by 10 to 40 ms and adds noise: how much of the kept set stays?',
  captions: false,
  needs: [],
  uses: ['strategy', 'keepRatio', 'segments'],
  async conduct(bench) {
    const original = await keptTokens(bench, bench.clip);
    const rows: { variant: string; overlap: number; within: number }[] = [];
    for (const { variant, clip, shiftSeconds } of variantsOf(bench.clip)) {
      const shift = Math.round(shiftSeconds / bench.secondsPerToken);
      const kept = (await keptTokens(bench, clip)).map((token) => token - shift);
      rows.push({ variant, overlap: jaccard(original, kept), within: nearShare(original, kept) });
    }
    const worst = rows.reduce((least, row) => (row.overlap < least.overlap ? row : least));
    const x = rows.map((row) => row.variant);
    return {
      summary: `The least stable variant is ${worst.variant}: its set overlaps the original’s by ${percent(worst.overlap)} (Jaccard).`,
      columns: [
        { name: 'variant' },
        { name: 'overlap of the kept sets (Jaccard)' },
        { name: 'share of the original set kept within one token' },
      ],
      rows: rows.map((row) => Object.values(row)),
      figure: {
        kind: 'bars',
        xLabel: 'variant',
        yLabel: 'share',
        series: [
          { name: 'overlap (Jaccard)', x, y: rows.map((row) => row.overlap) },
          { name: 'kept within one token', x, y: rows.map((row) => row.within) },
        ],
      },
    };
  },
};

interface Variant {
  readonly variant: string;
  readonly clip: ExperimentClip;
  readonly shiftSeconds: number;
}

/** One after the other: each is as long as the sound. */
function* variantsOf(clip: ExperimentClip): Generator<Variant> {
  for (const ms of shiftsMs) {
    yield {
      variant: `${String(ms)} ms later`,
      clip: variant(clip, `shift ${String(ms)}`, shifted(clip.samples, ms * samplesPerMs)),
      shiftSeconds: ms / 1000,
    };
  }
  for (const decibels of noiseDecibels) {
    yield {
      variant: `noise at ${String(decibels)} dB`,
      clip: variant(clip, `noise ${String(decibels)}`, noisy(clip.samples, decibels)),
      shiftSeconds: 0,
    };
  }
}

function variant(clip: ExperimentClip, name: string, samples: Float32Array): ExperimentClip {
  return { ...clip, clipId: `${clip.clipId} ${name}`, samples };
}

function shifted(samples: Float32Array, by: number): Float32Array {
  const later = new Float32Array(samples.length + by);
  later.set(samples, by);
  return later;
}

/** Adds white noise, the same each time, at a signal-to-noise ratio over the whole clip. */
function noisy(samples: Float32Array, decibels: number): Float32Array {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  // Uniform noise in [-a, a] has the power a^2 / 3.
  const amplitude = Math.sqrt((3 * power) / 10 ** (decibels / 10));
  const generator = xoroshiro128plus(1);
  return samples.map((sample) => sample + amplitude * (2 * uniformFloat64(generator) - 1));
}

async function keptTokens(bench: ExperimentBench, clip: ExperimentClip): Promise<number[]> {
  const { heads, settings, encode } = bench;
  const budgets = (await sharedBudgets(bench, [settings.headReduce], clip)).get(settings.headReduce);
  const kept: number[] = [];
  let firstToken = 0;
  let index = 0;
  for await (const window of encode(clip)) {
    const scores = reduceHeads(window.receivedPerHead, heads, settings.headReduce);
    const { selection } = select(settings, { ...window, scores, budget: budgets?.[index] });
    for (const token of leadingTokens(selection)) kept.push(firstToken + token);
    firstToken += window.tokens.rows;
    index += 1;
  }
  return kept;
}

function nearShare(original: readonly number[], kept: readonly number[]): number {
  const set = new Set(kept);
  return (
    original.filter((token) => [token - 1, token, token + 1].some((near) => set.has(near))).length / original.length
  );
}
