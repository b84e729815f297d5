import { namedChoices } from './mmau';
import { normaliseWords } from './words';

/** Whether a model's text gives a person's answer: names it, word for word; of "yes" and "no" the first counts. */
function gives(prediction: string, answer: string): boolean {
  const words = normaliseWords(answer).join(' ');
  if (words === 'yes' || words === 'no') {
    return normaliseWords(prediction).find((word) => word === 'yes' || word === 'no') === words;
  }
  return namedChoices(normaliseWords(prediction).join(' '), [words]).length > 0;
}

/** The share of the people who gave the answer that the model gives, in [0, 1]. */
export function shareInAgreement(prediction: string, answers: readonly string[]): number {
  return answers.filter((answer) => gives(prediction, answer)).length / answers.length;
}

/** What more than half of the people answered; undefined where there is no such answer. */
export function majorityAnswer(answers: readonly string[]): string | undefined {
  const plain = answers.map((answer) => normaliseWords(answer).join(' '));
  const place = plain.findIndex((answer) => 2 * plain.filter((other) => other === answer).length > plain.length);
  return answers[place];
}

/** Whether the model gives what most people answered; undefined where they disagree. */
export function givesMajority(prediction: string, answers: readonly string[]): boolean | undefined {
  const majority = majorityAnswer(answers);
  return majority === undefined ? undefined : gives(prediction, majority);
}
