/** What an experiment found: a table, a figure drawn from it, and what they say in a sentence. */
export interface ExperimentResult {
  /** A name of the experiment registry. */
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly columns: readonly Column[];
  /** [rows][columns] */
  readonly rows: readonly (readonly (number | string)[])[];
  readonly figure: Figure;
}

export interface Column {
  readonly name: string;
  /** "ms", "s"; shares are from 0 to 1 and have none. */
  readonly unit?: string;
}

export interface Figure {
  readonly kind: 'lines' | 'bars';
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

export interface Series {
  readonly name: string;
  readonly x: readonly (number | string)[];
  readonly y: readonly number[];
}

/** An experiment as the interface and the command line list it. */
export interface ExperimentInfo {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  /** Whether the language model is run, which takes longer than looking at scores. */
  readonly captions: boolean;
  /** What it asks of the model itself; a strategy that it takes may ask for more. */
  readonly needs: readonly ('scores' | 'tokens' | 'keys')[];
  /** The choices that it takes as they are; it varies or ignores the rest. */
  readonly uses: readonly ('strategy' | 'keepRatio' | 'segments')[];
}
