/** What is published of pruning, said wherever a person chooses: a small model may lose more. */
export const pruningCosts =
  'Pruning is nearly free for captions and questions of large models, and costly for transcription.';
