import { describe, expect, it } from 'vitest';
import { readBenchmark } from '../../../src/datasets/earmark';

const benchmark = (...items: readonly object[]) => readBenchmark({ name: 'Bells', items });
const item = (fields: object) => benchmark({ id: 'a', audio: 'a.wav', ...fields }).items[0]!;

describe('readBenchmark', () => {
  it('reads items of every kind', () => {
    const events = [{ start: 0.25, end: 4, what: 'a bell' }];
    expect(
      benchmark(
        {
          id: 'a',
          audio: './x/a.wav',
          captions: [' One ', '', 'Two'],
          groups: { part: 'x', kinds: ['y', 'z'] },
          events,
        },
        { id: 2, audio: 'b.wav', transcript: 'Please enter', question: 'What is said?' },
        { id: 'c', audio: 'c.wav', question: 'Which?', answer: 'Rain', choices: ['Wind', 'Rain'] },
        { id: 'd', audio: 'd.wav', question: 'What?', answers: ['rain', 'drops'] },
        { id: 'e', audio: 'e.wav', question: 'What?', answer: 'rain' },
      ),
    ).toEqual({
      name: 'Bells',
      items: [
        {
          id: 'a',
          audio: ['x/a.wav'],
          expected: { kind: 'captions', references: ['One', 'Two'] },
          groups: { part: ['x'], kinds: ['y', 'z'] },
          events,
        },
        {
          id: '2',
          audio: ['b.wav'],
          question: 'What is said?',
          expected: { kind: 'transcript', text: 'Please enter' },
          groups: {},
        },
        {
          id: 'c',
          audio: ['c.wav'],
          question: 'Which? (A) Wind (B) Rain',
          expected: { kind: 'choice', answer: 'Rain', choices: ['Wind', 'Rain'] },
          groups: {},
        },
        {
          id: 'd',
          audio: ['d.wav'],
          question: 'What?',
          expected: { kind: 'answers', answers: ['rain', 'drops'] },
          groups: {},
        },
        { id: 'e', audio: ['e.wav'], question: 'What?', expected: { kind: 'answers', answers: ['rain'] }, groups: {} },
      ],
    });
  });

  it('asks a question that needs no letters as it is', () => {
    const question = 'Is anyone speaking?';
    expect(item({ question, answer: 'No', choices: ['Yes', 'No'], lettered: false })).toMatchObject({
      question,
      expected: { kind: 'choice', answer: 'No', choices: ['Yes', 'No'] },
    });
  });

  it.each<[string, object, string]>([
    ['nothing expected', {}, 'It has no captions, transcript, answer or answers.'],
    ['no captions', { captions: [' '] }, 'It has no captions.'],
    ['an empty transcript', { transcript: ' ' }, 'Its transcript is empty.'],
    ['two kinds', { captions: ['x'], transcript: 'x' }, 'It has captions and transcript, of which it may have one.'],
    ['no question', { answers: ['x'] }, 'It has no question.'],
    ['no answers', { question: 'x', answers: [] }, 'It has no answers.'],
    ['a wrong answer', { question: 'x', answer: 'c', choices: ['a', 'b'] }, 'Its answer "c" is not among its choices.'],
    ['choices without an answer', { question: 'x', choices: ['a', 'b'] }, 'It has no answer.'],
    [
      'an event that ends before it starts',
      { captions: ['x'], events: [{ start: 2, end: 1, what: 'bell' }] },
      'Its event "bell" ends before it starts.',
    ],
    [
      'a sound elsewhere',
      { audio: '../../etc/passwd', captions: ['x'] },
      'Its sound "../../etc/passwd" would lie outside of the audio folder.',
    ],
  ])('says that an item has %s', (_, fields, problem) => {
    expect(item(fields).problem).toBe(problem);
  });

  it('gives the second item of an id one of its own', () => {
    const fields = { audio: 'a.wav', captions: ['x'] };
    const { items } = benchmark({ id: '1', ...fields }, { id: 1, ...fields });
    expect(items.map(({ id, problem }) => [id, problem])).toEqual([
      ['1', undefined],
      ['1#2', 'Another item before it has the id "1".'],
    ]);
  });

  it.each<[string, object, RegExp]>([
    ['no name', { items: [{ id: 'a', audio: 'a' }] }, /^It must have required property 'name'\.$/],
    ['no items', { name: 'x', items: [] }, /^Its "items" must NOT have fewer than 1 items\.$/],
    ['items that are no list', { name: 'x', items: {} }, /^Its "items" must be array\.$/],
    ['an item that is no object', { name: 'x', items: [null] }, /^Item number 1 must be object\.$/],
    [
      'an item without a sound',
      { name: 'x', items: [{ id: 'a' }] },
      /^Item "a" must have required property 'audio'\.$/,
    ],
    ['an item without an id', { name: 'x', items: [{ audio: 'a' }] }, /^Item number 1 must have .* 'id'\.$/],
    [
      'a caption that is no text',
      { name: 'x', items: [{ id: 7, audio: 'a', captions: ['x', 1] }] },
      /^Item "7": its "captions\/1" must be string\.$/,
    ],
    [
      'a field that is not known',
      { name: 'x', items: [{ id: 'a', audio: 'a', caption: 'x' }] },
      /^Item "a" must NOT have additional properties: "caption"\.$/,
    ],
    [
      'an event without an end',
      { name: 'x', items: [{ id: 'a', audio: 'a', captions: ['x'], events: [{ start: 0, what: 'x' }] }] },
      /^Item "a": its "events\/0" must have required property 'end'\.$/,
    ],
    [
      'more errors than anybody reads',
      { name: 'x', items: Array.from({ length: 9 }, (_, place) => ({ id: place + 1 })) },
      /Item "5" must have .* … and 4 more\.$/,
    ],
    [
      'its sounds elsewhere',
      { name: 'x', audio: '../x', items: [{ id: 'a', audio: 'a' }] },
      /lies outside of its folder/,
    ],
  ])('refuses a document with %s', (_, document, message) => {
    const read = () => readBenchmark(document as Record<string, unknown>);
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ code: 'dataset-invalid' }) as Error);
  });
});
