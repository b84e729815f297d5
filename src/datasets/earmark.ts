import { Ajv, type ErrorObject } from 'ajv';
import { audioNames, leavesFolder } from './audio-names';
import { choicePart, type QuestionPart } from './choice-question';
import type { Fields } from './content';
import type { DatasetItem, SoundEvent } from './dataset';
import { datasetError } from './dataset-error';
import { finishItems, writtenTexts, type Draft } from './draft';
import schema from './earmark.schema.json';
import { groupsOf } from './question-rows';

/** Earmark's own format; the schema beside this file says what each field means and may hold. */
interface Benchmark {
  readonly name: string;
  readonly audio?: string;
  readonly items: readonly BenchmarkItem[];
}

interface BenchmarkItem {
  readonly id: string | number;
  readonly audio: string;
  readonly question?: string;
  readonly captions?: readonly string[];
  readonly transcript?: string;
  readonly answer?: string;
  readonly choices?: readonly string[];
  readonly lettered?: boolean;
  readonly answers?: readonly string[];
  readonly groups?: Readonly<Record<string, string | readonly string[]>>;
  readonly events?: readonly SoundEvent[];
}

const isBenchmark = new Ajv({ allErrors: true, allowUnionTypes: true }).compile<Benchmark>(schema);

/**
 * @returns the items, and the folder of their sounds relative to the file where the file names one
 * @throws EarmarkError `dataset-invalid` naming the items and fields that are not as the schema says
 */
export function readBenchmark(document: Fields): {
  readonly name: string;
  readonly audio?: string;
  readonly items: DatasetItem[];
} {
  if (!isBenchmark(document)) {
    const [...sentences] = new Set((isBenchmark.errors ?? []).map((error) => sentenceOf(error, document)));
    const more = sentences.length > 5 ? [`… and ${sentences.length - 5} more.`] : [];
    throw datasetError([...sentences.slice(0, 5), ...more].join(' '), 'earmark.schema.json says what the fields hold.');
  }
  const { name, audio, items } = document;
  if (audio !== undefined && leavesFolder(audio)) {
    throw datasetError(
      `Its "audio" is "${audio}", which lies outside of its folder.`,
      'Give the folder of the sounds.',
    );
  }
  return { name, ...(audio === undefined ? {} : { audio }), items: finishItems(items.map(draftOf)) };
}

/** `Item "x", events/0: must have required property 'end'.` */
function sentenceOf({ instancePath, message, params }: ErrorObject, document: Fields): string {
  const [, , place, ...path] = instancePath.split('/');
  const extra = 'additionalProperty' in params ? `: "${String(params['additionalProperty'])}"` : '';
  const what = `${message ?? 'is not valid'}${extra}.`;
  if (place === undefined) {
    return instancePath === '' ? `It ${what}` : `Its "${instancePath.slice(1)}" ${what}`;
  }
  const item = (document['items'] as readonly unknown[])[Number(place)];
  const id = (item as { id?: unknown } | null)?.id;
  const known = typeof id === 'string' || typeof id === 'number' ? `"${id}"` : `number ${Number(place) + 1}`;
  return path.length === 0 ? `Item ${known} ${what}` : `Item ${known}: its "${path.join('/')}" ${what}`;
}

function draftOf(item: BenchmarkItem): Draft {
  const { problems, ...part } = partOf(item);
  const backwards = item.events?.find(({ start, end }) => end < start);
  return {
    id: String(item.id),
    audio: audioNames(item.audio),
    groups: groupsOf(item.groups ?? {}, Object.keys(item.groups ?? {})),
    events: item.events,
    ...part,
    problems: [backwards && `Its event "${backwards.what}" ends before it starts.`, ...problems],
  };
}

/** What is asked and expected. An answer without choices is an open question that one person answered. */
function partOf({ question, captions, transcript, answer, choices, lettered, answers }: BenchmarkItem): QuestionPart {
  const given = { captions, transcript, answer, answers };
  const names = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const several = names.length > 1 ? `It has ${names.join(' and ')}, of which it may have one.` : undefined;
  if (choices !== undefined) {
    const part = choicePart(question ?? '', choices, answer ?? '', lettered);
    return { ...part, problems: [several, ...part.problems] };
  }
  if (transcript !== undefined) {
    const empty = transcript.trim() === '' ? 'Its transcript is empty.' : undefined;
    return { question, expected: { kind: 'transcript', text: transcript }, problems: [several, empty] };
  }
  if (answers !== undefined || answer !== undefined) {
    const texts = writtenTexts(answers ?? [answer]);
    const unasked = question?.trim() ? undefined : 'It has no question.';
    const empty = texts.length === 0 ? 'It has no answers.' : undefined;
    return { question, expected: { kind: 'answers', answers: texts }, problems: [several, unasked, empty] };
  }
  const references = writtenTexts(captions ?? []);
  const empty = captions === undefined ? 'It has no captions, transcript, answer or answers.' : 'It has no captions.';
  return {
    question,
    expected: { kind: 'captions', references },
    problems: [several, references.length === 0 ? empty : undefined],
  };
}
