import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { questionWithChoices } from '../../../src/datasets/choice-question';
import { isMmar, mmarItems } from '../../../src/datasets/mmar';
import { isMmau, mmauItems } from '../../../src/datasets/mmau';

const mmau = {
  'id': '3fe6',
  'audio_id': './test-mini-audios/3fe6.wav',
  'question': 'Which is heard?',
  'choices': ['A dog barks', 'Rain'],
  'answer': 'Rain',
  'dataset': 'AudioSet',
  'task': 'sound',
  'split': 'test-mini',
  'category': 'Reasoning',
  'sub-category': 'Acoustic Source Inference',
  'difficulty': 'medium',
};

describe('questionWithChoices', () => {
  it.each([2, 4, 5, 8])('letters %i choices', (count) => {
    const letters = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'].slice(0, count);
    const expected = `What? ${letters.map((letter) => `(${letter}) is ${letter}`).join(' ')}`;
    expect(
      questionWithChoices(
        ' What? ',
        letters.map((letter) => `is ${letter} `),
      ),
    ).toBe(expected);
    expect(
      questionWithChoices(
        'What?',
        letters.map((letter) => `(${letter}) is ${letter}`),
      ),
    ).toBe(expected);
  });

  it('letters choices of which only some begin with a letter, or with those of others', () => {
    expect(questionWithChoices('?', ['(A) x', 'y'])).toBe('? (A) (A) x (B) y');
    expect(questionWithChoices('?', ['(B) x', '(A) y'])).toBe('? (A) (B) x (B) (A) y');
  });

  it('is the same for choices that are lettered already', () => {
    const choices = fc.array(fc.stringMatching(/^[a-z][a-z ]*$/), { minLength: 1, maxLength: 26 });
    fc.assert(
      fc.property(choices, (given) => {
        const lettered = given.map((choice, place) => `(${String.fromCharCode(65 + place)}) ${choice}`);
        expect(questionWithChoices('?', lettered)).toBe(questionWithChoices('?', given));
      }),
    );
  });
});

describe('mmauItems', () => {
  it('reads a row', () => {
    expect(isMmau([mmau])).toBe(true);
    expect(mmauItems([mmau])).toEqual([
      {
        id: '3fe6',
        audio: ['test-mini-audios/3fe6.wav', '3fe6.wav'],
        question: 'Which is heard? (A) A dog barks (B) Rain',
        expected: { kind: 'choice', answer: 'Rain', choices: ['A dog barks', 'Rain'] },
        groups: {
          'category': ['Reasoning'],
          'sub-category': ['Acoustic Source Inference'],
          'difficulty': ['medium'],
          'task': ['sound'],
          'dataset': ['AudioSet'],
        },
      },
    ]);
  });

  it('takes several categories, none, and a sound that is named after the id', () => {
    const [several, none] = mmauItems([
      { ...mmau, category: ['Reasoning', ' Information Extraction', 7, null] },
      { ...mmau, audio_id: undefined, id: 12, category: null },
    ]);
    expect(several!.groups['category']).toEqual(['Reasoning', 'Information Extraction', '7']);
    expect(none).toMatchObject({ id: '12', audio: ['12.wav'] });
    expect(none!.groups).not.toHaveProperty('category');
  });

  it('compares answer and choices without case and the space around them', () => {
    const [item] = mmauItems([{ ...mmau, answer: ' rain', choices: ['RAIN ', 'Snow'] }]);
    expect(item!.problem).toBeUndefined();
  });

  it.each<[string, object, string]>([
    ['an answer that is no choice', { answer: 'Snow' }, 'Its answer "Snow" is not among its choices.'],
    ['no answer', { answer: undefined }, 'It has no answer.'],
    ['no question', { question: null }, 'It has no question.'],
    [
      'no choices',
      { choices: undefined },
      'It has fewer than two choices. Its answer "Rain" is not among its choices.',
    ],
    ['one choice', { choices: ['Rain'] }, 'It has fewer than two choices.'],
    ['no id', { id: undefined }, 'It has no id.'],
    ['no names', { id: '', audio_id: 3.5 }, 'It has no id.'],
    ['an absolute path', { audio_id: '/etc/passwd' }, 'Its sound "/etc/passwd" would lie outside of the audio folder.'],
    ['a path upwards', { audio_id: './../x' }, 'Its sound "../x" would lie outside of the audio folder.'],
  ])('says that an item has %s', (_, fields, problem) => {
    expect(mmauItems([mmau, { ...mmau, id: 'b', ...fields }])[1]!.problem).toBe(problem);
  });

  it('keeps the place of what is no row', () => {
    const [item] = mmauItems([{}]);
    expect(item).toMatchObject({ id: 'row 1', audio: [''] });
    expect(item!.problem).toMatch(/It has no id. It names no sound. It has no question./);
  });

  it('makes items of whatever is in the fields', () => {
    const names = Object.keys(mmau);
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.constantFrom(...names), fc.jsonValue())), (rows) => {
        const items = mmauItems(rows);
        expect(items).toHaveLength(rows.length);
        expect(items.every(({ audio }) => audio.length > 0)).toBe(true);
      }),
    );
  });
});

describe('mmarItems', () => {
  const mmar = {
    'id': 'BV1',
    'audio_path': './audio/BV1_00-00.wav',
    'question': 'Who speaks?',
    'choices': ['Nobody', 'A man'],
    'answer': 'A man',
    'modality': 'mix-sound-speech',
    'category': 'Signal Layer',
    'sub-category': 'Counting',
    'language': 'en',
    'url': 'https://example.com',
    'answer_prediction': 'Nobody',
  };

  it('reads a row without its prediction', () => {
    expect([isMmar([mmar]), isMmar([mmau]), isMmar([])]).toEqual([true, false, false]);
    expect(mmarItems([mmar])).toEqual([
      {
        id: 'BV1',
        audio: ['audio/BV1_00-00.wav', 'BV1_00-00.wav'],
        question: 'Who speaks? (A) Nobody (B) A man',
        expected: { kind: 'choice', answer: 'A man', choices: ['Nobody', 'A man'] },
        groups: {
          'modality': ['mix-sound-speech'],
          'category': ['Signal Layer'],
          'sub-category': ['Counting'],
          'language': ['en'],
        },
      },
    ]);
  });

  it('says that an item names no sound', () => {
    expect(mmarItems([{ ...mmar, audio_path: '' }])[0]!.problem).toBe('It names no sound.');
  });
});
