import { InvalidArgumentError, Option, type Command } from 'commander';
import { bleu } from '../metrics/bleu';
import { ciderD, type CorpusScore, type DocumentFrequencies } from '../metrics/cider-d';
import { accuracyBy, officialMatch, oneChoiceNamed, type Accuracy } from '../metrics/mmau';
import { rougeL } from '../metrics/rouge-l';
import { tokenise } from '../metrics/tokenise';
import { normaliseBasic, normaliseEnglish } from '../metrics/whisper-normalizer';
import { characterErrorRates, wordErrorRates, type ErrorRates, type Transcript } from '../metrics/word-error-rate';
import { EarmarkError } from '../protocol/errors';
import { parseJson, readItemFile, type AnswerItem, type CaptionItem, type ItemFile } from './item-file';
import { readInput } from './read-input';

const captionMetrics = ['cider-d', 'bleu', 'rouge-l', 'wer', 'cer'] as const;
const answerMetrics = ['mmau', 'mmau-one-choice'] as const;
type CaptionMetric = (typeof captionMetrics)[number];
type AnswerMetric = (typeof answerMetrics)[number];
type Metric = CaptionMetric | AnswerMetric;

const normalisers = {
  english: normaliseEnglish,
  basic: (text: string) => normaliseBasic(text),
  none: (text: string) => text,
};
type NormaliserName = keyof typeof normalisers;

export interface ScoreOptions {
  /** All that suit the file where none are named: without error rates, which are for transcripts. */
  readonly metrics?: readonly Metric[];
  readonly normalizer: NormaliserName;
  /** CIDEr-D by a table instead of the references of the file. */
  readonly frequencies?: DocumentFrequencies;
}

/** An error rate against references without a word is absent. */
export interface ScoreResult {
  readonly corpus: Readonly<Record<string, number>>;
  readonly items: readonly (Readonly<Record<string, number>> & { readonly id: string })[];
  /** Answers only: the share of right ones by category and by difficulty, for each metric. */
  readonly groups?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Accuracy>>>>>>;
}

/** One column of the result: its name, its value of all items and one of each. */
type Column = CorpusScore & { readonly name: string };

/**
 * Scores the items of a file.
 *
 * @throws EarmarkError `settings-invalid` where a metric is not one for this kind of items
 */
export function scoreFile(file: ItemFile, options: ScoreOptions): ScoreResult {
  if (file.kind === 'answers') {
    const metrics = chosen<AnswerMetric>(options.metrics, answerMetrics, answerMetrics, 'answers with choices');
    const columns = metrics.map((metric) => answerColumn(metric, file.items));
    return { ...table(file.items, columns), groups: Object.fromEntries(columns.map(groupsOf(file.items))) };
  }
  const usual = ['cider-d', 'bleu', 'rouge-l'] as const;
  const metrics = chosen<CaptionMetric>(options.metrics, captionMetrics, usual, 'captions with references');
  return table(
    file.items,
    metrics.flatMap((metric) => captionColumns(metric, file.items, options)),
  );
}

function chosen<T extends Metric>(
  asked: readonly Metric[] | undefined,
  possible: readonly T[],
  usual: readonly T[],
  what: string,
): readonly T[] {
  const unfit = asked?.find((metric) => !(possible as readonly Metric[]).includes(metric));
  if (unfit !== undefined) {
    throw new EarmarkError(
      'settings-invalid',
      `The file holds ${what}, which "${unfit}" does not score.`,
      `Choose from ${possible.join(', ')}.`,
    );
  }
  return (asked as readonly T[] | undefined) ?? usual;
}

function table(items: readonly { readonly id: string }[], columns: readonly Column[]): ScoreResult {
  // JSON has no infinity, which an error rate without a word in the reference is.
  const finite = (values: readonly (readonly [string, number])[]): Record<string, number> =>
    Object.fromEntries(values.filter(([, value]) => Number.isFinite(value)));
  return {
    corpus: finite(columns.map(({ name, corpus }) => [name, corpus])),
    items: items.map(({ id }, i) => {
      const values = finite(columns.map(({ name, items: each }) => [name, each[i]!]));
      return { id, ...values } as ScoreResult['items'][number];
    }),
  };
}

function captionColumns(
  metric: CaptionMetric,
  items: readonly CaptionItem[],
  { normalizer, frequencies }: ScoreOptions,
): Column[] {
  const tokenised = () =>
    items.map(({ candidate, references }) => ({
      candidate: tokenise(candidate),
      references: references.map(tokenise),
    }));
  switch (metric) {
    case 'cider-d':
      return [{ name: metric, ...ciderD(tokenised(), frequencies) }];
    case 'rouge-l':
      return [{ name: metric, ...rougeL(tokenised()) }];
    case 'bleu': {
      const scores = bleu(tokenised());
      return scores.corpus.map((corpus, n) => ({
        name: `bleu-${n + 1}`,
        corpus,
        items: scores.items.map((score) => score[n]!),
      }));
    }
    case 'wer':
      return [errorColumn(metric, items, wordErrorRates, normalisers[normalizer])];
    case 'cer':
      return [errorColumn(metric, items, characterErrorRates, normalisers[normalizer])];
  }
}

/** The error rate against the reference that has the lowest, where there are several. */
function errorColumn(
  name: string,
  items: readonly CaptionItem[],
  rates: (items: readonly Transcript[]) => ErrorRates,
  normalise: (text: string) => string,
): Column {
  const closest = items.map(({ candidate, references }) => {
    const pairs = references.map((reference) => ({
      reference: normalise(reference),
      hypothesis: normalise(candidate),
    }));
    const { items: each } = rates(pairs);
    const lowest = Math.min(...each.map(({ rate }) => rate));
    return pairs[each.findIndex(({ rate }) => rate === lowest)]!;
  });
  const { corpus, items: each } = rates(closest);
  return { name, corpus: corpus.rate, items: each.map(({ rate }) => rate) };
}

function answerColumn(name: AnswerMetric, items: readonly AnswerItem[]): Column {
  const isRight = { 'mmau': officialMatch, 'mmau-one-choice': oneChoiceNamed }[name];
  const scores = items.map((item) => (isRight(item) ? 1 : 0));
  return { name, corpus: scores.filter((score) => score === 1).length / scores.length, items: scores };
}

function groupsOf(items: readonly AnswerItem[]) {
  return ({ name, items: scores }: Column) => {
    const by = (group: 'category' | 'difficulty') =>
      Object.fromEntries(accuracyBy(items.map((item, i) => ({ correct: scores[i] === 1, groups: item[group] }))));
    return [name, { category: by('category'), difficulty: by('difficulty') }] as const;
  };
}

function parseMetrics(text: string): Metric[] {
  const all: readonly string[] = [...captionMetrics, ...answerMetrics];
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`"${unknown}" is none of ${all.join(', ')}.`);
  }
  return [...new Set(names as Metric[])];
}

/** @throws EarmarkError `settings-invalid` */
export function readFrequencies(bytes: Uint8Array): DocumentFrequencies {
  const value = parseJson(bytes) as Partial<Record<keyof DocumentFrequencies, unknown>> | null;
  const { documents, counts, name } = value ?? {};
  const isCount = (count: unknown): boolean => Number.isSafeInteger(count) && (count as number) >= 0;
  const goodCounts = typeof counts === 'object' && counts !== null && Object.values(counts).every(isCount);
  if (!isCount(documents) || documents === 0 || !goodCounts) {
    throw new EarmarkError(
      'settings-invalid',
      'The document frequencies are not of the form {"name", "documents": N, "counts": {"an n-gram": n}}.',
      'media/metrics/sound-labels-df.json is an example.',
    );
  }
  return { name: String(name), documents: documents as number, counts: counts as Record<string, number> };
}

type Arguments = Omit<ScoreOptions, 'frequencies'> & { readonly frequencies?: string };

async function score(file: string, { frequencies, ...options }: Arguments): Promise<void> {
  const items = readItemFile(await readInput(file));
  const df = frequencies === undefined ? undefined : readFrequencies(await readInput(frequencies));
  const result = scoreFile(items, { ...options, ...(df && { frequencies: df }) });
  const unanswered = items.kind === 'answers' ? items.items.filter(({ prediction }) => prediction.trim() === '') : [];
  if (unanswered.length > 0) {
    process.stderr.write(
      `earmark: ${String(unanswered.length)} of ${String(items.items.length)} items have no prediction: they count as wrong.\n`,
    );
  }
  const rates = (options.metrics ?? []).filter((name) => name === 'wer' || name === 'cer');
  const wordless = result.items.filter((item) => rates.some((name) => !(name in item)));
  if (wordless.length > 0) {
    process.stderr.write(
      `earmark: No error rate of ${wordless.map(({ id }) => `"${id}"`).join(', ')}: normalised, the reference holds no word.\n`,
    );
  }
  if (items.items.length === 1 && df === undefined && 'cider-d' in result.corpus) {
    process.stderr.write('earmark: CIDEr-D of a single item is always 0; give --frequencies a table.\n');
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

export function registerScore(program: Command): void {
  program
    .command('score')
    .description('Scores captions, transcripts or answers from a file: [{"id", "candidate", "references": […]}].')
    .argument(
      '<file>',
      'JSON or JSON lines; answers are [{"id", "answer", "prediction", "choices": […]}]; "-" reads standard input',
    )
    .option(
      '--metrics <names>',
      'cider-d, bleu, rouge-l, wer, cer; or mmau, by the texts as they stand, and mmau-one-choice (default: all but wer and cer)',
      parseMetrics,
    )
    .addOption(
      new Option('--normalizer <name>', "Whisper's normaliser of texts for wer and cer")
        .choices(Object.keys(normalisers))
        .default('english'),
    )
    .option('--frequencies <file>', 'document frequencies for cider-d, instead of those of the references')
    .action(score);
}
