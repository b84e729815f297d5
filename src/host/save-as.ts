import * as vscode from 'vscode';
import { EarmarkError } from '../protocol/errors';

/** @returns false where the person chose no place */
export async function saveAs(
  beside: vscode.Uri,
  suggestedName: string,
  content: string | Uint8Array,
): Promise<boolean> {
  const target = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.joinPath(beside, '..', suggestedName) });
  if (!target) {
    return false;
  }
  try {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    await vscode.workspace.fs.writeFile(target, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EarmarkError('write-failed', `The file can not be written: ${reason}`, 'Choose another place.', {
      cause: error,
    });
  }
  return true;
}
