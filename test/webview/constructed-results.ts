import type { Expected } from '../../src/datasets/dataset';
import { localEngine, type EvaluationManifest, type RowOutcome } from '../../src/protocol/evaluation';
import type {
  Difference,
  Estimate,
  EvaluationSummary,
  MetricInfo,
  SettingSummary,
  SummaryRow,
} from '../../src/protocol/evaluation-summary';
import type { RunSettings } from '../../src/protocol/run';

export interface ResultsShape {
  readonly items?: number;
  readonly strategies?: readonly (readonly [name: string, label: string])[];
  readonly ratios?: readonly number[];
  /** What items say, in place of the words that are made here. */
  readonly words?: string;
  /** Rows of which nothing came, by their place among all rows. */
  readonly faults?: Readonly<Record<number, Exclude<RowOutcome, { status: 'done' }>>>;
  /** Only so many rows were made so far. */
  readonly made?: number;
  readonly engines?: readonly string[];
  readonly providers?: readonly string[];
}

export const fewStrategies = [
  ['segmentwise', 'Segmentwise Top-K, 10 segments'],
  ['top-k', 'Top-K'],
  ['visionzip', 'VisionZip'],
  ['random', 'Random'],
] as const;

const metrics: readonly MetricInfo[] = [
  { name: 'cider-d', label: 'CIDEr-D', kind: 'quality', better: 'higher', description: 'Weighted n-grams shared.' },
  { name: 'wer', label: 'WER', kind: 'quality', better: 'lower', unit: '%', description: 'Word error rate.' },
  { name: 'kept-share', label: 'Kept', kind: 'cost', better: 'lower', unit: '%', description: 'Tokens kept, mean.' },
  { name: 'prefill-ms', label: 'Prefill', kind: 'cost', better: 'lower', unit: 'ms', description: 'Median.' },
  { name: 'speed-up', label: 'Prefill speed-up', kind: 'cost', better: 'higher', unit: 'x', description: 'Median.' },
];

const categories = ['sound', 'music', 'speech'];

/** Always the same numbers in [0, 1): a hash of what they are of. */
function noise(...seeds: readonly number[]): number {
  const mixed = seeds.reduce((hash, seed) => Math.imul(hash ^ (seed + 0x9e37), 0x85ebca6b) ^ (hash >>> 13), 0x1234);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

/** An evaluation whose numbers are made up, though they fall with the keep ratio as those of a real one do. */
export function constructResults(shape: ResultsShape = {}): EvaluationSummary {
  const { items = 30, strategies = fewStrategies, ratios = [0.5, 0.25, 0.1] } = shape;
  const { engines = [localEngine(1)], providers = ['cpu'] } = shape;
  const settings = [
    runSettings('none', 1),
    ...strategies.flatMap(([name]) => ratios.map((ratio) => runSettings(name, ratio))),
  ];
  const labels = ['All tokens', ...strategies.flatMap(([, label]) => ratios.map(() => label))];
  const rows = constructRows(settings, items, shape).slice(0, shape.made);
  const count = (status: string): number => rows.filter(({ outcome }) => outcome.status === status).length;
  return {
    manifest: constructManifest(settings, items),
    counts: {
      items,
      planned: items * settings.length,
      done: count('done'),
      missing: count('missing'),
      invalid: count('invalid'),
      failed: count('failed'),
    },
    engines,
    providers,
    metrics: count('done') === 0 ? [] : metrics,
    settings: settings.map((setting, at) => summaryOf(setting, at, labels[at]!, items)),
    groups: { category: categories, difficulty: ['easy', 'hard'] },
    baseline: 0,
    rows,
  };
}

function runSettings(strategy: string, keepRatio: number): RunSettings {
  return {
    strategy,
    keepRatio,
    budgetMode: 'exact',
    headReduce: 'mean',
    parameters: strategy === 'segmentwise' ? { segments: 10 } : {},
    question: '',
    maxNewTokens: 64,
  };
}

function constructManifest(settings: readonly RunSettings[], items: number): EvaluationManifest {
  return {
    version: 1,
    earmark: '0.1.0',
    evaluationId: 'constructed',
    created: '2026-03-01T12:00:00.000Z',
    dataset: {
      name: 'constructed captions',
      format: 'clotho',
      file: '/data/clotho/clotho_captions_evaluation.csv',
      audioFolder: '/data/clotho/evaluation',
      items,
      clips: items,
      fingerprint: '0'.repeat(64),
      warnings: [],
    },
    model: {
      modelId: 'test-model',
      title: 'Test model (constructed data)',
      fingerprint: 'c0ffee'.repeat(10),
      secondsPerToken: 0.04,
      question: 'What is heard?',
    },
    settings,
    machine: { processor: 'A constructed processor', cores: 8, platform: 'linux-x64', node: 'v20', runtime: 'onnx' },
    jobs: 1,
    threads: 4,
  };
}

/** How good a setting is in [0, 1], and how many milliseconds its prefill takes. */
function truth({ keepRatio }: RunSettings, at: number): { readonly quality: number; readonly ms: number } {
  return {
    quality: 0.62 - 0.24 * (1 - keepRatio) ** 2 - 0.05 * noise(at),
    ms: 20 + 180 * keepRatio + 8 * noise(at, 1),
  };
}

function summaryOf(setting: RunSettings, at: number, label: string, items: number): SettingSummary {
  const values = estimatesOf(setting, at, items, 0);
  const unpruned = estimatesOf(runSettings('none', 1), 0, items, 0);
  const difference = (name: string): Difference => {
    const value = values[name]!.value - unpruned[name]!.value;
    const spread = values[name]!.high - values[name]!.value;
    return { value, low: value - spread, high: value + spread, p: Math.abs(value) > spread ? 0.0004 : 0.31 };
  };
  const byGroup = (names: readonly string[], seed: number) =>
    Object.fromEntries(
      names.map((name, i) => [name, estimatesOf(setting, at, Math.floor(items / names.length), seed + i)]),
    );
  return {
    strategy: setting.strategy,
    label,
    keepRatio: setting.keepRatio,
    keptShare: setting.strategy === 'visionzip' ? setting.keepRatio * 0.9 : setting.keepRatio,
    done: items,
    values,
    differences: at === 0 ? {} : Object.fromEntries(metrics.map(({ name }) => [name, difference(name)])),
    byGroup: { category: byGroup(categories, 3), difficulty: byGroup(['easy', 'hard'], 9) },
  };
}

function estimatesOf(setting: RunSettings, at: number, items: number, seed: number): Record<string, Estimate> {
  const { quality, ms } = truth(setting, at);
  const shift = seed === 0 ? 0 : (noise(seed) - 0.5) * 0.2;
  const around = (value: number, spread: number): Estimate => ({
    value,
    low: value - spread,
    high: value + spread * 1.1,
    items,
  });
  return {
    'cider-d': around(quality + shift, 0.02),
    'wer': around(100 * (1 - quality - shift), 2),
    'kept-share': around(100 * setting.keepRatio, 0),
    'prefill-ms': around(ms, 4),
    'speed-up': around(truth(runSettings('none', 1), 0).ms / ms, 0.05),
  };
}

const things = ['A wolf howls', 'A bell rings', 'Rain falls on a roof', 'A man speaks', 'A train passes by'];
const ends = ['and then fades away.', 'in the distance.', 'while birds sing.', 'again and again.'];

function constructRows(settings: readonly RunSettings[], items: number, { words, faults }: ResultsShape): SummaryRow[] {
  const sentence = (item: number, at: number): string =>
    words ??
    `${things[item % things.length]!} ${ends[Math.floor(noise(item, at > 0 ? (at % 3) + 1 : 0) * ends.length)]!}`;
  const expected = (item: number): Expected => ({
    kind: 'captions',
    references: [`${things[item % things.length]!} ${ends[0]!}`, words ?? 'Something is heard far away.'],
  });
  return Array.from({ length: items }, (_, item) =>
    settings.map((setting, at): SummaryRow => {
      const fault = faults?.[item * settings.length + at];
      return {
        item: words === undefined ? `clip ${String(item + 1)}` : `${words} ${String(item + 1)}`,
        setting: at,
        audio: words ?? `clip ${String(item + 1)}.wav`,
        question: words ?? '',
        expected: expected(item),
        groups: { category: [categories[item % 3]!] },
        outcome: fault ?? doneOutcome(setting, sentence(item, at), at),
        scores: fault
          ? {}
          : { 'cider-d': noise(item, at, 2), 'wer': 100 * noise(item, at, 4), 'prefill-ms': truth(setting, at).ms },
      };
    }),
  ).flat();
}

function doneOutcome({ keepRatio }: RunSettings, text: string, at: number): RowOutcome {
  const kept = Math.round(250 * keepRatio);
  return {
    status: 'done',
    clipId: 'c',
    durationSeconds: 10,
    text,
    tokens: { valid: 250, trimmed: 0, asked: kept, kept },
    kept: [],
    generatedTokens: 12,
    finish: 'stop',
    prompt: { textBefore: 15, audio: kept, textAfter: 8 },
    times: {
      decodeMs: 4,
      featuresMs: 10,
      encodeMs: 90,
      selectMs: 1,
      adaptMs: 2,
      prefillMs: 20 + at,
      decodeMsPerToken: 8,
      totalMs: 300,
    },
    kvBytes: 1_000_000,
    provider: 'cpu',
    worker: 'engine 1',
  };
}
