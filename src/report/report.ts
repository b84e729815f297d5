import type { ReportData } from '../protocol/report';
import { htmlPage, type ReportAssets } from './html-page';
import { toJson } from './typed-arrays';

/** The report of sounds and their runs; the script is dist/webview/report.js. */
export function renderReport(data: ReportData, assets: ReportAssets): string {
  const title = data.clips.length === 1 ? data.clips[0]!.clip.name : `${String(data.clips.length)} sounds`;
  return htmlPage({ title, view: 'report', json: toJson(data) }, assets);
}
