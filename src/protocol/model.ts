/** Bytes of memory from which on it matters on an ordinary computer what a model takes. */
export const muchMemory = 1e9;

/** The model that ships: found without being told where, chosen where nothing else is, and small enough for that. */
export const shippedModel = 'earmark-mini';

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
  /** About how long it takes; absent where the machine's speed was not measured, or the pack can not be read. */
  readonly times?: RunTimes;
  /** Set where the pack can not be used, in the user's words. */
  readonly problem?: string;
}

/** Bits of a weight where it is multiplied: in blocks of 4 or 8 that share a scale (MatMulNBits), or float32. */
export type ProductBits = 32 | 8 | 4;

/** What a machine can do, measured. */
export interface Speed {
  /** Multiplications and additions per second, where many rows are multiplied with weights of so many bits. */
  readonly productsPerSecond: Readonly<Record<ProductBits, number>>;
  /** Of memory that is read or written. */
  readonly bytesPerSecond: number;
}

/** About how long a model takes for a whole window of sound. */
export interface RunTimes {
  readonly encodeSeconds: number;
  /** With every token kept. */
  readonly all: ReadingTimes;
  /** With a quarter of the tokens kept. */
  readonly quarter: ReadingTimes;
}

export interface ReadingTimes {
  readonly prefillSeconds: number;
  /** For each token of the answer. */
  readonly secondsPerToken: number;
}

/** What a run asks: the person's question, the model's own where they gave none, nothing where it can not be asked. */
export function questionFor(model: Pick<ModelInfo, 'asks' | 'question'> | undefined, asked: string): string {
  if (!model) {
    return asked;
  }
  const own = asked.trim() === '' ? model.question : asked;
  return model.asks ? own : '';
}
