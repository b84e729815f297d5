import type { ClipInfo } from './clip';
import type { ExperimentResult } from './experiment';
import type { Analysis, Run } from './run';

/** What a report shows: a list of sounds, each with what is known of it and the runs made on it. */
export interface ReportData {
  readonly version: 1;
  /** ISO 8601 time at which the report was made. */
  readonly created: string;
  readonly clips: readonly ReportClip[];
}

export interface ReportClip {
  readonly clip: ClipInfo;
  /** Absent where the sound was only opened. */
  readonly analysis?: Analysis;
  /** The unpruned run first, where there is one: the others are compared with it. */
  readonly runs: readonly Run[];
  /** Captions that a person wrote for the sound, where runs are measured against them too. */
  readonly references?: readonly string[];
  readonly experiments?: readonly ExperimentResult[];
}
