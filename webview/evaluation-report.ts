import '@vscode/codicons/dist/codicon.css';
import './report.css';
import type { EvaluationSummary } from '../src/protocol/evaluation-summary';
import { fromJson } from '../src/report/typed-arrays';
import { element } from './element';
import { EvaluationPage } from './evaluation-page';
import { registerToolkit } from './toolkit';

registerToolkit();

/** The report of an evaluation draws with the view's own code, from the summary in its page. */
function show({ rows, ...summary }: EvaluationSummary, root: HTMLElement): void {
  document.body.classList.add('report');
  const page = new EvaluationPage({ ...summary, resultsId: '', rowCount: rows.length }, {});
  root.append(
    element(
      'header',
      { class: 'report-head' },
      element('h1', { text: `Evaluation on ${summary.manifest.dataset.name}` }),
    ),
    page.node,
  );
  page.add(rows);
}

show(
  fromJson(document.getElementById('report-data')!.textContent) as EvaluationSummary,
  document.getElementById('root')!,
);
