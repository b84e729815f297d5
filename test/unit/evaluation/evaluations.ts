import type { Expected, SoundEvent } from '../../../src/datasets/dataset';
import { evaluationVersion, type EvaluationManifest, type EvaluationRow } from '../../../src/protocol/evaluation';
import type { RowResult } from '../../../src/protocol/evaluation';
import type { RunSettings } from '../../../src/protocol/run';

/** Hand-made evaluations. */
export function setting(strategy: string, keepRatio: number, more: Partial<RunSettings> = {}): RunSettings {
  return {
    strategy,
    keepRatio,
    budgetMode: 'exact',
    headReduce: 'mean',
    parameters: strategy === 'segmentwise' ? { segments: 10 } : {},
    question: '',
    maxNewTokens: 64,
    ...more,
  };
}

export function manifestOf(
  settings: readonly RunSettings[],
  items: number,
  more: Partial<EvaluationManifest> = {},
): EvaluationManifest {
  return {
    version: evaluationVersion,
    earmark: '0.1.0',
    evaluationId: 'e1',
    created: '2026-01-01T00:00:00.000Z',
    dataset: {
      name: 'a set',
      format: 'earmark',
      file: '/sets/a set.json',
      audioFolder: '/sets/audio',
      items,
      clips: items,
      fingerprint: 'f0',
      warnings: [],
    },
    model: {
      modelId: 'earmark-mini',
      title: 'Earmark mini',
      fingerprint: 'f1',
      secondsPerToken: 0.5,
      question: 'What is heard?',
    },
    settings,
    machine: { processor: 'a processor', cores: 2, platform: 'linux x64', node: '20.0.0', runtime: '1.0.0' },
    jobs: 1,
    threads: 0,
    ...more,
  };
}

export function resultOf(text: string, more: Partial<RowResult> = {}): RowResult {
  return {
    clipId: 'c',
    durationSeconds: 10,
    text,
    tokens: { valid: 20, trimmed: 0, asked: 10, kept: 10 },
    kept: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    generatedTokens: 5,
    finish: 'stop',
    prompt: { textBefore: 4, audio: 10, textAfter: 6 },
    times: {
      decodeMs: 1,
      featuresMs: 2,
      encodeMs: 30,
      selectMs: 0.5,
      adaptMs: 1,
      prefillMs: 40,
      decodeMsPerToken: 8,
      totalMs: 120,
    },
    kvBytes: 2 ** 20,
    provider: 'cpu',
    worker: 'engine 1',
    ...more,
  };
}

export interface RowParts {
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  readonly events?: readonly SoundEvent[];
  readonly result?: Partial<RowResult>;
}

export function doneRow(
  item: string,
  settingIndex: number,
  expected: Expected,
  text: string,
  { groups = {}, events, result = {} }: RowParts = {},
): EvaluationRow {
  return {
    item,
    setting: settingIndex,
    audio: `${item}.wav`,
    question: 'What is heard?',
    expected,
    groups,
    ...(events && { events }),
    outcome: { status: 'done', ...resultOf(text, result) },
  };
}

export function problemRow(
  item: string,
  settingIndex: number,
  expected: Expected,
  status: 'missing' | 'invalid' | 'failed',
): EvaluationRow {
  return {
    item,
    setting: settingIndex,
    audio: `${item}.wav`,
    question: '',
    expected,
    groups: {},
    outcome: { status, problem: `It is ${status}.` },
  };
}
