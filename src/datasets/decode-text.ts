/**
 * The text of a dataset file: UTF-8, or ISO-8859-1 where it is not (as some copies of Clotho). A byte order mark is
 * passed over.
 */
export function decodeText(bytes: Uint8Array): { readonly text: string; readonly warning?: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return {
      text: new TextDecoder('iso-8859-1').decode(bytes),
      warning: 'It is not UTF-8 and was read as ISO-8859-1: letters with accents may be wrong.',
    };
  }
}
