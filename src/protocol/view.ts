import { NotificationType, ProgressType, RequestType } from 'vscode-jsonrpc';
import type { ClipInfo, ClipProgress, Peaks } from './clip';
import type { ComparisonSettings } from './comparison';
import type { ErrorData } from './errors';
import type { ExperimentResult } from './experiment';
import type { Explanation } from './explanation';
import type { ModelInfo } from './model';
import type { ReportData } from './report';
import type { ResultsOverview, ResultsStage } from './results';
import type { SummaryRow } from './evaluation-summary';
import type { Analysis, Run, RunEvent, RunSettings } from './run';

/**
 * The hop between extension host and webview (editor, attention pane, comparison and results alike). The host adds the file and
 * the settings, and forwards to the engine; views never see a path.
 */
export interface ViewState {
  /** Name of the file for people; absent in the attention pane while no sound is open. */
  readonly fileName?: string;
  /** Changes when the file changes on disk; a view that sees a new revision opens the clip again. */
  readonly revision: number;
  readonly modelId: string;
  readonly models: readonly ModelInfo[];
  /** What the controls start with, from the user's settings. */
  readonly settings: RunSettings;
  readonly engine: EngineState;
}

export type EngineState =
  | { readonly status: 'stopped' | 'starting' | 'ready' | 'busy' }
  | { readonly status: 'failed'; readonly error: ErrorData };

/** The first thing a view asks. */
export const ready = new RequestType<undefined, ViewState, ErrorData>('view/ready');
/** Sent whenever any part of the state changes. */
export const stateChanged = new NotificationType<ViewState>('view/stateChanged');

export const openClip = new RequestType<{ readonly progress?: string }, ClipInfo, ErrorData>('view/openClip');
export const clipProgress = new ProgressType<ClipProgress>();
export const readPeaks = new RequestType<
  { readonly startSeconds: number; readonly endSeconds: number; readonly columns: number },
  Peaks,
  ErrorData
>('view/readPeaks');
export const readSamples = new RequestType<
  { readonly startSeconds: number; readonly endSeconds: number },
  Float32Array,
  ErrorData
>('view/readSamples');
/** Reports by `runProgress`: stages, and each window as soon as it is encoded, so that it is drawn before the rest. */
export const analyse = new RequestType<{ readonly modelId: string; readonly progress?: string }, Analysis, ErrorData>(
  'view/analyse',
);
export const run = new RequestType<
  { readonly modelId: string; readonly settings: readonly RunSettings[]; readonly progress?: string },
  readonly Run[],
  ErrorData
>('view/run');
export const runProgress = new ProgressType<RunEvent>();

/** Traces the caption of a finished run back to the sound: which tokens each of its words looked at. */
export const explain = new RequestType<{ readonly run: Run }, Explanation, ErrorData>('view/explain');

/** Asks one question of the sound; the settings are those that the experiment varies. */
export const experiment = new RequestType<
  { readonly modelId: string; readonly name: string; readonly settings: RunSettings; readonly progress?: string },
  ExperimentResult,
  ErrorData
>('view/experiment');

/** Kept as the user's settings for the next clip. */
export const chooseSettings = new NotificationType<{ readonly modelId: string; readonly settings: RunSettings }>(
  'view/chooseSettings',
);

/** Offers the person a place to save what was made; resolves to false where they declined. */
export const save = new RequestType<
  { readonly suggestedName: string; readonly content: string | Uint8Array },
  boolean,
  ErrorData
>('view/save');

/**
 * Asks the host to write a report: it puts the data and `dist/webview/report.{js,css}` through `renderReport`
 * (src/report/report.ts) and offers a place to save it. Resolves to false where the person declined.
 */
export const exportReport = new RequestType<
  { readonly suggestedName: string; readonly data: ReportData },
  boolean,
  ErrorData
>('view/exportReport');

/** Puts a `vscode://` link into the clipboard that opens a comparison with these settings. */
export const copySettingsLink = new NotificationType<{ readonly query: string }>('view/copySettingsLink');
export const copyText = new NotificationType<{ readonly text: string }>('view/copyText');

/** Puts what a link asks for in place of what was chosen in the comparison; the person starts it. */
export const showComparison = new NotificationType<{ readonly settings: Partial<ComparisonSettings> }>(
  'view/showComparison',
);

/** Brings up an experiment in the comparison; the person starts it. */
export const showExperiment = new NotificationType<{ readonly name: string }>('view/showExperiment');

/** A command of the palette that concerns this view. */
export const command = new NotificationType<{ readonly command: ViewCommand }>('view/command');
export type ViewCommand = 'pruneAndCaption' | 'cancel' | 'exportReport';

/** Asks the host to run one of its commands: the way to the log, to the comparison, to the settings. */
export const hostCommand = new NotificationType<{ readonly command: HostCommand }>('view/hostCommand');
export type HostCommand = 'showLog' | 'showAttention' | 'compareStrategies' | 'openSettings' | 'restartEngine';

/** The token pointed at, sent both ways and relayed, so that the editor and the attention pane light up together. */
export const pointAt = new NotificationType<{ readonly token: number | null }>('view/pointAt');

/** What the attention pane shows: the analysis and choices of the active editor, relayed by the host. */
export interface AttentionState {
  readonly fileName: string;
  readonly analysis: Analysis;
  readonly settings: RunSettings;
  /** Tokens that these settings keep, numbered through the clip; null where only a run can tell and none has. */
  readonly kept: readonly number[] | null;
}
/** Editor -> host -> attention pane; null where the editor has nothing to show yet. */
export const attention = new NotificationType<{ readonly state: AttentionState | null }>('view/attention');
/** Attention pane -> host -> editor: the head or the mean or max chosen there. */
export const chooseHead = new NotificationType<{ readonly headReduce: RunSettings['headReduce'] }>('view/chooseHead');

// --- results of an evaluation

export const openResults = new RequestType<{ readonly progress?: string }, ResultsOverview, ErrorData>(
  'view/openResults',
);
export const resultsProgress = new ProgressType<ResultsStage>();
export const readResultRows = new RequestType<
  { readonly resultsId: string; readonly start: number; readonly count: number },
  readonly SummaryRow[],
  ErrorData
>('view/readResultRows');

/** Opens the sound of a row with the row's settings; the host asks for the folder where it is not found any more. */
export const openResultRow = new NotificationType<{
  readonly audio: string;
  readonly setting: number;
  readonly question: string;
}>('view/openResultRow');

/** Asks the host to write the results as one HTML file; resolves to false where the person declined. */
export const exportResults = new RequestType<{ readonly suggestedName: string }, boolean, ErrorData>(
  'view/exportResults',
);

/** Host -> editor: shows these settings in place of what was chosen. */
export const showSettings = new NotificationType<{ readonly modelId: string; readonly settings: RunSettings }>(
  'view/showSettings',
);
