import * as vscode from 'vscode';
import type { ReportAssets } from '../report/html-page';

/** The drawing code of a report, which ships with the views. */
export async function readReportAssets(
  extensionUri: vscode.Uri,
  report: 'report' | 'evaluation-report',
): Promise<ReportAssets> {
  const read = async (ending: string): Promise<string> => {
    const address = vscode.Uri.joinPath(extensionUri, 'dist', 'webview', `${report}.${ending}`);
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(address));
  };
  return { script: await read('js'), style: await read('css') };
}
