import type * as vscode from 'vscode';

/** Endings of files that Earmark is offered for; the manifest names the same (checked in a test). */
export const audioExtensions = [
  'wav',
  'mp3',
  'flac',
  'ogg',
  'oga',
  'opus',
  'aif',
  'aiff',
  'aifc',
  'm4a',
  'aac',
  'wma',
  'wave',
  'mka',
  'webm',
  'caf',
  'au',
  'ac3',
  'w64',
];

export function isAudioFile({ path }: vscode.Uri): boolean {
  return audioExtensions.includes(path.slice(path.lastIndexOf('.') + 1).toLowerCase());
}
