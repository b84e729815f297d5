import { NotificationType, ProgressType, RequestType } from 'vscode-jsonrpc';
import type { AudioSource, ClipInfo, ClipProgress, Peaks } from './clip';
import type { ErrorData } from './errors';
import type { FileProgress } from './file-progress';
import type { ImportedModel } from './import';
import type { Precision } from '../hub/repository-layout';
import type { ResultsOverview, ResultsStage } from './results';
import type { SummaryRow } from './evaluation-summary';
import type { ExperimentResult } from './experiment';
import type { Explanation } from './explanation';
import type { ModelInfo, Speed } from './model';
import type { Provider } from './provider';
import type { Analysis, Run, RunEvent, RunSettings } from './run';

/**
 * The hop between extension host and engine process. Requests fail with a `ResponseError` whose data is `ErrorData`,
 * are cancelled by JSON-RPC cancellation, and report by progress under the token that the request names.
 */
export interface InitializeParams {
  /** Folders that hold packs, searched in order. */
  readonly modelFolders: readonly string[];
  /** Threads for onnxruntime; 0 lets it use every physical core. */
  readonly threads: number;
  /** Path of ffmpeg, or empty to look on PATH. */
  readonly ffmpeg: string;
  /** What runs models; absent: `cpu`. */
  readonly provider?: Provider;
}

export interface EngineInfo {
  readonly version: string;
  /** Absent where the platform has no onnxruntime binary; `problem` then says so. Decoding works without it. */
  readonly runtime?: {
    readonly name: string;
    readonly version: string;
    readonly provider: string;
    /** Why that is not the provider that was asked for. */
    readonly fallback?: string;
  };
  readonly problem?: ErrorData;
}

export const initialize = new RequestType<InitializeParams, EngineInfo, ErrorData>('initialize');

export const listModels = new RequestType<undefined, readonly ModelInfo[], ErrorData>('listModels');

/** What the processor can do, measured once; null where models do not run on it. */
export const measureSpeed = new RequestType<undefined, Speed | null, ErrorData>('measureSpeed');

/** Makes a model of a folder with an ONNX export, in one precision where it has several. */
export const importModel = new RequestType<
  { readonly folder: string; readonly precision?: Precision; readonly progress?: string },
  ImportedModel,
  ErrorData
>('importModel');
export const importProgress = new ProgressType<FileProgress>();

/** Models are looked for in other folders from now on; what runs goes on. */
export const changeModelFolders = new NotificationType<{ readonly modelFolders: readonly string[] }>(
  'changeModelFolders',
);

/** Decodes a sound and keeps its samples in the engine under its `clipId`. */
export const openClip = new RequestType<
  { readonly source: AudioSource; readonly progress?: string },
  ClipInfo,
  ErrorData
>('openClip');
export const clipProgress = new ProgressType<ClipProgress>();

/** A closer look at the waveform: `columns` pairs between two times. */
export const readPeaks = new RequestType<
  { readonly clipId: string; readonly startSeconds: number; readonly endSeconds: number; readonly columns: number },
  Peaks,
  ErrorData
>('readPeaks');

/** 16 kHz mono samples of a stretch of at most 60 s, for playback. */
export const readSamples = new RequestType<
  { readonly clipId: string; readonly startSeconds: number; readonly endSeconds: number },
  Float32Array,
  ErrorData
>('readSamples');

/** Encodes every window of a clip (or takes it from the cache) and stops before any strategy. */
export const analyse = new RequestType<
  { readonly clipId: string; readonly modelId: string; readonly progress?: string },
  Analysis,
  ErrorData
>('analyse');

/** Runs the settings one after another on each window of the clip. A request that is cancelled while it runs resolves with what is done; one that still waits for others fails. */
export const run = new RequestType<
  {
    readonly clipId: string;
    readonly modelId: string;
    readonly settings: readonly RunSettings[];
    readonly progress?: string;
  },
  readonly Run[],
  ErrorData
>('run');
export const runProgress = new ProgressType<RunEvent>();

/** Traces the caption of a finished run back to the sound. */
export const explain = new RequestType<{ readonly run: Run }, Explanation, ErrorData>('explain');

/** Asks one question of a clip; the settings are those that the experiment varies. */
export const experiment = new RequestType<
  {
    readonly clipId: string;
    readonly modelId: string;
    readonly name: string;
    readonly settings: RunSettings;
    readonly progress?: string;
  },
  ExperimentResult,
  ErrorData
>('experiment');

/** Lets the engine forget a clip's samples, once for each time the clip was opened. */
export const closeClip = new NotificationType<{ readonly clipId: string }>('closeClip');

/**
 * Reads the results of an evaluation, a file or the folder of one that goes on, and says what they come to. Rows follow
 * by `readResultRows` until `closeResults`.
 */
export const summariseResults = new RequestType<
  { readonly path: string; readonly progress?: string },
  ResultsOverview,
  ErrorData
>('summariseResults');
export const resultsProgress = new ProgressType<ResultsStage>();

export const readResultRows = new RequestType<
  { readonly resultsId: string; readonly start: number; readonly count: number },
  readonly SummaryRow[],
  ErrorData
>('readResultRows');

export const closeResults = new NotificationType<{ readonly resultsId: string }>('closeResults');
