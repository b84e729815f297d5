import { pythonPattern } from './python-text';

/** An answer to a question with choices. `answer` is one of `choices`. */
export interface ChoiceAnswer {
  readonly answer: string;
  readonly prediction: string;
  readonly choices: readonly string[];
}

const words = pythonPattern(String.raw`\w+`);

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(words) ?? [];
}

function isSubset(some: ReadonlySet<string>, all: ReadonlySet<string>): boolean {
  return [...some].every((word) => all.has(word));
}

/**
 * The string match of MMAU's (and MMAR's) evaluation: all words of the answer are in the prediction, and no word of a
 * wrong choice is, unless the answer has it too. Order and repetition do not matter.
 *
 * It rejects some right answers: "The answer is rain" where a wrong choice holds "the" or "is".
 */
export function officialMatch({ answer, prediction, choices }: ChoiceAnswer): boolean {
  const predicted = new Set(wordsOf(prediction));
  const right = new Set(wordsOf(answer));
  const wrong = choices
    .map((choice) => new Set(wordsOf(choice)))
    .filter((choice) => choice.size !== right.size || !isSubset(choice, right))
    .flatMap((choice) => [...choice].filter((word) => !right.has(word)));
  return predicted.size > 0 && isSubset(right, predicted) && !wrong.some((word) => predicted.has(word));
}

/** Where `part` stands in `whole`, word for word: the indices of its first words. */
function placesOf(part: readonly string[], whole: readonly string[]): number[] {
  const starts = part.length === 0 ? [] : Array.from({ length: whole.length - part.length + 1 }, (_, start) => start);
  return starts.filter((start) => part.every((word, i) => whole[start + i] === word));
}

/**
 * The choices that a prediction names: their words stand in it one after the other, and not only inside a longer
 * choice's ("dog" is not named by "hot dog" where that is a choice as well).
 */
export function namedChoices(prediction: string, choices: readonly string[]): string[] {
  const predicted = wordsOf(prediction);
  const taken = predicted.map(() => false);
  const named = new Set<number>();
  const byLength = choices.map((choice, index) => ({ index, parts: wordsOf(choice) }));
  byLength.sort((a, b) => b.parts.length - a.parts.length);
  for (const { index, parts } of byLength) {
    for (const start of placesOf(parts, predicted)) {
      if (parts.some((_, i) => !taken[start + i])) {
        named.add(index);
        taken.fill(true, start, start + parts.length);
      }
    }
  }
  return choices.filter((_, index) => named.has(index));
}

/**
 * A stricter match: exactly one choice is named, and it is the answer. "The answer is rain" counts; "rain or wind" does
 * not, and neither does a text that has the answer's words in another order.
 */
export function oneChoiceNamed({ answer, prediction, choices }: ChoiceAnswer): boolean {
  const named = namedChoices(prediction, choices).map((choice) => wordsOf(choice).join(' '));
  return new Set(named).size === 1 && named[0] === wordsOf(answer).join(' ');
}

export interface Accuracy {
  readonly correct: number;
  readonly total: number;
  readonly accuracy: number;
}

/** Shares of right answers for each group; an item in several groups counts in each. Groups in order of appearance. */
export function accuracyBy(
  items: readonly { readonly correct: boolean; readonly groups: readonly string[] }[],
): Map<string, Accuracy> {
  const accuracies = new Map<string, Accuracy>();
  for (const { correct, groups } of items) {
    for (const group of new Set(groups)) {
      const before = accuracies.get(group) ?? { correct: 0, total: 0 };
      const now = { correct: before.correct + (correct ? 1 : 0), total: before.total + 1 };
      accuracies.set(group, { ...now, accuracy: now.correct / now.total });
    }
  }
  return accuracies;
}
