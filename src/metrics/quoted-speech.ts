/**
 * The words that a caption quotes: what was said in the sound. Fewer than `least` may be a name; where speech is known to
 * be quoted, one word is speech too.
 */
export function quotedSpeech(caption: string, least = 2): string | undefined {
  const quoted = [...caption.matchAll(/["“«„]([^"“”«»„]+)["”»“]/g)].map(([, words]) => words!.trim()).join(' ');
  const words = quoted.split(/\s+/).filter((word) => word !== '');
  return words.length >= least ? quoted : undefined;
}
