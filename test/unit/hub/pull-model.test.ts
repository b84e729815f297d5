import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { repository } from '../../../scripts/cache-folder.mjs';
import { findPacks } from '../../../src/engine/model/find-packs';
import { readPack } from '../../../src/engine/model/pack';
import { pathBelow } from '../../../src/hub/file-names';
import { pullModel, type Pulled, type PullOptions } from '../../../src/hub/pull-model';
import { fileProgressWords } from '../../../src/hub/file-meter';
import { parseEndpoint, parseRepository } from '../../../src/hub/repository';
import { findStored, listStored, removeStored, verifyStored } from '../../../src/hub/stored-models';
import { importFolder } from '../../../src/import/import-folder';
import type { EarmarkError } from '../../../src/protocol/errors';
import type { FileProgress } from '../../../src/protocol/file-progress';
import { cutAfter, FakeHub, refuse, type Seen } from './fake-hub';
import { addPack, weights } from './noise-pack';

// As it is, but so that one call of it can be made to fail.
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, rename: vi.fn(real.rename) };
});

const graphs = ['audio_encoder', 'embed_tokens', 'decoder_model_merged'];

const unsafeNames = [
  '../escape.onnx',
  '/etc/escape',
  'a/../../escape',
  'C:\\escape',
  'nul',
  'a//b',
  'x.onnx ',
  'a\u0000b',
];

function addExport(hub: FakeHub): void {
  for (const suffix of ['', '_q4', '_fp16']) {
    for (const graph of graphs) {
      hub.files.set(`onnx/${graph}${suffix}.onnx`, { content: randomBytes(2000), lfs: true });
      hub.files.set(`onnx/${graph}${suffix}.onnx_data`, { content: randomBytes(3000), lfs: true });
    }
  }
  hub.files.set('onnx/decoder_model_merged_q4.onnx_data_1', { content: randomBytes(4000), lfs: true });
  hub.files.set('onnx/audio_encoder_int8.onnx', { content: randomBytes(2000), lfs: true });
  for (const name of ['config.json', 'generation_config.json', 'preprocessor_config.json', 'tokenizer.json']) {
    hub.files.set(name, { content: Buffer.from(`{"name":"${name}"}`) });
  }
  hub.files.set('tokenizer_config.json', { content: Buffer.from('{}') });
  hub.files.set('model.safetensors', { content: randomBytes(5000), lfs: true });
}

describe('pulling a model', () => {
  let hub: FakeHub;
  let folder: string;
  let controller: AbortController;
  let waits: number[];
  let progress: FileProgress[];

  beforeEach(async () => {
    hub = await FakeHub.start();
    folder = path.join(mkdtempSync(path.join(tmpdir(), 'earmark-hub-')), 'models');
    controller = new AbortController();
    waits = [];
    progress = [];
  });

  afterEach(() => {
    vi.restoreAllMocks();
    hub.stop();
    rmSync(path.dirname(folder), { recursive: true });
  });

  function pull(options: Partial<PullOptions> & { token?: string; name?: string } = {}): Promise<Pulled> {
    const { token, name = hub.repository, ...rest } = options;
    const endpoint = parseEndpoint(hub.endpoint);
    return pullModel(parseRepository(name, endpoint), {
      modelFolder: folder,
      hub: {
        endpoint,
        ...(token !== undefined && { token }),
        signal: controller.signal,
        patience: { delays: [0.01, 0.01, 0.01], longestWait: 2 },
        // Longer than a busy machine takes to answer.
        silenceMs: 5000,
        onWait: (seconds) => waits.push(seconds),
      },
      update: false,
      onProgress: (now) => progress.push(now),
      importFolder: (at, precision) => importFolder(at, { precision }),
      ...rest,
    });
  }

  const failure = (options?: Parameters<typeof pull>[0]): Promise<EarmarkError> =>
    pull(options).then(
      () => {
        throw new Error('It should have failed.');
      },
      (error: unknown) => error as EarmarkError,
    );
  const weightRequests = (): Seen[] =>
    hub.seen.filter(({ host, path: name }) => host === 'cdn' && name === '/encoder.onnx');
  const filesIn = (name: string): string[] =>
    readdirSync(path.join(folder, name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(path.join(folder, name), path.join(entry.parentPath, entry.name)))
      .sort();

  it('takes exactly the files of a pack, at the commit of the revision', async () => {
    addPack(hub);
    const { fresh, modelId, source, folder: target } = await pull();
    expect({ fresh, modelId, target }).toEqual({
      fresh: true,
      modelId: 'tiny',
      target: path.join(folder, 'earmark-audio--tiny'),
    });
    expect(source).toMatchObject({ repository: hub.repository, revision: 'main', commit: hub.commit, layout: 'pack' });
    expect(filesIn('earmark-audio--tiny')).toEqual([
      'earmark-source.json',
      'encoder.onnx',
      'pack.json',
      'parts/tokenizer.json',
    ]);
    expect(readdirSync(folder)).toEqual(['earmark-audio--tiny']);
    expect(hub.count('resolve/main')).toBe(0);
    expect(progress.at(-1)).toMatchObject({ done: progress.at(-1)!.total });
    expect(fileProgressWords(progress.at(-1)!)).toMatch(/^100 % of 3\d\d\.\d kB/);
    expect((await findPacks([folder])).map(({ info }) => info.modelId)).toEqual(['tiny']);
  });

  it('asks nobody for what is there, by branch and by commit', async () => {
    addPack(hub);
    await pull();
    hub.seen.length = 0;
    expect(await pull()).toMatchObject({ fresh: false, modelId: 'tiny' });
    expect((await pull({ name: `${hub.repository}@${hub.commit}` })).fresh).toBe(false);
    expect(hub.seen).toEqual([]);
  });

  it('is told to update, and takes only what is new', async () => {
    addPack(hub);
    await pull();
    expect((await pull({ update: true })).fresh).toBe(false);
    hub.commit = 'c0ffee0000000000000000000000000000000002';
    addPack(hub, { 'parts/tokenizer.json': Buffer.from('{"new":true}') });
    expect((await pull({ update: true })).fresh).toBe(true);
    expect(readFileSync(path.join(folder, 'earmark-audio--tiny', 'parts', 'tokenizer.json'), 'utf8')).toContain('new');
    expect(readdirSync(folder)).toEqual(['earmark-audio--tiny']);
  });

  it.each<[string, (file: string) => void]>([
    ['is missing', rmSync],
    ['is cut short', (file) => writeFileSync(file, weights.subarray(0, 1000))],
    ['has another content', (file) => writeFileSync(file, randomBytes(weights.length))],
  ])('gets a file again that %s, and only that', async (_, damage) => {
    addPack(hub);
    const { folder: target } = await pull();
    for (const update of [false, true]) {
      damage(path.join(target, 'encoder.onnx'));
      hub.seen.length = 0;
      expect(await pull({ update })).toMatchObject({ fresh: true, modelId: 'tiny', folder: target });
      expect([weightRequests().length, hub.count('tokenizer.json')]).toEqual([1, 0]);
      expect(await verifyStored(await findStored([folder], 'tiny'))).toBe(2);
      expect(readdirSync(folder)).toEqual(['earmark-audio--tiny']);
      expect(await pull({ update })).toMatchObject({ fresh: false });
    }
  });

  it('gets a description again that is damaged, and with it nothing else', async () => {
    addPack(hub);
    const { folder: target } = await pull();
    writeFileSync(path.join(target, 'pack.json'), '{');
    hub.seen.length = 0;
    expect(await pull()).toMatchObject({ fresh: true, modelId: 'tiny' });
    expect([weightRequests().length, hub.count('tokenizer.json')]).toEqual([0, 0]);
  });

  it('keeps the model of before where the new one can not take its place', async () => {
    addPack(hub);
    const { source: before, folder: target } = await pull();
    hub.commit = 'c0ffee0000000000000000000000000000000002';
    addPack(hub, { 'parts/tokenizer.json': Buffer.from('{"new":true}') });
    const { rename: real } = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
    vi.mocked(rename).mockImplementation((from, to) =>
      to === target && from === `${target}.part`
        ? Promise.reject(Object.assign(new Error('It is in use.'), { code: 'EBUSY' }))
        : real(from, to),
    );
    expect(await failure({ update: true })).toMatchObject({ code: 'write-failed' });
    vi.mocked(rename).mockImplementation(real);
    expect(readdirSync(folder).sort()).toEqual(['earmark-audio--tiny', 'earmark-audio--tiny.part']);
    expect(await pull()).toMatchObject({ fresh: false, modelId: 'tiny', source: before });
    expect(await pull({ update: true })).toMatchObject({ fresh: true, source: { commit: hub.commit } });
    expect(readdirSync(folder)).toEqual(['earmark-audio--tiny']);
  });

  it.each(['.part', '.old.part', '.removed.part'])('does not take for a model what ends in %s', async (suffix) => {
    addExport(hub);
    const { folder: target } = await pull({ precision: 'q4' });
    renameSync(target, `${target}${suffix}`);
    expect(await pull({ precision: 'q4' })).toMatchObject({ fresh: true, folder: target });
  });

  it('takes one precision of an export, with its weights and nothing else', async () => {
    addExport(hub);
    hub.pageSize = 5;
    const { modelId, notes, source } = await pull({ precision: 'q4' });
    expect(modelId).toBeUndefined();
    expect(notes).toHaveLength(1);
    expect(source).toMatchObject({ layout: 'transformers.js', precision: 'q4' });
    expect(filesIn('earmark-audio--tiny--q4')).toEqual(
      [
        ...graphs.flatMap((graph) => [`onnx/${graph}_q4.onnx`, `onnx/${graph}_q4.onnx_data`]),
        'onnx/decoder_model_merged_q4.onnx_data_1',
        'config.json',
        'earmark-source.json',
        'generation_config.json',
        'preprocessor_config.json',
        'tokenizer.json',
        'tokenizer_config.json',
      ].sort(),
    );
    expect(await findPacks([folder])).toEqual([]);
    const stored = await findStored([folder], hub.repository);
    expect(stored.name).toBe('earmark-audio--tiny--q4');
    expect(await verifyStored(stored)).toBe(12);
  });

  it.each([
    ['ultravox', { family: 'prefix', prompt: { template: expect.stringContaining('<|user|>') as string } }],
    ['whisper', { family: 'cross-attention', encoder: { file: 'onnx/encoder_model.onnx' } }],
  ])('imports an export of %s, so that it can be used', async (kind, pack) => {
    const source = path.join(repository, 'test', 'reference', 'transformers-js', kind);
    for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      if (statSync(path.join(source, name)).isFile()) {
        const content = readFileSync(path.join(source, name));
        hub.files.set(name, { content, lfs: content.length > 100_000 });
      }
    }
    const { folder: target, modelId, fresh } = await pull();
    expect({ modelId, fresh }).toEqual({ modelId: path.basename(target), fresh: true });
    expect(await readPack(target)).toMatchObject(pack);
    expect(await pull()).toMatchObject({ modelId, fresh: false });
    // What the import made can be repaired as what was got.
    rmSync(path.join(target, (await readPack(target)).frontEnd.file));
    expect(await pull()).toMatchObject({ modelId, fresh: true });
    expect(await pull()).toMatchObject({ modelId, fresh: false });
    const stored = await findStored([folder], hub.repository);
    expect(stored).toMatchObject({ name: modelId, info: { modelId } });
    expect(await verifyStored(stored)).toBeGreaterThan(3);
  });

  it('names the precisions that there are where none, or none of them, is asked for', async () => {
    addExport(hub);
    expect((await failure()).message).toMatch(/several precisions: fp32 \(\d.*\), fp16 .*, q4 /);
    expect((await failure({ precision: 'int8' })).message).toMatch(/no precision int8, but fp32/);
    expect((await pull({ choosePrecision: () => Promise.resolve('fp16') })).source.precision).toBe('fp16');
  });

  it('says that a repository holds nothing of use', async () => {
    hub.files.set('README.md', { content: Buffer.from('hello') });
    expect(await failure()).toMatchObject({ code: 'model-unsupported' });
  });

  it('shows the token to the hub and to nobody else', async () => {
    addPack(hub);
    await pull({ token: 'secret' });
    expect(
      hub.seen.filter(({ host }) => host === 'hub').every(({ authorization }) => authorization === 'Bearer secret'),
    ).toBe(true);
    expect(weightRequests().map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it('goes on after the connection was cut, again and again', async () => {
    addPack(hub);
    hub.interfere = ({ host, path: name, range }, _request, response) => {
      if (host !== 'cdn' || name !== '/encoder.onnx' || weightRequests().length > 6) {
        return false;
      }
      cutAfter(40_000, weights, range, response);
      return true;
    };
    await pull();
    const starts = weightRequests().map(({ range }) => Number(/\d+/.exec(range ?? '0')?.[0]));
    expect(starts).toHaveLength(7);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(starts.at(-1)).toBeGreaterThan(100_000);
    expect(readFileSync(path.join(folder, 'earmark-audio--tiny', 'encoder.onnx')).equals(weights)).toBe(true);
  });

  it('gives up where nothing comes, and goes on the next time', async () => {
    addPack(hub);
    hub.interfere = ({ host, range }, _request, response) => {
      if (host === 'cdn') {
        if (range === undefined) cutAfter(50_000, weights, range, response);
        else response.destroy();
      }
      return host === 'cdn';
    };
    expect(await failure()).toMatchObject({
      code: 'hub-unreachable',
      action: expect.stringContaining('kept') as string,
    });
    expect(waits.length).toBeGreaterThanOrEqual(3);
    expect(await findPacks([folder])).toEqual([]);
    hub.interfere = () => false;
    hub.seen.length = 0;
    await pull();
    expect(weightRequests().map(({ range }) => range)).toEqual(['bytes=50000-']);
  });

  it('starts over where the server knows no ranges', async () => {
    addPack(hub);
    hub.ranges = false;
    hub.interfere = ({ host, range }, _request, response) => {
      if (host === 'cdn' && weightRequests().length === 1) {
        cutAfter(50_000, weights, range, response);
        return true;
      }
      return false;
    };
    await pull();
    expect(weightRequests().map(({ range }) => range)).toEqual([undefined, 'bytes=50000-']);
  });

  it('starts over where the content is another one by its ETag', async () => {
    // Kept in git: the hub hands it out itself.
    addPack(hub);
    hub.files.set('encoder.onnx', { content: weights });
    let tries = 0;
    hub.interfere = (seen, _request, response) => {
      if (!seen.path.endsWith('/encoder.onnx')) {
        return false;
      }
      tries++;
      if (tries === 1) {
        response.writeHead(200, { 'content-length': weights.length, 'etag': '"old"' });
        response.write(weights.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 20));
        return true;
      }
      return false;
    };
    await pull();
    expect(hub.seen.filter(({ path: name }) => name.endsWith('/encoder.onnx')).map(({ range }) => range)).toEqual([
      undefined,
      'bytes=50000-',
      undefined,
    ]);
  });

  it('deletes a file whose hash is wrong, and says so', async () => {
    addPack(hub);
    hub.interfere = (seen, _request, response) => {
      if (seen.host === 'cdn') {
        hub.hand('encoder.onnx', seen, response, Buffer.from(weights.map((byte) => byte ^ 1)));
      }
      return seen.host === 'cdn';
    };
    const error = await failure();
    expect(error.code).toBe('download-damaged');
    expect(error.message).toMatch(
      /^encoder\.onnx did not come as it should and was deleted: expected 300000 bytes with SHA-256/,
    );
    expect(filesIn('earmark-audio--tiny.part').filter((name) => name.startsWith('encoder'))).toEqual([]);
    hub.interfere = () => false;
    await pull();
  });

  it('does not take more than was promised', async () => {
    addPack(hub);
    hub.interfere = (seen, _request, response) => {
      if (seen.host === 'cdn') {
        hub.hand('encoder.onnx', seen, response, Buffer.concat([weights, weights]));
      }
      return seen.host === 'cdn';
    };
    expect((await failure()).message).toMatch(/longer than the 300000 bytes/);
  });

  it('does not get what the hub says is another content', async () => {
    addPack(hub);
    hub.files.set('encoder.onnx', { content: randomBytes(300_000), lfs: true });
    expect(await failure()).toMatchObject({ code: 'hub-unexpected' });
    expect(weightRequests().length).toBe(1);
  });

  it.each<[string, number, Record<string, string>, string | undefined, string, RegExp]>([
    ['no token', 401, {}, undefined, 'hub-denied', /needs a token: it is private/],
    ['a wrong token', 401, {}, 'bad', 'hub-denied', /token does not give access/],
    ['a licence', 403, { 'x-error-code': 'GatedRepo' }, 'good', 'hub-denied', /licence of .* has not been accepted/],
    ['a server out of order', 503, {}, undefined, 'hub-unreachable', /answered 503/],
    ['something odd', 418, {}, undefined, 'hub-unexpected', /answered 418/],
  ])('says what is meant by %s', async (_, status, headers, token, code, words) => {
    addPack(hub);
    hub.interfere = (_seen, _request, response) => {
      refuse(response, status, headers);
      return true;
    };
    const error = await failure(token === undefined ? {} : { token });
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
  });

  it('says that there is no such repository or revision', async () => {
    expect((await failure({ name: 'earmark-audio/tinny' })).message).toMatch(/^There is no earmark-audio\/tinny/);
    expect((await failure({ name: `${hub.repository}@v9` })).message).toMatch(/has no revision "v9"/);
  });

  it('waits as long as it is asked to, and gives up where that is too long or too often', async () => {
    addPack(hub);
    let times = 0;
    const busy = (seconds: string, most: number) => {
      times = 0;
      hub.interfere = (_seen, _request, response) => {
        if (++times > most) {
          return false;
        }
        refuse(response, 429, { 'retry-after': seconds });
        return true;
      };
    };
    busy('1', 1);
    await pull();
    expect(waits).toEqual([1]);
    rmSync(folder, { recursive: true });
    busy('60', 9);
    expect(await failure()).toMatchObject({ code: 'hub-busy', message: expect.stringContaining('60 s') as string });
    expect(times).toBe(1);
    busy('0', 99);
    expect((await failure()).code).toBe('hub-busy');
    expect(times).toBe(4);
  });

  it('ends in a loop of redirects', async () => {
    addPack(hub);
    hub.interfere = ({ path: name }, _request, response) => {
      refuse(response, 302, { location: `${hub.endpoint}${name}x` });
      return true;
    };
    expect((await failure()).message).toMatch(/without end/);
  });

  it('follows no redirect to another kind of address', async () => {
    hub.interfere = (_seen, _request, response) => {
      refuse(response, 302, { location: 'file:///etc/passwd' });
      return true;
    };
    expect((await failure()).message).toMatch(/can not be followed/);
  });

  it('says that a login page is no hub', async () => {
    hub.interfere = (_seen, _request, response) => {
      response.end('<html>Welcome to the hotel</html>');
      return true;
    };
    expect((await failure()).message).toMatch(/does not answer as a hub/);
  });

  it('says at once that there is no way to the hub', async () => {
    const { endpoint } = hub;
    hub.stop();
    const error = await failure();
    expect(error.message).toBe(`${new URL(endpoint).host} can not be reached: it refuses the connection.`);
    expect(waits).toEqual([]);
  });

  it('does not wait for a server that falls silent', async () => {
    addPack(hub);
    hub.interfere = ({ host }, _request, response) => {
      if (host === 'cdn' && weightRequests().length === 1) {
        response.writeHead(200, { 'content-length': weights.length });
        response.write(weights.subarray(0, 10_000));
        return true;
      }
      return false;
    };
    await pull();
    expect(weightRequests().map(({ range }) => range)).toEqual([undefined, 'bytes=10000-']);
  });

  it('stops when it is told to, and goes on later', async () => {
    addPack(hub);
    hub.interfere = ({ host, range }, _request, response) => {
      if (host === 'cdn' && range === undefined) {
        response.writeHead(200, { 'content-length': weights.length });
        response.write(weights.subarray(0, 100_000), () => {
          setTimeout(() => {
            controller.abort();
          }, 200);
        });
        return true;
      }
      return false;
    };
    expect(await failure()).toMatchObject({ code: 'cancelled', message: 'Stopped; what has come is kept.' });
    controller = new AbortController();
    expect((await pull()).fresh).toBe(true);
    expect(weightRequests().map(({ range }) => range)).toEqual([undefined, 'bytes=100000-']);
  });

  it.each(unsafeNames)('writes no file named %j', async (name) => {
    addPack(hub, { [name]: Buffer.from('bad') });
    const error = await failure();
    expect(error.code).toBe('model-invalid');
    expect(error.message).toContain(`the name of a file below the folder, not ${JSON.stringify(name)}`);
    expect(readdirSync(path.dirname(folder))).toEqual(['models']);
    expect(hub.count('encoder.onnx')).toBe(0);
  });

  it('asks for room first', async () => {
    addPack(hub);
    const huge = { ...(JSON.parse(hub.files.get('pack.json')!.content.toString()) as { files: { bytes: number }[] }) };
    huge.files[0]!.bytes = 1e15;
    hub.files.set('pack.json', { content: Buffer.from(JSON.stringify(huge)) });
    const error = await failure();
    expect(error.code).toBe('disk-full');
    expect(error.message).toMatch(/needs 1000000\.00 GB more, and .* are free in/);
    expect(hub.count('encoder.onnx')).toBe(0);
  });

  it('says that a folder can not be made', async () => {
    addPack(hub);
    writeFileSync(folder, 'a file');
    expect(await failure()).toMatchObject({ code: 'write-failed' });
    if (process.getuid?.() !== 0) {
      rmSync(folder);
      mkdirSync(folder);
      chmodSync(folder, 0o500);
      expect((await failure()).message).toMatch(/do not have the right/);
    }
  });

  it('is got once at a time', async () => {
    addPack(hub);
    hub.interfere = ({ host }) => host === 'cdn';
    const first = failure();
    await vi.waitFor(() => {
      expect(weightRequests().length).toBe(1);
    });
    expect((await failure()).message).toMatch(/by another Earmark already/);
    controller.abort();
    await first;
  });

  it('takes over from a process that was killed', async () => {
    addPack(hub);
    mkdirSync(path.join(folder, 'earmark-audio--tiny.part'), { recursive: true });
    const lock = path.join(folder, 'earmark-audio--tiny.part', 'in-use.lock');
    writeFileSync(lock, JSON.stringify({ pid: 2 ** 30, host: (await import('node:os')).hostname() }));
    await pull();
    expect(existsSync(path.join(folder, 'earmark-audio--tiny', 'in-use.lock'))).toBe(false);
  });

  it('is listed, verified and removed', async () => {
    addPack(hub);
    await pull();
    const [stored] = await listStored([folder]);
    expect(stored).toMatchObject({ name: 'tiny', source: { repository: hub.repository } });
    expect(await verifyStored(stored!)).toBe(2);
    writeFileSync(path.join(folder, 'earmark-audio--tiny', 'encoder.onnx'), 'x');
    await expect(verifyStored(stored!)).rejects.toMatchObject({ code: 'model-damaged' });
    await removeStored(stored!);
    expect(readdirSync(folder)).toEqual([]);
    await expect(findStored([folder], 'tiny')).rejects.toMatchObject({ code: 'model-not-found' });
  });

  it('is listed, verified and removed by its repository or folder where another one of its id hides it', async () => {
    addPack(hub);
    const { folder: used } = await pull();
    hub.repository = 'later/tiny';
    const { folder: hidden } = await pull();
    expect((await findPacks([folder])).map((found) => found.folder)).toEqual([used]);
    const names = async () => (await listStored([folder])).map(({ name, info }) => [name, info?.problem]);
    const problem = `Not used: the model in ${used} has the same id and is found first. This one is in ${hidden}.`;
    expect(await names()).toEqual([
      ['tiny', undefined],
      ['tiny', problem],
    ]);
    expect(await findStored([folder], 'tiny')).toMatchObject({ folder: used });
    for (const name of ['later/tiny', hidden]) {
      const stored = await findStored([folder], name);
      expect(stored.folder).toBe(hidden);
      expect(await verifyStored(stored)).toBe(2);
    }
    await removeStored(await findStored([folder], 'later/tiny'));
    expect(await names()).toEqual([['tiny', undefined]]);
  });

  it('is one model, by whatever ways its folder is found', async () => {
    addPack(hub);
    const { folder: target } = await pull();
    const way = path.join(path.dirname(folder), 'way');
    symlinkSync(folder, way, 'junction');
    expect((await listStored([target, folder, way])).map(({ info }) => info?.problem)).toEqual([undefined]);
  });

  it('leaves alone what a person put there', async () => {
    addPack(hub);
    const { folder: target } = await pull();
    rmSync(path.join(target, 'earmark-source.json'));
    await expect(removeStored((await listStored([folder]))[0]!)).rejects.toThrow(/was not got by Earmark/);
  });
});

describe('a path below a folder', () => {
  it('is that of a name', () => {
    expect(pathBelow('models', 'onnx/encoder.onnx')).toBe(path.join('models', 'onnx', 'encoder.onnx'));
  });
  it.each(unsafeNames)('is not that of %j', (name) => {
    expect(() => pathBelow('models', name)).toThrow(/can not be stored safely/);
  });
});

describe('the name of a repository', () => {
  const endpoint = parseEndpoint('https://hub.example');
  it.each([
    ['a/b', 'a', 'b', 'main'],
    [' a/b@v1.0 ', 'a', 'b', 'v1.0'],
    ['https://hub.example/a/b', 'a', 'b', 'main'],
    ['a/b@refs/pr/1', 'a', 'b', 'refs/pr/1'],
  ])('is read from %j', (text, owner, name, revision) => {
    expect(parseRepository(text, endpoint)).toEqual({ owner, name, revision });
  });
  it.each(['', 'a', 'a/b/c', '../b', 'a/..', 'a/b@', 'a/b@../x', 'a/b?x=1', 'https://other.example/a/b', 'a--b/c'])(
    'is not %j',
    (text) => {
      expect(() => parseRepository(text, endpoint)).toThrow(/does not name a repository/);
    },
  );
  it('belongs to an endpoint that has an address', () => {
    expect(parseEndpoint('http://mirror/hub').href).toBe('http://mirror/hub/');
    expect(() => parseEndpoint('mirror')).toThrow(/not the address/);
    expect(() => parseEndpoint('ftp://mirror')).toThrow(/not the address/);
  });
});
