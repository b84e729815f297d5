import type { EvaluationSummary } from './evaluation-summary';

/** What an evaluation comes to, without its rows: there are tens of thousands, and they follow in pages. */
export type ResultsOverview = Omit<EvaluationSummary, 'rows'> & {
  readonly resultsId: string;
  readonly rowCount: number;
};

/** What goes on while results are opened. */
export type ResultsStage = { readonly stage: 'reading' } | { readonly stage: 'summarising'; readonly rows: number };
