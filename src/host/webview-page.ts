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
} from 'vscode-jsonrpc/node';

export type ViewName = 'editor' | 'attention' | 'comparison';

/**
 * Fills a webview with one of the views and connects to it.
 *
 * @param resource the sound's URI, which a view keeps in its state so that it can be brought back after a reload
 */
export function openPage(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  view: ViewName,
  resource?: vscode.Uri,
): MessageConnection {
  const folder = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
  webview.options = { enableScripts: true, localResourceRoots: [folder] };
  const connection = createMessageConnection(new WebviewReader(webview), new WebviewWriter(webview));
  // The page may speak as soon as it is set.
  connection.listen();
  webview.html = pageHtml(webview, folder, view, resource);
  return connection;
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
<html lang="${vscode.env.language}">
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

class WebviewReader extends AbstractMessageReader {
  constructor(private readonly webview: vscode.Webview) {
    super();
  }

  listen(callback: DataCallback): Disposable {
    return this.webview.onDidReceiveMessage((message: Message) => {
      callback(message);
    });
  }
}

class WebviewWriter extends AbstractMessageWriter {
  constructor(private readonly webview: vscode.Webview) {
    super();
  }

  async write(message: Message): Promise<void> {
    await this.webview.postMessage(message);
  }

  end(): void {
    // VS Code owns the channel.
  }
}
