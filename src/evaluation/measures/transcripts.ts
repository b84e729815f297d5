import { spokenWords } from '../../metrics/spoken-words';
import { normaliseEnglish } from '../../metrics/whisper-normalizer';
import { characterErrorRates, wordErrorRates, type ErrorRates, type Transcript } from '../../metrics/word-error-rate';
import type { MetricInfo } from '../../protocol/evaluation-summary';
import { oncePerText, ratioMeasure, type Measure } from './measure';

const words: MetricInfo = {
  name: 'wer',
  label: 'WER',
  kind: 'quality',
  better: 'lower',
  description:
    "Word errors over words of all transcripts together, after Whisper's English normaliser; of an answer that quotes speech, the quoted words.",
};

const characters: MetricInfo = {
  name: 'cer',
  label: 'CER',
  kind: 'quality',
  better: 'lower',
  description:
    "Character errors over characters of all transcripts together, after Whisper's English normaliser; of an answer that quotes speech, the quoted words.",
};

/** Error rates of transcripts: total errors over total length, not means of the rows' rates. */
export function transcriptMeasures(): readonly Measure[] {
  const plain = oncePerText(normaliseEnglish);
  const rates = (metric: MetricInfo, of: (items: readonly Transcript[]) => ErrorRates): Measure =>
    ratioMeasure(metric, ({ expected, outcome }) => {
      if (expected.kind !== 'transcript') {
        return undefined;
      }
      const hypothesis = plain(spokenWords(outcome.text, expected.text));
      const { errors, length } = of([{ reference: plain(expected.text), hypothesis }]).corpus;
      return [errors, length];
    });
  return [rates(words, wordErrorRates), rates(characters, characterErrorRates)];
}
