import type { MessageConnection } from 'vscode-jsonrpc/browser';
import * as view from '../src/protocol/view';
import { readableError } from './connection';
import { Notices } from './notice';

/** Asks for the state and builds the view with it; where that fails, the page says why. */
export async function startView(
  connection: MessageConnection,
  build: (root: HTMLElement, state: view.ViewState) => void | Promise<void>,
): Promise<void> {
  const root = document.getElementById('root')!;
  try {
    await build(root, await connection.sendRequest(view.ready, undefined));
  } catch (thrown) {
    const notices = new Notices((command) => void connection.sendNotification(view.hostCommand, { command }));
    notices.error(readableError(thrown));
    root.replaceChildren(notices.node);
  }
}
