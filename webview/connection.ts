import {
  AbstractMessageReader,
  AbstractMessageWriter,
  CancellationTokenSource,
  createMessageConnection,
  ResponseError,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageConnection,
} from 'vscode-jsonrpc/browser';
import { EarmarkError, type ErrorData } from '../src/protocol/errors';

class WindowReader extends AbstractMessageReader {
  listen(callback: DataCallback): Disposable {
    const listener = (event: MessageEvent<unknown>) => {
      // Other scripts of the page post messages too; only JSON-RPC is ours.
      if (isMessage(event.data)) callback(event.data);
    };
    window.addEventListener('message', listener);
    return { dispose: () => window.removeEventListener('message', listener) };
  }
}

class HostWriter extends AbstractMessageWriter {
  constructor(private readonly post: (message: unknown) => void) {
    super();
  }

  write(message: Message): Promise<void> {
    this.post(message);
    return Promise.resolve();
  }

  end(): void {
    // The host closes the webview; there is nothing to close here.
  }
}

function isMessage(data: unknown): data is Message {
  return typeof data === 'object' && data !== null && 'jsonrpc' in data;
}

export { CancellationTokenSource };
export type { MessageConnection };

export function connect(api: VsCodeApi): MessageConnection {
  const connection = createMessageConnection(new WindowReader(), new HostWriter((message) => api.postMessage(message)));
  connection.listen();
  return connection;
}

/** A name for the progress of one request; unique in the view. */
let requests = 0;
export function progressToken(): string {
  requests += 1;
  return `view-${String(requests)}`;
}

/** What a request failed with, as the error that a person can read. */
export function readableError(thrown: unknown): EarmarkError {
  if (thrown instanceof ResponseError && isErrorData(thrown.data)) {
    return EarmarkError.fromData(thrown.data);
  }
  // -32800: the request was cancelled (Language Server Protocol's RequestCancelled, which vscode-jsonrpc uses).
  if (thrown instanceof ResponseError && thrown.code === -32800) {
    return new EarmarkError('cancelled', 'Cancelled.');
  }
  return EarmarkError.from(thrown);
}

function isErrorData(data: unknown): data is ErrorData {
  return typeof data === 'object' && data !== null && 'code' in data && 'message' in data;
}
