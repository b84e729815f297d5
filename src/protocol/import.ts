/** What became of a folder that was imported. */
export interface ImportedModel {
  readonly modelId: string;
  /** What was found, in sentences. */
  readonly found: readonly string[];
  /** What could not be found, or what a person should know. */
  readonly notes: readonly string[];
}
