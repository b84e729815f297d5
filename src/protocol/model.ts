/** A model pack as the interface lists it. */
export interface ModelInfo {
  readonly modelId: string;
  readonly title: string;
  readonly description: string;
  /** Plainly, what the model cannot do. */
  readonly limits: string;
  readonly family: 'prefix' | 'cross-attention';
  readonly licence: string;
  readonly folder: string;
  readonly bytes: number;
  readonly heads: number;
  readonly secondsPerToken: number;
  readonly windowSeconds: number;
  /** Whether it can be asked something; a model that only transcribes can not. */
  readonly asks: boolean;
  /** The question asked where a person gives none. */
  readonly question: string;
  /** What strategies may ask of the model beyond scores and tokens. */
  readonly offers: readonly ('scores' | 'tokens' | 'keys')[];
  readonly precision: Readonly<Record<string, string>>;
  /** What it takes while it runs; 0 where the pack can not be read. */
  readonly memoryBytes: number;
  /** Set where that is more than the machine has, in the user's words. */
  readonly memoryProblem?: string;
  /** Set where the pack can not be used, in the user's words. */
  readonly problem?: string;
}

/** What a run asks: the person's question, the model's own where they gave none, nothing where it can not be asked. */
export function questionFor(model: Pick<ModelInfo, 'asks' | 'question'> | undefined, asked: string): string {
  if (!model) {
    return asked;
  }
  const own = asked.trim() === '' ? model.question : asked;
  return model.asks ? own : '';
}
