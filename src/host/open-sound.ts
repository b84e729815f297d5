import * as vscode from 'vscode';
import { AudioEditorProvider } from './audio-editor';
import type { SoundView } from './sound-view';
import type { SoundViews } from './sound-views';

/** The editor of a sound, in front: the one that is open, in whichever group, or else a new one. */
export async function openSound(uri: vscode.Uri, views: SoundViews): Promise<SoundView | undefined> {
  const open = views.reveal(uri);
  if (open) return open;
  await openNewEditor(uri);
  return views.find(uri);
}

/** An editor in the group in front, also where another group has one of the same sound. */
export async function openNewEditor(uri: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand('vscode.openWith', uri, AudioEditorProvider.viewType);
}
