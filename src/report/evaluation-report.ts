import type { EvaluationSummary } from '../protocol/evaluation-summary';
import { htmlPage, type ReportAssets } from './html-page';
import { toJson } from './typed-arrays';

/** The report of an evaluation; the script is dist/webview/evaluation-report.js. */
export function renderEvaluationReport(summary: EvaluationSummary, assets: ReportAssets): string {
  return htmlPage({ title: summary.manifest.dataset.name, view: 'evaluation-report', json: toJson(summary) }, assets);
}
