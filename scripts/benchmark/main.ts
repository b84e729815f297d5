import { readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { formatMarkdown } from '../../src/cli/table';
import { openResults } from '../../src/evaluation/open-results';
import { summarise, type Evaluation } from '../../src/evaluation/summarise';
import type { EvaluationSummary } from '../../src/protocol/evaluation-summary';
import { groupTables, headLines, metricTables, type EvaluationTable } from '../../src/report/evaluation-tables';
import { lossesOf } from './losses';

declare const __repository: string;

/** Times are left out: on a machine that does other things as well they would say little. `npm run bench` measures them. */
const metrics = ['cider-d', 'rouge-l', 'wer', 'mmau-one-choice', 'event-recall', 'events-missed', 'kept-share'];
/** By what else the benchmark was made to be looked at. */
const groups = ['part', 'shape', 'category'];

/** The words of a model's page. */
interface Page {
  /** Makes the page. */
  readonly command: string;
  /** What a reader must know of the items. */
  readonly words: string;
  /** What `coupled.md` of the model's recipe says. */
  readonly coupled?: string;
}

const made: Readonly<Record<string, Page>> = {
  'earmark-mini': {
    command: 'npm run benchmark',
    words:
      'items: captions, transcripts and questions about single events, sequences, speech, and speech with events, none of ' +
      'which the model was trained on. At most 48 tokens are generated. The model is small and weak, so read differences ' +
      'between strategies, not levels.',
    coupled:
      'Does it help to train with the pruning that will be used? Three adapters and LoRAs, trained once each from one start ' +
      'by [the recipe](../recipes/earmark-mini) and not shipped: with all tokens, with fewer kept at random, and with those ' +
      'that Segmentwise Top-K keeps. **Training with fewer tokens makes the right answers likelier at a tenth of them, by ' +
      'every strategy, and less likely with all or most of them: it pays where much is pruned. Segmentwise Top-K is the ' +
      'better teacher: it costs less with all tokens than random dropping does, gains as much at a tenth, and is nowhere ' +
      'measurably worse.** That is by the loss, which is the measure to read: the trainings are short, more than nine words ' +
      'in ten are still wrong after them, and by what they answer the three can hardly be told apart. Where tokens are then ' +
      'pruned at random, the one that was trained so does name more events (0.12 against 0.08).',
  },
  'whisper-base': {
    command: 'npm run benchmark -- --model whisper-base',
    words:
      'items that ask what is said: spoken prompts alone, and among other sounds. At most 200 tokens are generated. ' +
      'Above 1 the decoder says things over and over.',
  },
};

async function main(model: string, folder: string, page: string): Promise<void> {
  const evaluation = wholeItems(await openResults(folder));
  const summary = summarise(evaluation);
  const shown = summary.metrics.filter(({ name }) => metrics.includes(name));
  const byGroup = groupTables({ ...summary, groups: only(summary.groups, groups) }, shown);
  const text = [
    `# Results of ${summary.manifest.model.title} on the benchmark that ships`,
    introduction(summary, new Set(evaluation.rows.map(({ item }) => item)).size, model),
    headLines(summary)
      .map((line) => `- ${line}`)
      .join('\n'),
    '## Where segmentwise loses',
    `Paired over the same items: strategies that do better than Segmentwise Top-K at the same keep ratio (p < 0.05), and how often it wins by the same measure. Of many comparisons one in twenty is such by chance.`,
    formatMarkdown(...lossesOf(evaluation, shown)),
    '## All items',
    ...metricTables(summary, shown).map(section),
    '## By group',
    ...byGroup.map(section),
    ...(await coupledTraining(model)),
  ].join('\n\n');
  await writeFile(path.join(__repository, 'docs', page), `${text}\n`);
  console.log(`docs/${page}`);
}

function introduction({ manifest: { dataset } }: EvaluationSummary, items: number, model: string): string {
  const share = items < dataset.items ? `on ${String(items)} of` : 'on all';
  const { command, words } = made[model]!;
  return (
    `Made by \`${command}\` with [the benchmark](../media/benchmark), ${share} its ${String(dataset.items)} ${words} ` +
    'In event recall a token that is merged into another counts as kept, so strategies that merge all have all.'
  );
}

/** What the recipe of the model found about training it with pruning, the paper's open question. */
async function coupledTraining(model: string): Promise<string[]> {
  const { coupled } = made[model]!;
  if (coupled === undefined) return [];
  const file = path.join(__repository, 'recipes', model, 'results', 'coupled.md');
  return ['## Trained with pruning', coupled, (await readFile(file, 'utf8')).trim()];
}

function section({ title, note, header, rows }: EvaluationTable): string {
  return `### ${title}\n\n${note}\n\n${formatMarkdown(header, rows)}`;
}

/** Only items that are done under every setting, so that all values are of the same ones. */
function wholeItems({ manifest, rows }: Evaluation): Evaluation {
  const done = new Map<string, number>();
  for (const { item, outcome } of rows) {
    done.set(item, (done.get(item) ?? 0) + (outcome.status === 'done' ? 1 : 0));
  }
  const items = new Set([...done].filter(([, count]) => count === manifest.settings.length).map(([item]) => item));
  return { manifest, rows: rows.filter(({ item }) => items.has(item)) };
}

function only<Value>(all: Readonly<Record<string, Value>>, names: readonly string[]): Record<string, Value> {
  return Object.fromEntries(names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
}

void main(process.argv[2]!, process.argv[3]!, process.argv[4]!).then(() => process.exit(0));
