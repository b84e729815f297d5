import type { ChoiceAnswer } from './mmau';

/** "(B) a dog", "B) a dog", "B. a dog", "B: a dog". A bare "A dog" is a sentence, no letter. */
const lettered = /^\s*\(?([A-Z])[).:]+\s+(\S[^]*)$/;
/** "B", "(b)", "B.", "Answer: B", "The correct answer is (B)." and nothing else. */
const bare =
  /^\s*(?:the\s+)?(?:(?:correct|right|best)\s+)?(?:(?:answer|option|choice)\s*(?:is)?\s*:?\s*)?\(?([a-z])[).:]*\s*$/i;

/** One of the letters that answers name choices by, and no other letter or number: "A", "C#". A "2" is none. */
const oneLetter = /^[^\p{L}\p{N}]*[A-Za-z][^\p{L}\p{N}]*$/u;

const placeOf = (letter: string): number => letter.toUpperCase().charCodeAt(0) - 'A'.charCodeAt(0);

/** The texts without "(A)", "(B)" …, where each has the letter of its place; as they are where one has not. */
function plainChoices(choices: readonly string[]): readonly string[] {
  const parts = choices.map((choice, place) => {
    const [, letter, text] = lettered.exec(choice) ?? [];
    return letter !== undefined && placeOf(letter) === place ? text! : undefined;
  });
  return parts.every((part) => part !== undefined) ? parts : choices;
}

function plainAnswer(text: string, choices: readonly string[]): string {
  const [, only] = bare.exec(text) ?? [];
  if (only !== undefined) {
    return choices[placeOf(only)] ?? text;
  }
  const [, letter, rest] = lettered.exec(text) ?? [];
  return letter !== undefined && placeOf(letter) < choices.length ? rest! : text;
}

/**
 * The same question with letters taken as what they stand for. Prompts list choices as "(A) rain (B) a dog barks", and a
 * model answers "B", "(B)" or "(B) a dog barks" as often as "a dog barks". Word matches such as MMAU's know texts only:
 * they would reject a right "B", and a choice that holds its letter would have to be repeated with it. So
 *
 * - choices that all begin with their letters lose them, and so does the answer;
 * - an answer or prediction that is a letter and nothing else becomes the choice at that place;
 * - a letter before a text goes, and the text counts: "(A) a dog barks" is "a dog barks", whichever letter that has.
 *
 * Where a choice is itself one letter (keys and chords in questions on music), letters are texts and stay.
 */
export function withoutLetters({ answer, prediction, choices }: ChoiceAnswer): ChoiceAnswer {
  const plain = plainChoices(choices);
  if (plain.some((choice) => oneLetter.test(choice))) {
    return { answer, prediction, choices };
  }
  return { answer: plainAnswer(answer, plain), prediction: plainAnswer(prediction, plain), choices: plain };
}
