import * as vscode from 'vscode';
import type { HostCommand } from '../protocol/view';

const commands: Readonly<Record<HostCommand, string>> = {
  showLog: 'earmark.showLog',
  showAttention: 'earmark.showAttention',
  compareStrategies: 'earmark.compareStrategies',
  openSettings: 'earmark.openSettings',
  restartEngine: 'earmark.restartEngine',
};

/** Runs a command that a view asked for, about the file that it shows. */
export function runHostCommand(command: HostCommand, uri: vscode.Uri): void {
  void vscode.commands.executeCommand(commands[command], uri);
}
