/** What each generated token of a run looked at: the way from the caption back to the sound. */
export interface Explanation {
  readonly runId: string;
  readonly windows: readonly WindowExplanation[];
}

export interface WindowExplanation {
  readonly index: number;
  /** Number of the window's first token in the clip. */
  readonly firstToken: number;
  /**
   * The text of each generated token; joined, they are the caption: [generated]. Null of a token that only begins a
   * character, which then is in the piece that completes it.
   */
  readonly pieces: readonly (string | null)[];
  /** Source tokens of each kept slot, numbered from the window's first token: [kept]. */
  readonly groups: readonly (readonly number[])[];
  /**
   * Attention that the position which said token g pays to kept slot k, mean over heads and layers:
   * [generated * kept], row by row. What is missing to 1 goes to the text of the prompt and of the caption.
   */
  readonly attention: Float32Array;
}
