import { describe, expect, it } from 'vitest';
import { withoutLetters } from '../../../src/metrics/choice-letter';
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

  it('letters that are choices themselves stay', () => {
    const keys = { answer: 'A', prediction: 'B', choices: ['C', 'A', 'B', 'D'] };
    expect(withoutLetters(keys)).toEqual(keys);
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
    ['A man says, “Hello there”, then laughs.', 'hello there', 'Hello there'],
  ])('%s', (text, reference, expected) => {
    expect(spokenWords(text, reference)).toBe(expected);
  });
});
