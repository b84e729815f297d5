import * as vscode from 'vscode';
import { fileProgressWords } from '../hub/file-meter';
import type { FileProgress } from '../protocol/file-progress';

/** What a task that goes through files is given: it tells how far it is, and is told to stop. */
export interface FileTask {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: FileProgress) => void;
  readonly say: (message: string) => void;
}

/** Runs a task under a notification that shows how far it is and lets the person cancel. */
export function withFileProgress<Result>(title: string, task: (task: FileTask) => Promise<Result>): Thenable<Result> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (progress, cancellation) => {
      const controller = new AbortController();
      cancellation.onCancellationRequested(() => {
        controller.abort();
      });
      let shown = 0;
      return task({
        signal: controller.signal,
        onProgress: (now) => {
          const share = (100 * now.done) / now.total;
          progress.report({ message: fileProgressWords(now), increment: share - shown });
          shown = share;
        },
        say: (message) => {
          progress.report({ message });
        },
      });
    },
  );
}
