/** The words that a caption quotes: what was said in the sound. At least two words, or it is a name. */
export function quotedSpeech(caption: string): string | undefined {
  const quoted = [...caption.matchAll(/["“«„]([^"“”«»„]+)["”»“]/g)].map(([, words]) => words!.trim()).join(' ');
  return quoted.split(/\s+/).length >= 2 ? quoted : undefined;
}
