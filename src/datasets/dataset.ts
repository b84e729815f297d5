/** A dataset as Earmark evaluates it, whichever files it came from. */
export interface Dataset {
  /** For people: the file's or folder's name. */
  readonly name: string;
  readonly format: DatasetFormat;
  /** The file that was read, absolute. */
  readonly file: string;
  /** The folder that the items' sounds are in, absolute. */
  readonly audioFolder: string;
  readonly items: readonly DatasetItem[];
  /** Sentences about what is odd in the file as a whole: its encoding, how many items have a `problem` … */
  readonly warnings: readonly string[];
}

export type DatasetFormat = 'clotho' | 'audiocaps' | 'mmau' | 'mmar' | 'clotho-aqa' | 'earmark';

/** One thing asked of one sound, and what a good answer is. */
export interface DatasetItem {
  /** Different for each item of the dataset. */
  readonly id: string;
  /** Names under which the sound may lie in the audio folder, the likeliest first; never empty. */
  readonly audio: readonly string[];
  /** Absent where the model's own question is asked, as for captions. */
  readonly question?: string;
  readonly expected: Expected;
  /** What results are reported by: `category`, `sub-category`, `difficulty`, `task`, `part` … An item may be in several. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** When what is heard, where that is known. */
  readonly events?: readonly SoundEvent[];
  /** Set where the item can not be evaluated, in words for people: its answer is not among its choices … */
  readonly problem?: string;
}

export type Expected =
  | { readonly kind: 'captions'; readonly references: readonly string[] }
  | { readonly kind: 'transcript'; readonly text: string }
  | { readonly kind: 'choice'; readonly answer: string; readonly choices: readonly string[] }
  /** An open question with the answers of several people. */
  | { readonly kind: 'answers'; readonly answers: readonly string[] };

/** A stretch of a sound in seconds from its start, and what is heard there. */
export interface SoundEvent {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}
