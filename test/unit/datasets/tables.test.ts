import fc from 'fast-check';
import Papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import { audioCapsItems } from '../../../src/datasets/audiocaps';
import { clothoItems } from '../../../src/datasets/clotho';
import { clothoAqaItems } from '../../../src/datasets/clotho-aqa';
import { readTable } from '../../../src/datasets/csv-table';

const header = 'file_name,caption_1,caption_2,caption_3,caption_4,caption_5';
const clotho = (...rows: readonly string[]) => clothoItems(readTable([header, ...rows].join('\n')));

describe('readTable', () => {
  it('numbers rows as a spreadsheet does and passes over those without text', () => {
    const { columns, rows } = readTable('a, b\r\n\r\n1,"x, ""y"""\r\n,\r\n2,z\r\n');
    expect(columns).toEqual(['a', 'b']);
    expect(rows).toEqual([
      { number: 3, fields: { a: '1', b: 'x, "y"' } },
      { number: 5, fields: { a: '2', b: 'z' } },
    ]);
  });

  it.each([
    ['LF', 'a,b\n1,2\n3,4'],
    ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n'],
    ['CR', 'a,b\r1,2\r3,4'],
    ['CRLF and LF', 'a,b\r\n1,2\n3,"4"\n'],
  ])('reads lines that end in %s', (_, text) => {
    expect(readTable(text).rows.map(({ fields }) => fields)).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ]);
  });

  it('says which row has too many or too few columns', () => {
    const { rows } = readTable('a,b\n1,2,3\n1\n1,2');
    expect(rows.map(({ problem }) => problem)).toEqual([
      'Row 2 has 3 columns where the header has 2. A text with a comma has to be in quotes.',
      'Row 3 has 1 columns where the header has 2.',
      undefined,
    ]);
  });

  it('passes over empty columns behind the last one, which spreadsheets leave', () => {
    const { columns, rows } = readTable('a,b\n1,"2, 3",\n4,5, ,\n');
    expect(columns).toEqual(['a', 'b']);
    expect(rows.map(({ fields, problem }) => [fields, problem])).toEqual([
      [{ a: '1', b: '2, 3' }, undefined],
      [{ a: '4', b: '5' }, undefined],
    ]);
  });

  it('refuses quotes that do not match, and no header', () => {
    expect(() => readTable('a,b\n1,2\n3,"cut off')).toThrow(/quotes of row 3 do not match/);
    expect(() => readTable('a,b\n1,"2" x,\n3,4')).toThrow(/quotes of row 2 do not match/);
    expect(() => readTable('\n , \n')).toThrow('It is empty.');
  });
});

describe('clothoItems', () => {
  it('takes names to the letter and all captions', () => {
    const names = ['Rain,  hard #2 + wind!.wav', 'Door .wav', 'été – 音.wav'];
    const items = clotho(...names.map((name) => `"${name}",One. ,"Two, too",Three,,Five`));
    expect(items.map(({ id }) => id)).toEqual(names);
    expect(items.map(({ audio }) => audio)).toEqual(names.map((name) => [name]));
    expect(items[0]).toEqual({
      id: names[0],
      audio: [names[0]],
      expected: { kind: 'captions', references: ['One.', 'Two, too', 'Three', 'Five'] },
      groups: {},
    });
  });

  it('looks for a name in HTML as it is written, and then as it is meant', () => {
    const [first, second, third] = clotho(
      'Rain &amp; wind.wav,1,2,3,4,5',
      'Dog&#39;s bark.wav,1,2,3,4,5',
      'R&B &ampx.wav,1,2,3,4,5',
    );
    expect(first!.audio).toEqual(['Rain &amp; wind.wav', 'Rain & wind.wav']);
    expect(second!.audio).toEqual(['Dog&#39;s bark.wav', "Dog's bark.wav"]);
    expect(third!.audio).toEqual(['R&B &ampx.wav']);
  });

  it('takes numbered references and passes over a prediction beside them', () => {
    const text = 'file_name,caption_predicted,caption_reference_01,caption_reference_02\na.wav,guess,one,two';
    expect(clothoItems(readTable(text))[0]!.expected).toEqual({ kind: 'captions', references: ['one', 'two'] });
  });

  it('says what is wrong with an item', () => {
    const items = clotho(
      'a.wav,1,2,3,4,5',
      'a.wav,1,2,3,4,5',
      'b.wav,,, ,,',
      ',1,2,3,4,5',
      'c.wav,1,2',
      'd,1,2,3,4,5,6',
    );
    expect(items.map(({ id, problem }) => [id, problem])).toEqual([
      ['a.wav', undefined],
      ['a.wav#2', 'Another item before it has the id "a.wav".'],
      ['b.wav', 'It has no captions.'],
      ['row 5', 'It has no file_name.'],
      ['c.wav', 'Row 6 has 3 columns where the header has 6.'],
      ['d', 'Row 7 has 7 columns where the header has 6. A text with a comma has to be in quotes.'],
    ]);
  });

  it.each([
    '../../etc/passwd',
    '/etc/passwd',
    'C:\\x.wav',
    '\\\\host\\x.wav',
    'a/../../x.wav',
    '..\\x.wav',
    '&#46;./x.wav',
  ])('does not look for "%s"', (name) => {
    expect(clotho(`${name},1,2,3,4,5`)[0]!.problem).toMatch(/would lie outside of the audio folder/);
  });

  it('lets a name go up and stay inside, and begin or end in dots', () => {
    const items = clotho('a/../b.wav,1,2,3,4,5', '..b.wav,1,2,3,4,5', 'a...,1,2,3,4,5');
    expect(items.map(({ problem }) => problem)).toEqual([undefined, undefined, undefined]);
  });

  it('reads back whatever Papa writes', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((value) => value.trim() !== '' && !value.includes('\r'));
    const name = text.filter((value) => !value.startsWith('./'));
    const rows = fc.uniqueArray(fc.tuple(name, text, text, text, text, text), { selector: ([id]) => id, minLength: 1 });
    fc.assert(
      fc.property(rows, fc.constantFrom('\n', '\r\n'), (given, newline) => {
        const items = clothoItems(readTable(Papa.unparse([header.split(','), ...given], { newline })));
        expect(items.map(({ id, audio }) => [id, audio[0]])).toEqual(given.map(([id]) => [id, id]));
        expect(items.map(({ expected }) => expected)).toEqual(
          given.map(([, ...captions]) => ({ kind: 'captions', references: captions.map((caption) => caption.trim()) })),
        );
      }),
    );
  });

  it('gives every item an id of its own', () => {
    const ids = fc.array(fc.constantFrom('a', 'b', 'a#2', 'a#3', 'b#2#2', 'b#2'), { minLength: 1 });
    fc.assert(
      fc.property(ids, (given) => {
        const items = clotho(...given.map((id) => `${id},1,2,3,4,5`));
        expect(new Set(items.map(({ id }) => id)).size).toBe(given.length);
        for (const [place, { id, problem }] of items.entries()) {
          expect(problem === undefined).toBe(given.indexOf(given[place]!) === place);
          expect(id === given[place]).toBe(problem === undefined);
        }
      }),
    );
  });
});

describe('audioCapsItems', () => {
  const text = [
    'audiocap_id,youtube_id,start_time,caption',
    '1,-0abc,30,A dog barks',
    '2,zz,0,Rain',
    '3,-0abc,30,"A dog, barking"',
    '4,-0abc,40,A cat',
  ].join('\r\n');

  it('makes one item of the captions of a sound', () => {
    expect(audioCapsItems(readTable(text))).toEqual([
      {
        id: '-0abc_30',
        audio: ['-0abc_30.wav'],
        expected: { kind: 'captions', references: ['A dog barks', 'A dog, barking'] },
        groups: {},
      },
      { id: 'zz_0', audio: ['zz_0.wav'], expected: { kind: 'captions', references: ['Rain'] }, groups: {} },
      { id: '-0abc_40', audio: ['-0abc_40.wav'], expected: { kind: 'captions', references: ['A cat'] }, groups: {} },
    ]);
  });

  it('names sounds by a template', () => {
    const names = (template: string) => audioCapsItems(readTable(text), template).map(({ audio }) => audio[0]);
    expect(names('Y{youtube_id}.flac')).toEqual(['Y-0abc.flac', 'Yzz.flac', 'Y-0abc.flac']);
    expect(names('test/{audiocap_id}.wav')).toEqual(['test/1.wav', 'test/2.wav', 'test/4.wav']);
    expect(() => names('{video}.wav')).toThrow(/\{video\}, which is no column/);
    expect(() => names('sound.wav')).toThrow(/the same for all sounds/);
  });

  it('says what is wrong with an item', () => {
    const items = audioCapsItems(
      readTable(
        'audiocap_id,youtube_id,start_time,caption\n1,,30,A\n2,,30,B\n3,x,,A\n4,y,1,\n5,z,2,A dog, barking\n6,z,2,B',
      ),
    );
    expect(items.map(({ id, problem }) => [id, problem])).toEqual([
      ['row 2', 'It has no youtube_id.'],
      ['row 3', 'It has no youtube_id.'],
      ['row 4', 'It has no start_time.'],
      ['y_1', 'It has no captions.'],
      ['z_2', 'Row 6 has 5 columns where the header has 4. A text with a comma has to be in quotes.'],
    ]);
  });
});

describe('clothoAqaItems', () => {
  const read = (...rows: readonly string[]) =>
    clothoAqaItems(readTable(['file_name,QuestionText,answer,confidence', ...rows].join('\n')));

  it('makes one item of the answers to a question', () => {
    const items = read(
      'Rain &amp; wind.wav,Is it raining?,yes,yes',
      'Rain &amp; wind.wav,Is it raining?,Yes,maybe',
      'Rain &amp; wind.wav,What falls?,rain,yes',
      'Rain &amp; wind.wav,Is it raining?,no,no',
      'b.wav,Is it raining?,no,yes',
    );
    expect(items).toEqual([
      {
        id: 'Rain &amp; wind.wav: Is it raining?',
        audio: ['Rain &amp; wind.wav', 'Rain & wind.wav'],
        question: 'Is it raining?',
        expected: { kind: 'answers', answers: ['yes', 'Yes', 'no'] },
        groups: { 'answer type': ['binary'] },
      },
      expect.objectContaining({ question: 'What falls?', groups: { 'answer type': ['single word'] } }),
      expect.objectContaining({ id: 'b.wav: Is it raining?', audio: ['b.wav'] }),
    ]);
  });

  it('says what is wrong with an item', () => {
    const items = read(',Is it?,yes,yes', 'a.wav,,yes,yes', 'a.wav,Is it?,,yes', 'a.wav,Was it?,yes');
    expect(items.map(({ id, problem }) => [id, problem])).toEqual([
      ['row 2', 'It has no file_name.'],
      ['row 3', 'It has no question.'],
      ['a.wav: Is it?', 'It has no answers.'],
      ['a.wav: Was it?', 'Row 5 has 3 columns where the header has 4.'],
    ]);
  });
});
