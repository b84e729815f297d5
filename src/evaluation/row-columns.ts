import type { DuckDBValue } from '@duckdb/node-api';
import type { Expected, SoundEvent } from '../datasets/dataset';
import type { EvaluationManifest, EvaluationRow, RowOutcome, RowResult } from '../protocol/evaluation';
import type { FinishReason } from '../protocol/run';
import type { DuckDB } from './duckdb';

/**
 * The columns of a file of results, in order, with their types in SQL. `setting` is the place in the manifest, whose
 * words are repeated beside it (strategy to max_new_tokens), so that the table is whole without the manifest.
 */
export const columns = {
  item: 'VARCHAR',
  setting: 'INTEGER',
  strategy: 'VARCHAR',
  keep_ratio: 'DOUBLE',
  segments: 'INTEGER',
  budget_mode: 'VARCHAR',
  budget_scope: 'VARCHAR',
  head_reduce: 'VARCHAR',
  parameters: 'MAP(VARCHAR, DOUBLE)',
  max_new_tokens: 'INTEGER',
  audio: 'VARCHAR',
  question: 'VARCHAR',
  kind: 'VARCHAR',
  references: 'VARCHAR[]',
  answer: 'VARCHAR',
  choices: 'VARCHAR[]',
  answers: 'VARCHAR[]',
  groups: 'MAP(VARCHAR, VARCHAR[])',
  events: 'STRUCT("start" DOUBLE, "end" DOUBLE, what VARCHAR)[]',
  status: 'VARCHAR',
  problem: 'VARCHAR',
  clip_id: 'VARCHAR',
  duration_seconds: 'DOUBLE',
  text: 'VARCHAR',
  tokens_valid: 'INTEGER',
  tokens_trimmed: 'INTEGER',
  tokens_asked: 'INTEGER',
  tokens_kept: 'INTEGER',
  kept: 'INTEGER[]',
  generated_tokens: 'INTEGER',
  finish: 'VARCHAR',
  prompt_text_before: 'INTEGER',
  prompt_audio: 'INTEGER',
  prompt_text_after: 'INTEGER',
  decode_ms: 'DOUBLE',
  features_ms: 'DOUBLE',
  encode_ms: 'DOUBLE',
  select_ms: 'DOUBLE',
  adapt_ms: 'DOUBLE',
  prefill_ms: 'DOUBLE',
  decode_ms_per_token: 'DOUBLE',
  total_ms: 'DOUBLE',
  kv_bytes: 'BIGINT',
  provider: 'VARCHAR',
  worker: 'VARCHAR',
} as const;

type ColumnName = keyof typeof columns;
type Cells<T> = Readonly<Partial<Record<ColumnName, T>>>;
type Settings = EvaluationManifest['settings'];

/** A row as values for DuckDB; columns that are absent are null. */
export function toCells(row: EvaluationRow, settings: Settings, duckdb: DuckDB): Cells<DuckDBValue> {
  const { item, setting, audio, question, expected, groups, events, outcome } = row;
  const texts = (values: readonly string[]): DuckDBValue => duckdb.listValue(values);
  return {
    item,
    setting,
    ...settingCells(settings[setting], duckdb),
    audio,
    question,
    ...expectedCells(expected, texts),
    groups: duckdb.mapValue(Object.entries(groups).map(([key, values]) => ({ key, value: texts(values) }))),
    ...(events && { events: duckdb.listValue(events.map((event) => duckdb.structValue({ ...event }))) }),
    ...(outcome.status === 'done' ? resultCells(outcome, duckdb) : outcome),
  };
}

function settingCells(settings: Settings[number] | undefined, duckdb: DuckDB): Cells<DuckDBValue> {
  if (!settings) {
    return {};
  }
  const { strategy, keepRatio, budgetMode, budgetScope, headReduce, parameters, maxNewTokens } = settings;
  return {
    strategy,
    keep_ratio: keepRatio,
    ...(parameters.segments !== undefined && { segments: parameters.segments }),
    budget_mode: budgetMode,
    budget_scope: budgetScope ?? 'window',
    head_reduce: String(headReduce),
    parameters: duckdb.mapValue(Object.entries(parameters).map(([key, value]) => ({ key, value }))),
    max_new_tokens: maxNewTokens,
  };
}

function expectedCells(expected: Expected, texts: (values: readonly string[]) => DuckDBValue): Cells<DuckDBValue> {
  const { kind } = expected;
  switch (kind) {
    case 'captions':
      return { kind, references: texts(expected.references) };
    case 'transcript':
      return { kind, answer: expected.text };
    case 'choice':
      return { kind, answer: expected.answer, choices: texts(expected.choices) };
    case 'answers':
      return { kind, answers: texts(expected.answers) };
  }
}

function resultCells(result: RowResult & { readonly status: 'done' }, duckdb: DuckDB): Cells<DuckDBValue> {
  const { tokens, prompt, times } = result;
  return {
    status: result.status,
    clip_id: result.clipId,
    duration_seconds: result.durationSeconds,
    text: result.text,
    tokens_valid: tokens.valid,
    tokens_trimmed: tokens.trimmed,
    tokens_asked: tokens.asked,
    tokens_kept: tokens.kept,
    kept: duckdb.listValue(result.kept),
    generated_tokens: result.generatedTokens,
    finish: result.finish,
    prompt_text_before: prompt.textBefore,
    prompt_audio: prompt.audio,
    prompt_text_after: prompt.textAfter,
    decode_ms: times.decodeMs,
    features_ms: times.featuresMs,
    encode_ms: times.encodeMs,
    select_ms: times.selectMs,
    adapt_ms: times.adaptMs,
    prefill_ms: times.prefillMs,
    decode_ms_per_token: times.decodeMsPerToken,
    total_ms: times.totalMs,
    kv_bytes: BigInt(result.kvBytes),
    provider: result.provider,
    worker: result.worker,
  };
}

/** What DuckDB hands over for these columns, as plain JavaScript: lists as arrays, maps as lists of entries. */
export type ReadCells = Readonly<Record<string, unknown>>;

type Entries = readonly { readonly key: string; readonly value: readonly string[] }[];

export function fromCells(cells: ReadCells): EvaluationRow {
  const { item, setting, audio, question, groups, events } = cells;
  return {
    item: item as string,
    setting: setting as number,
    audio: audio as string,
    question: question as string,
    expected: expectedOf(cells),
    groups: Object.fromEntries((groups as Entries).map(({ key, value }) => [key, value])),
    ...(events !== null && { events: events as readonly SoundEvent[] }),
    outcome: outcomeOf(cells),
  };
}

function expectedOf({ kind, references, answer, choices, answers }: ReadCells): Expected {
  switch (kind) {
    case 'captions':
      return { kind, references: references as string[] };
    case 'transcript':
      return { kind, text: answer as string };
    case 'choice':
      return { kind, answer: answer as string, choices: choices as string[] };
    default:
      return { kind: 'answers', answers: answers as string[] };
  }
}

function outcomeOf(cells: ReadCells): RowOutcome {
  const status = cells.status as RowOutcome['status'];
  if (status !== 'done') {
    return { status, problem: cells.problem as string };
  }
  const number = (column: ColumnName): number => Number(cells[column]);
  return {
    status,
    clipId: cells.clip_id as string,
    durationSeconds: number('duration_seconds'),
    text: cells.text as string,
    tokens: {
      valid: number('tokens_valid'),
      trimmed: number('tokens_trimmed'),
      asked: number('tokens_asked'),
      kept: number('tokens_kept'),
    },
    kept: cells.kept as number[],
    generatedTokens: number('generated_tokens'),
    finish: cells.finish as FinishReason,
    prompt: {
      textBefore: number('prompt_text_before'),
      audio: number('prompt_audio'),
      textAfter: number('prompt_text_after'),
    },
    times: {
      decodeMs: number('decode_ms'),
      featuresMs: number('features_ms'),
      encodeMs: number('encode_ms'),
      selectMs: number('select_ms'),
      adaptMs: number('adapt_ms'),
      prefillMs: number('prefill_ms'),
      decodeMsPerToken: number('decode_ms_per_token'),
      totalMs: number('total_ms'),
    },
    kvBytes: number('kv_bytes'),
    provider: cells.provider as string,
    worker: cells.worker as string,
  };
}
