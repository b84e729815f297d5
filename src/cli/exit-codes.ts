import type { ErrorCode } from '../protocol/errors';

const groups: readonly { readonly exit: number; readonly means: string; readonly codes: readonly ErrorCode[] }[] = [
  { exit: 1, means: 'a defect of Earmark', codes: ['internal', 'engine-stopped', 'clip-closed'] },
  {
    exit: 2,
    means: 'an option, a setting, a dataset or results are not possible',
    codes: ['settings-invalid', 'dataset-invalid', 'results-invalid'],
  },
  {
    exit: 3,
    means: 'the sound can not be read',
    codes: [
      'audio-not-found',
      'audio-unreadable',
      'audio-unsupported',
      'audio-empty',
      'audio-damaged',
      'audio-too-long',
      'needs-ffmpeg',
    ],
  },
  {
    exit: 4,
    means: 'the model can not be used',
    codes: [
      'model-not-found',
      'model-damaged',
      'model-invalid',
      'model-unsupported',
      'runtime-missing',
      'context-too-long',
      'scores-invalid',
    ],
  },
  { exit: 5, means: 'a result can not be written', codes: ['write-failed', 'disk-full'] },
  { exit: 7, means: 'the queue can not be reached', codes: ['queue-unreachable'] },
  {
    exit: 8,
    means: 'the model can not be got from the hub',
    codes: ['hub-unreachable', 'hub-denied', 'hub-not-found', 'hub-busy', 'hub-unexpected', 'download-damaged'],
  },
  { exit: 130, means: 'cancelled', codes: ['cancelled'] },
];

/** The exit code of a failure; 0 is success. */
export function exitCodeOf(code: ErrorCode): number {
  return groups.find((group) => group.codes.includes(code))?.exit ?? 1;
}

export const exitCodesHelp = [
  'Exit codes:',
  '  0    success',
  ...groups.map(({ exit, means }) => `  ${String(exit).padEnd(4)} ${means}`),
].join('\n');
