import type { Expected } from './dataset';
import type { Draft } from './draft';

/**
 * A question with its choices as the model is asked: `Which is heard? (A) A dog barks (B) Rain`. Choices that begin
 * with their letters already keep them.
 *
 * MMAU and MMAR prescribe no prompt, only how an answer is matched, and published models each use one of their own:
 * "Choose the correct option from the following options: (A) …", "Please choose the answer from the following
 * options: […]". This is the form that Earmark's own model was trained with; others understand it.
 */
export function questionWithChoices(question: string, choices: readonly string[]): string {
  const texts = choices.map((choice) => choice.trim());
  const areLettered = texts.every((text, place) => text.startsWith(`${letterOf(place)} `));
  const lettered = areLettered ? texts : texts.map((text, place) => `${letterOf(place)} ${text}`);
  return [question.trim(), ...lettered].join(' ');
}

function letterOf(place: number): string {
  return `(${String.fromCharCode('A'.charCodeAt(0) + place)})`;
}

/** What a question becomes, and what is wrong with it. */
export type QuestionPart = Pick<Draft, 'question' | 'expected' | 'problems'>;

/**
 * @param answer one of the choices, but for case and the space around it
 * @param lettered whether the choices are told: a question that is answered by yes or no says enough by itself
 */
export function choicePart(
  question: string,
  choices: readonly string[],
  answer: string,
  lettered = true,
): QuestionPart {
  const expected: Expected = { kind: 'choice', answer, choices };
  const isChoice = choices.some((choice) => plain(choice) === plain(answer));
  return {
    question: lettered ? questionWithChoices(question, choices) : question.trim(),
    expected,
    problems: [
      question.trim() === '' ? 'It has no question.' : undefined,
      choices.length < 2 ? 'It has fewer than two choices.' : undefined,
      answer.trim() === '' ? 'It has no answer.' : undefined,
      answer.trim() !== '' && !isChoice ? `Its answer "${answer}" is not among its choices.` : undefined,
    ],
  };
}

function plain(text: string): string {
  return text.trim().toLowerCase();
}
