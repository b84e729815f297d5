/**
 * Every failure a person can meet has one of these codes. The message says in the user's words what happened; the
 * action says what to do about it.
 */
export type ErrorCode =
  | 'audio-not-found'
  | 'audio-unreadable'
  | 'audio-unsupported'
  | 'audio-empty'
  | 'audio-damaged'
  | 'audio-too-long'
  | 'needs-ffmpeg'
  | 'model-not-found'
  | 'model-damaged'
  | 'model-invalid'
  | 'model-unsupported'
  | 'runtime-missing'
  | 'settings-invalid'
  | 'scores-invalid'
  | 'dataset-invalid'
  | 'results-invalid'
  | 'context-too-long'
  | 'write-failed'
  | 'disk-full'
  | 'hub-unreachable'
  | 'hub-denied'
  | 'hub-not-found'
  | 'hub-busy'
  | 'hub-unexpected'
  | 'download-damaged'
  | 'queue-unreachable'
  | 'clip-closed'
  | 'engine-stopped'
  | 'cancelled'
  | 'internal';

/** The data of an error as it crosses a process boundary. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  /** What the person can do, one sentence, or nothing where there is nothing to do. */
  readonly action?: string;
}

/** An error whose message is meant for the person. Anything else that is thrown is a defect and shown as `internal`. */
export class EarmarkError extends Error {
  override readonly name = 'EarmarkError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly action?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  toData(): ErrorData {
    return this.action === undefined
      ? { code: this.code, message: this.message }
      : { code: this.code, message: this.message, action: this.action };
  }

  static fromData(data: ErrorData): EarmarkError {
    return new EarmarkError(data.code, data.message, data.action);
  }

  /** Wraps whatever was thrown, so that callers handle one type. */
  static from(thrown: unknown): EarmarkError {
    if (thrown instanceof EarmarkError) {
      return thrown;
    }
    if (thrown instanceof Error && thrown.name === 'AbortError') {
      return new EarmarkError('cancelled', 'Cancelled.');
    }
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new EarmarkError('internal', message, 'See the Earmark log for details.', { cause: thrown });
  }
}
