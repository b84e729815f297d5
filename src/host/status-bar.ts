import * as vscode from 'vscode';
import type { EngineState } from '../protocol/view';
import type { EngineClient } from './engine-client';

const looks: Readonly<Record<EngineState['status'], { readonly text: string; readonly tooltip: string }>> = {
  stopped: { text: '$(unmute) Earmark', tooltip: 'The engine starts when it is needed.' },
  starting: { text: '$(loading~spin) Earmark', tooltip: 'The engine is starting.' },
  ready: { text: '$(unmute) Earmark', tooltip: 'The engine is ready.' },
  busy: { text: '$(sync~spin) Earmark', tooltip: 'The engine is working.' },
  failed: { text: '$(error) Earmark', tooltip: '' },
};

/** The engine's health in the status bar; a click shows the log. */
export function createStatusBar(engine: EngineClient): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('earmark.engine', vscode.StatusBarAlignment.Right);
  item.name = 'Earmark';
  item.command = 'earmark.showLog';
  const show = (state: EngineState): void => {
    const { text, tooltip } = looks[state.status];
    item.text = text;
    item.tooltip = `Earmark: ${state.status === 'failed' ? state.error.message : tooltip} Click for the log.`;
    item.backgroundColor =
      state.status === 'failed' ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    item.show();
  };
  show(engine.state);
  return vscode.Disposable.from(item, engine.onDidChangeState(show));
}
