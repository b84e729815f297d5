import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../../src/cli/exit-codes';
import { locateAudio } from '../../../src/datasets/locate-audio';
import { readDataset } from '../../../src/datasets/read-dataset';
import { DatasetFolder } from './dataset-folder';

const clothoHeader = 'file_name,caption_1,caption_2,caption_3,caption_4,caption_5';
const clotho = (...names: readonly string[]): string =>
  [clothoHeader, ...names.map((name) => `"${name}",one,two,three,four,five`)].join('\n');
const audioCaps = 'audiocap_id,youtube_id,start_time,caption\n1,-a,30,A dog\n2,-a,30,A bark\n';
const clothoAqa = 'file_name,QuestionText,answer,confidence\na.wav,Is it?,yes,yes\na.wav,Is it?,no,yes\n';
const question = { question: 'Which?', choices: ['Rain', 'Wind'], answer: 'Wind' };
const mmau = { id: 'm', audio_id: './test-mini-audios/m.wav', ...question };
const mmar = { id: 'r', audio_path: './audio/r.wav', ...question };
const benchmark = { name: 'Bells', items: [{ id: 'b', audio: 'b.wav', captions: ['a bell'] }] };
const lines = (...rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

describe('the format', () => {
  it.each<[string, string, string]>([
    ['clotho', clotho('a.wav'), 'a.wav'],
    ['audiocaps', audioCaps, '-a_30'],
    ['clotho-aqa', clothoAqa, 'a.wav: Is it?'],
    ['mmau', JSON.stringify([mmau]), 'm'],
    ['mmau', lines(mmau, { ...mmau, id: 'n' }), 'm'],
    ['mmar', lines(mmar, { ...mmar, id: 's' }), 'r'],
    ['mmar', `\n${lines(mmar)}\n`, 'r'],
    ['mmar', JSON.stringify([mmar], null, 2), 'r'],
    ['earmark', JSON.stringify(benchmark, null, 2), 'b'],
    ['earmark', JSON.stringify(benchmark), 'b'],
  ])('%s is recognised from what is in the file, not from its name', async (format, text, id) => {
    const file = new DatasetFolder().write('whatever.txt', text);
    const dataset = await readDataset(file);
    expect(dataset).toMatchObject({ format, file });
    expect(dataset.items[0]!.id).toBe(id);
    expect(dataset.items[0]!.problem).toBeUndefined();
  });

  it.each<[string, string, RegExp]>([
    ['other columns', 'file_name,keywords\na,b', /Its columns are "file_name", "keywords"/],
    ['predictions only', 'file_name,caption_predicted\na,b', /"caption_predicted": that is no format/],
    ['other fields', '[{"id": 1, "text": "x"}]', /Its fields are "id", "text"/],
    ['no fields', '[1, "x"]', /It has no fields/],
    ['other text', 'Hello', /Its columns are "Hello"/],
    ['nothing', '', /"d.csv" can not be read as a dataset. It is empty/],
    ['spaces', ' \r\n ', /It is empty/],
    ['an empty list', '[]', /It has no items/],
    ['no rows', clothoHeader, /It has no items/],
    ['JSON that is cut off', '[{"id": 1, "question": ', /It is not JSON\. /],
    ['a document that is cut off', '{"name": "x", "items": [', /It is not JSON\. /],
    ['a line that is cut off', `${lines(mmar)}\n{"id": "s", `, /It is not JSON. Line 3: /],
    ['a quote that is not closed', `${clothoHeader}\na.wav,"one,two`, /quotes of row 2/],
    ['a document that is no benchmark', '{"items": 1}', /must have required property 'name'/],
  ])('refuses %s', async (_, text, message) => {
    const file = new DatasetFolder().write('d.csv', text);
    await expect(readDataset(file)).rejects.toThrow(message);
    await expect(readDataset(file)).rejects.toMatchObject({ code: 'dataset-invalid' });
    expect(exitCodeOf('dataset-invalid')).toBe(2);
  });

  it('can be asked for', async () => {
    const file = new DatasetFolder().write('d.json', JSON.stringify([mmar]));
    expect((await readDataset(file, { format: 'mmau' })).items[0]!.audio).toEqual(['r.wav']);
    const read = readDataset(file, { format: 'clotho' });
    await expect(read).rejects.toThrow(/"audio_path"/);
    await expect(read).rejects.toMatchObject({ action: 'It reads Clotho (file_name, caption_1 …).' });
  });

  it('says so where there is no file', async () => {
    await expect(readDataset('none.csv')).rejects.toThrow('"none.csv" can not be read.');
  });
});

describe('the encoding', () => {
  it('may begin with a byte order mark and end lines in CRLF', async () => {
    const folder = new DatasetFolder();
    folder.sound('é.wav', 'r.wav');
    const table = folder.write('a.csv', `\ufeff${clotho('é.wav').replaceAll('\n', '\r\n')}\r\n`);
    expect(await readDataset(table)).toMatchObject({ items: [{ id: 'é.wav' }], warnings: [] });
    const rows = folder.write('a.jsonl', `\ufeff${lines(mmar, { ...mmar, id: 's' }).replaceAll('\n', '\r\n')}`);
    expect(await readDataset(rows)).toMatchObject({ items: [{ id: 'r' }, { id: 's' }], warnings: [] });
  });

  it('may be ISO-8859-1, with a warning', async () => {
    const folder = new DatasetFolder();
    folder.sound('café.wav');
    const dataset = await readDataset(folder.write('a.csv', Buffer.from(clotho('café.wav'), 'latin1')));
    expect(dataset.items[0]!.id).toBe('café.wav');
    expect(dataset.warnings).toEqual([expect.stringMatching(/was read as ISO-8859-1/)]);
    expect(await locateAudio(dataset, dataset.items[0]!)).toBe(join(folder.path, 'café.wav'));
  });
});

describe('a folder', () => {
  it('has its dataset found, the part for evaluation first', async () => {
    const folder = new DatasetFolder();
    folder.write('clotho_captions_development.csv', clotho('d.wav'));
    folder.write('clotho_captions_validation.csv', clotho('v.wav'));
    expect((await readDataset(folder.path)).items[0]!.id).toBe('v.wav');
    const file = folder.write('clotho_captions_evaluation.csv', clotho('e.wav'));
    folder.write('clotho_metadata_evaluation.csv', 'file_name,keywords\ne.wav,rain');
    folder.write('package.json', '{}');
    folder.write('notes.json', 'not json');
    expect(await readDataset(folder.path)).toMatchObject({ file, format: 'clotho', items: [{ id: 'e.wav' }] });
  });

  it.each([
    ['test.csv', audioCaps, 'train.csv', audioCaps],
    ['captions.csv', clotho('a.wav'), 'val.csv', clotho('b.wav')],
    ['benchmark.json', JSON.stringify(benchmark), 'a.csv', clotho('b.wav')],
    ['mmau-test-mini.json', JSON.stringify([mmau]), 'mmau-test.json', JSON.stringify([{ ...mmau, answer: undefined }])],
  ])('prefers %s', async (better, text, worse, other) => {
    const folder = new DatasetFolder();
    const file = folder.write(better, text);
    folder.write(worse, other);
    expect((await readDataset(folder.path)).file).toBe(file);
  });

  it('is named', async () => {
    const folder = new DatasetFolder();
    folder.write('bells/benchmark.json', JSON.stringify(benchmark));
    folder.write('clotho/a.csv', clotho('a.wav'));
    expect((await readDataset(join(folder.path, 'bells'))).name).toBe('Bells');
    expect((await readDataset(join(folder.path, 'clotho'))).name).toBe('clotho');
    expect((await readDataset(join(folder.path, 'clotho/a.csv'))).name).toBe('a.csv');
  });

  it('is refused where several files fit equally, or none does', async () => {
    const folder = new DatasetFolder();
    await expect(readDataset(folder.path)).rejects.toThrow(/has no dataset\./);
    folder.write('a.csv', 'x,y');
    await expect(readDataset(folder.path)).rejects.toThrow(/"a.csv" can not be read .* columns are "x", "y"/);
    folder.write('b.json', '[]');
    await expect(readDataset(folder.path)).rejects.toThrow(/has no dataset among a.csv, b.json/);
    folder.write('test-1.csv', audioCaps);
    folder.write('test-2.jsonl', lines(mmar));
    await expect(readDataset(folder.path)).rejects.toThrow(/several datasets: "test-1.csv", "test-2.jsonl"/);
  });
});

describe('the audio folder', () => {
  it.each([
    ['clotho_captions_evaluation.csv', clotho('none.wav', 'a, b #1.wav'), 'evaluation', 'a, b #1.wav'],
    ['test.csv', audioCaps, 'audio', '-a_30.wav'],
    ['mmau-test-mini.json', JSON.stringify([mmau]), 'wav', 'm.wav'],
    ['a.jsonl', lines(mmar), 'audio/deeper', 'r.wav'],
  ])('of %s is looked for', async (name, text, below, sound) => {
    const folder = new DatasetFolder();
    folder.write(name, text);
    folder.write('other/a.txt', '');
    folder.sound(join(below, sound));
    const dataset = await readDataset(folder.path);
    expect(dataset.audioFolder).toBe(join(folder.path, below.split('/')[0]!));
    expect(dataset.warnings).toEqual([]);
    expect(await locateAudio(dataset, dataset.items.at(-1)!)).toBe(join(folder.path, below, sound));
  });

  it("is the file's own where the sounds are named from there", async () => {
    const folder = new DatasetFolder();
    folder.write('mmau-test-mini.json', JSON.stringify([mmau]));
    folder.sound('test-mini-audios/m.wav');
    const dataset = await readDataset(folder.path);
    expect(dataset.audioFolder).toBe(folder.path);
    expect(await locateAudio(dataset, dataset.items[0]!)).toBe(join(folder.path, 'test-mini-audios/m.wav'));
  });

  it('is the one with most sounds, or else the first, with a warning', async () => {
    const folder = new DatasetFolder();
    folder.write('a.csv', clotho('a.wav', 'b.wav'));
    folder.sound('few/a.wav', 'many/a.wav', 'many/b.wav');
    expect(await readDataset(folder.path)).toMatchObject({ audioFolder: join(folder.path, 'many'), warnings: [] });
    folder.sound('few/b.wav');
    expect(await readDataset(folder.path)).toMatchObject({
      audioFolder: join(folder.path, 'few'),
      warnings: ['Its sounds are in the folder "few", which is used, and in "many" as well.'],
    });
  });

  it("is the file's own where there are no sounds, with a warning", async () => {
    const folder = new DatasetFolder();
    folder.write('a.csv', clotho('a.wav', 'b.wav'));
    expect(await readDataset(folder.path)).toMatchObject({
      audioFolder: folder.path,
      warnings: ['None of its first 2 sounds is beside it: give their folder.'],
    });
  });

  it('can be asked for, and the names of sounds as well', async () => {
    const folder = new DatasetFolder();
    folder.write('data/test.csv', audioCaps);
    folder.sound('sounds/Y-a.wav');
    const audioFolder = join(folder.path, 'sounds');
    const dataset = await readDataset(join(folder.path, 'data'), { audioFolder, audioName: 'Y{youtube_id}.wav' });
    expect(dataset.audioFolder).toBe(audioFolder);
    expect(await locateAudio(dataset, dataset.items[0]!)).toBe(join(audioFolder, 'Y-a.wav'));
    const read = readDataset(join(folder.path, 'data'), { audioFolder: join(folder.path, 'none') });
    await expect(read).rejects.toThrow(/There is no folder ".*none" for the sounds of "test.csv"/);
  });

  it('can be named by a benchmark', async () => {
    const folder = new DatasetFolder();
    folder.write('benchmark.json', JSON.stringify({ ...benchmark, audio: 'sounds' }));
    await expect(readDataset(folder.path)).rejects.toThrow(/There is no folder "sounds"/);
    folder.sound('sounds/b.wav');
    expect((await readDataset(folder.path)).audioFolder).toBe(join(folder.path, 'sounds'));
  });
});

describe('the warnings', () => {
  it('say how many items can not be evaluated', async () => {
    const folder = new DatasetFolder();
    folder.sound('a.wav');
    const file = folder.write('a.csv', clotho('a.wav', 'a.wav', '../../etc/passwd'));
    expect((await readDataset(file)).warnings).toEqual([
      '2 of its 3 items can not be evaluated; "a.wav#2": Another item before it has the id "a.wav".',
    ]);
  });
});

describe('locateAudio', () => {
  const locate = (folder: DatasetFolder, ...audio: readonly string[]) =>
    locateAudio({ audioFolder: folder.path }, { audio });

  it('takes the first name that is there', async () => {
    const folder = new DatasetFolder();
    folder.sound('R & B.wav', 'Door .wav');
    expect(await locate(folder, 'R &amp; B.wav', 'R & B.wav')).toBe(join(folder.path, 'R & B.wav'));
    folder.sound('R &amp; B.wav');
    expect(await locate(folder, 'R &amp; B.wav', 'R & B.wav')).toBe(join(folder.path, 'R &amp; B.wav'));
    expect(await locate(folder, 'Door .wav')).toBe(join(folder.path, 'Door .wav'));
    expect(await locate(folder, 'Door.wav')).toBeUndefined();
  });

  it('looks one folder down where only one has it', async () => {
    const folder = new DatasetFolder();
    folder.sound('one/a.wav', 'one/two/deep.wav', 'elsewhere/b.wav');
    symlinkSync(join(folder.path, 'elsewhere'), join(folder.path, 'one/link'));
    expect(await locate(folder, 'a.wav')).toBe(join(folder.path, 'one/a.wav'));
    expect(await locate(folder, 'deep.wav')).toBeUndefined();
    expect(await locateAudio({ audioFolder: join(folder.path, 'one') }, { audio: ['b.wav'] })).toBe(
      join(folder.path, 'one/link/b.wav'),
    );
    folder.sound('two/a.wav');
    expect(await locate(folder, 'a.wav')).toBeUndefined();
  });

  it('takes accents in either form', async () => {
    const folder = new DatasetFolder();
    folder.sound('caf\u00e9.wav', 'e\u0301te\u0301.wav');
    expect(await locate(folder, 'cafe\u0301.wav')).toBeDefined();
    expect(await locate(folder, '\u00e9t\u00e9.wav')).toBeDefined();
  });

  it('finds no folder, nothing elsewhere, and nothing in a folder that is not there', async () => {
    const folder = new DatasetFolder();
    folder.sound('in/a.wav', 'out.wav');
    const inside = { audioFolder: join(folder.path, 'in') };
    expect(await locate(folder, '', 'in')).toBeUndefined();
    expect(
      await locateAudio(inside, { audio: ['../out.wav', join(folder.path, 'out.wav'), 'a\0.wav'] }),
    ).toBeUndefined();
    expect(await locateAudio({ audioFolder: join(folder.path, 'none') }, { audio: ['a.wav'] })).toBeUndefined();
  });
});
