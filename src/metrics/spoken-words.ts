import { quotedSpeech } from './quoted-speech';
import { normaliseWords } from './words';

/** `A woman says, "`: someone, a verb, the start of what is quoted. */
const introduction = /^\s*(?:(?:an?|the|another|one|two|some|several)\s|someone|somebody|people)[^"“«„]*["“«„]/i;

/**
 * What a model heard someone say. A captioning model asked for a transcript answers `A woman says, "Press six."`: there
 * the quoted words are the transcript. Any other text is one as it stands, and so is one whose words before the quotation
 * are spoken too (`A man said, "Go." and left` where the reference begins with "a man said"). A quotation that no mark
 * closes, as where the answer was cut off, goes on to the end.
 */
export function spokenWords(text: string, reference: string): string {
  const [introduced] = introduction.exec(text) ?? [];
  if (introduced === undefined) {
    return text;
  }
  const isSpoken = normaliseWords(reference).join(' ').startsWith(normaliseWords(introduced).join(' '));
  return isSpoken ? text : (quotedSpeech(text, 1) ?? text.slice(introduced.length));
}
