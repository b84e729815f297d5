import { describe, expect, it } from 'vitest';
import { withoutLetters } from '../../../src/metrics/choice-letter';
import { officialMatch, oneChoiceNamed } from '../../../src/metrics/mmau';
import { spokenWords } from '../../../src/metrics/spoken-words';

describe('letters of choices', () => {
  const plain = ['rain falls', 'a dog barks', 'wind'];
  const lettered = ['(A) rain falls', '(B) a dog barks', '(C) wind'];

  it.each([
    'B',
    'b',
    '(B)',
    'B.',
    'b)',
    ' (B) ',
    'Answer: B',
    'The answer is (B).',
    'The correct option is B',
    'Option B',
  ])('a letter alone is its choice: %s', (prediction) => {
    expect(withoutLetters({ answer: plain[1]!, prediction, choices: plain }).prediction).toBe('a dog barks');
    expect(withoutLetters({ answer: lettered[1]!, prediction, choices: lettered })).toEqual({
      answer: 'a dog barks',
      prediction: 'a dog barks',
      choices: plain,
    });
  });

  it.each([
    ['(B) a dog barks', 'a dog barks'],
    ['B. a dog barks', 'a dog barks'],
    // The text counts, not the letter that contradicts it.
    ['(A) a dog barks', 'a dog barks'],
    ['A dog barks', 'A dog barks'],
    ['I think B', 'I think B'],
    ['E', 'E'],
    ['(E) a dog', '(E) a dog'],
  ])('%s is %s', (prediction, expected) => {
    expect(withoutLetters({ answer: plain[1]!, prediction, choices: plain }).prediction).toBe(expected);
  });

  it('an answer that is a letter is its choice', () => {
    expect(withoutLetters({ answer: 'C', prediction: 'wind', choices: plain }).answer).toBe('wind');
  });

  it.each([[['C', 'A', 'B', 'D']], [['C#', 'A', 'Bm', 'D']]])('letters that are choices themselves stay', (choices) => {
    const keys = { answer: 'A', prediction: 'B', choices };
    expect(withoutLetters(keys)).toEqual(keys);
  });

  const numbers = ['1', '2', '3', '4'];
  it.each([
    [numbers, 'B', true],
    [numbers, '(B)', true],
    [numbers, '(B) 2', true],
    [numbers, '2', true],
    [numbers, 'C', false],
    [['(A) 1', '(B) 2', '(C) 3', '(D) 4'], '(B)', true],
    // Other letters than those that choices are named by can not be taken for them.
    [['Fa', '2', 'Ré', '水'], 'B', true],
  ])('of the choices %j, the second is meant by "%s": %s', (choices, prediction, right) => {
    const given = withoutLetters({ answer: choices[1]!, prediction, choices });
    expect([officialMatch(given), oneChoiceNamed(given)]).toEqual([right, right]);
  });

  it('choices that are not lettered in order stay', () => {
    const odd = { answer: 'A. Smith', prediction: 'x', choices: ['A. Smith', 'J. Doe'] };
    expect(withoutLetters(odd).choices).toEqual(odd.choices);
  });
});

describe('the words that are said', () => {
  it.each([
    ['A woman says, "Press six."', 'press six', 'Press six.'],
    ['Press six.', 'press six', 'Press six.'],
    ['He said "go away" and left', 'he said go away and left', 'He said "go away" and left'],
    ['A man said, "Go away" and left', 'a man said go away and left', 'A man said, "Go away" and left'],
    ['A man speaks', 'hello there', 'A man speaks'],
    ['A woman says, "Yes."', 'yes', 'Yes.'],
    ['A woman says, "Please hold while I', 'please hold while i try', 'Please hold while I'],
    ['A man says, “Hello there”, then laughs.', 'hello there', 'Hello there'],
  ])('%s', (text, reference, expected) => {
    expect(spokenWords(text, reference)).toBe(expected);
  });
});
