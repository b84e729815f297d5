import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  createMessageConnection,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageConnection,
  type RequestMessage,
} from 'vscode-jsonrpc/node';
import { ready } from '../protocol/view';

export type ViewName = 'editor' | 'attention' | 'comparison' | 'evaluation';

/**
 * Fills a webview with one of the views. Every page that is loaded there, the first and those after a reload, speaks on
 * a connection of its own: a page numbers its requests from the beginning, so an answer meant for the page before would
 * reach the wrong one.
 *
 * @param resource the URI of the file, which a view keeps in its state so that it can be brought back after a reload
 * @param onPage registers what the host answers; called before the page's first request is handled
 */
export function servePages(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  view: ViewName,
  resource: vscode.Uri | undefined,
  onPage: (connection: MessageConnection) => void,
): vscode.Disposable {
  const folder = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
  let page: Page | undefined;
  const listener = webview.onDidReceiveMessage((message: Message) => {
    if (isFirst(message)) {
      page?.close();
      page = new Page(webview);
      onPage(page.connection);
      page.connection.listen();
    }
    page?.receive(message);
  });
  webview.options = { enableScripts: true, localResourceRoots: [folder] };
  webview.html = pageHtml(webview, folder, view, resource);
  return new vscode.Disposable(() => {
    listener.dispose();
    page?.close();
  });
}

/** What a page says first. */
function isFirst(message: Message): boolean {
  return (message as Partial<RequestMessage>).method === ready.method;
}

function pageHtml(webview: vscode.Webview, folder: vscode.Uri, view: ViewName, resource?: vscode.Uri): string {
  const nonce = randomBytes(16).toString('base64');
  const address = (file: string): string => webview.asWebviewUri(vscode.Uri.joinPath(folder, file)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    // Plotly and the toolkit write style elements of their own.
    `style-src ${webview.cspSource} 'unsafe-inline'`,
    `img-src ${webview.cspSource} data: blob:`,
    `font-src ${webview.cspSource}`,
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${address(`${view}.css`)}">
<title>Earmark</title>
</head>
<body data-view="${view}" data-resource="${escapeAttribute(resource?.toString() ?? '')}">
<main id="root"></main>
<script type="module" nonce="${nonce}" src="${address(`${view}.js`)}"></script>
</body>
</html>`;
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

/** One page's end of the channel. */
class Page {
  readonly connection: MessageConnection;
  private readonly reader = new PageReader();
  private readonly writer: PageWriter;

  constructor(webview: vscode.Webview) {
    this.writer = new PageWriter(webview);
    this.connection = createMessageConnection(this.reader, this.writer);
  }

  receive(message: Message): void {
    this.reader.receive(message);
  }

  close(): void {
    this.writer.end();
    this.connection.dispose();
  }
}

class PageReader extends AbstractMessageReader {
  private callback: DataCallback | undefined;

  listen(callback: DataCallback): Disposable {
    this.callback = callback;
    return new vscode.Disposable(() => {
      this.callback = undefined;
    });
  }

  receive(message: Message): void {
    this.callback?.(message);
  }
}

class PageWriter extends AbstractMessageWriter {
  private ended = false;

  constructor(private readonly webview: vscode.Webview) {
    super();
  }

  /** What comes late for a page that is gone is dropped. */
  async write(message: Message): Promise<void> {
    if (!this.ended) {
      await this.webview.postMessage(message);
    }
  }

  end(): void {
    this.ended = true;
  }
}
