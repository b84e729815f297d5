import {
  CancellationTokenSource,
  ErrorCodes,
  ResponseError,
  type CancellationToken,
  type MessageConnection,
  type RequestParam,
  type RequestType,
} from 'vscode-jsonrpc';
import { EarmarkError, type ErrorData } from './errors';

/**
 * Runs a request's handler, so that whatever it throws reaches the other side as `ErrorData`. What does not cross, the
 * cause and where it was thrown, is for `onError` to keep.
 */
export async function answer<Result>(
  task: () => Result | Promise<Result>,
  onError: (error: EarmarkError) => void = () => undefined,
): Promise<Result | ResponseError<ErrorData>> {
  try {
    return await task();
  } catch (thrown) {
    const error = EarmarkError.from(thrown);
    onError(error);
    return new ResponseError(ErrorCodes.UnknownErrorCode, error.message, error.toData());
  }
}

/**
 * Sends a request. Aborting the signal cancels it on the other side, which decides what a cancelled request returns.
 *
 * @throws EarmarkError what the other side threw, or `engine-stopped` where the connection ended first
 */
export async function ask<Params, Result>(
  connection: MessageConnection,
  type: RequestType<Params, Result, ErrorData>,
  params: Params,
  signal?: AbortSignal,
): Promise<Result> {
  const source = new CancellationTokenSource();
  const cancel = (): void => {
    source.cancel();
  };
  if (signal?.aborted) {
    cancel();
  }
  signal?.addEventListener('abort', cancel);
  try {
    return await connection.sendRequest(type, params as RequestParam<Params>, source.token);
  } catch (thrown) {
    throw toEarmarkError(thrown);
  } finally {
    signal?.removeEventListener('abort', cancel);
    source.dispose();
  }
}

function toEarmarkError(thrown: unknown): EarmarkError {
  if (thrown instanceof ResponseError) {
    const data = thrown.data as ErrorData | undefined;
    if (data) {
      return EarmarkError.fromData(data);
    }
    return new EarmarkError('engine-stopped', 'The engine stopped before it could answer.', 'Try again.', {
      cause: thrown,
    });
  }
  return EarmarkError.from(thrown);
}

/** The token of a request as the signal that the rest of the code understands. */
export function signalOf(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) {
    controller.abort();
  }
  token.onCancellationRequested(() => {
    controller.abort();
  });
  return controller.signal;
}
