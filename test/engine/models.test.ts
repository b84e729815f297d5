import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeHub } from '../unit/hub/fake-hub';
import { packFolder, repository, sampleFiles } from './default-model';

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command line gets the real default pack from a hub on this machine, and works with it. */
describe('earmark models', () => {
  let hub: FakeHub;
  let folder: string;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    hub = await FakeHub.start();
    for (const name of readdirSync(packFolder)) {
      const content = readFileSync(path.join(packFolder, name));
      hub.files.set(name, { content, lfs: content.length > 100_000 });
    }
  });
  afterAll(() => {
    hub.stop();
  });
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'earmark-models-'));
    environment = { ...process.env, XDG_DATA_HOME: folder, LOCALAPPDATA: folder, HF_ENDPOINT: hub.endpoint };
    delete environment['HF_TOKEN'];
    hub.interfere = () => false;
    hub.seen.length = 0;
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** The hub is in this process, which therefore must not wait. */
  function earmark(words: readonly string[], { shell = '', stopAfter = '' } = {}): Promise<Ended> {
    const cli = path.join(repository, 'dist', 'cli.js');
    const child =
      shell === ''
        ? spawn(process.execPath, [cli, ...words], { cwd: folder, env: environment })
        : spawn('sh', ['-c', `${shell}; exec "$@"`, 'sh', process.execPath, cli, ...words], {
            cwd: folder,
            env: environment,
          });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    if (stopAfter !== '') {
      const timer = setInterval(() => {
        if (hub.count(stopAfter) > 0) {
          clearInterval(timer);
          setTimeout(() => child.kill('SIGINT'), 300);
        }
      }, 20);
    }
    return new Promise((resolve) => {
      child.on('close', (status) => {
        resolve({ status, stdout, stderr });
      });
    });
  }

  const name = 'earmark-audio/tiny';
  const models = (): string => path.join(folder, process.platform === 'darwin' ? 'own' : 'earmark', 'models');
  const into = (): string[] => (process.platform === 'darwin' ? ['--models', models()] : []);

  it('gets the default model and captions with it, finds it without being told, verifies and removes it', async () => {
    const pulled = await earmark(['models', 'pull', name, ...into()]);
    expect(pulled.stderr).toBe('');
    expect(pulled.stdout).toMatch(/^earmark-audio\/tiny@c0ffee0 is in .* Use it with --model earmark-mini\.\n$/);
    const target = path.join(models(), 'earmark-audio--tiny');
    const words = ['caption', sampleFiles[0]!, '--strategy', 'none', '--max-new-tokens', '12'];
    const captioned = await earmark([...words, '--models', models(), '--json']);
    expect(captioned.stderr).toBe('');
    expect(captioned.stdout).toMatch(/Please enter your conference number/);
    // The folder itself is a pack.
    const itself = await earmark([...words, '--models', target]);
    expect(itself).toMatchObject({ status: 0, stderr: '' });
    expect(itself.stdout).toMatch(/Please enter your conference/);

    const listed = await earmark(['models', 'list', '--json', ...into()]);
    expect(JSON.parse(listed.stdout)).toMatchObject([
      { modelId: 'earmark-mini', folder: target, source: { repository: name, commit: hub.commit } },
      { modelId: 'earmark-mini', folder: packFolder, problem: expect.stringContaining(`in ${target} has`) as string },
    ]);
    expect((await earmark(['models', 'verify', name, ...into()])).stdout).toMatch(/files are as they should be/);
    hub.seen.length = 0;
    expect((await earmark(['models', 'pull', name, ...into()])).stdout).toMatch(/is there already/);
    expect(hub.seen).toEqual([]);
    expect((await earmark(['models', 'remove', 'earmark-mini', ...into()])).stdout).toMatch(/removed, 110 MB are free/);
    expect(readdirSync(models())).toEqual([]);
    // What ships is there again, and stays.
    const shipped = await earmark(['models', 'remove', 'earmark-mini', ...into()]);
    expect(shipped).toMatchObject({ status: 2 });
    expect(existsSync(packFolder)).toBe(true);
  });

  it('stops at Ctrl-C and goes on', async () => {
    const decoder = hub.files.get('decoder.onnx.blocks')!.content;
    hub.interfere = ({ host, path: file, range }, _request, response) => {
      const slow = host === 'cdn' && file === '/decoder.onnx.blocks' && range === undefined;
      if (slow) {
        response.writeHead(200, { 'content-length': decoder.length });
        response.write(decoder.subarray(0, 30_000_000));
      }
      return slow;
    };
    const stopped = await earmark(['models', 'pull', name, '--models', 'here'], {
      stopAfter: 'cdn/decoder.onnx.blocks',
    });
    expect(stopped).toMatchObject({ status: 130, stdout: '' });
    expect(stopped.stderr).toMatch(/Stopped; what has come is kept/);
    expect(readdirSync(path.join(folder, 'here'))).toEqual(['earmark-audio--tiny.part']);
    expect((await earmark(['models', 'list', '--models', 'here'])).stdout).not.toContain('tiny');
    expect((await earmark(['models', 'pull', name, '--models', 'here'])).status).toBe(0);
    const ranges = hub.seen.filter(({ path: file }) => file === '/decoder.onnx.blocks').map(({ range }) => range);
    expect(ranges).toHaveLength(2);
    expect(ranges[1]).toMatch(/^bytes=\d+-$/);
  });

  it.runIf(process.platform !== 'win32')('says that the disk is full, keeps what came, and goes on', async () => {
    // The shell's limit on the size of a file, in blocks of 512 bytes, fails as a full disk does.
    const full = await earmark(['models', 'pull', name, '--models', 'here'], { shell: 'ulimit -f 40000' });
    expect(full.stderr).toMatch(/There is no room left for .*\.onnx\S* \(EFBIG\)\. Make room/);
    expect(full.status).toBe(5);
    hub.seen.length = 0;
    expect((await earmark(['models', 'pull', name, '--models', 'here'])).status).toBe(0);
    expect(hub.seen.some(({ range }) => range !== undefined)).toBe(true);
  });

  it.each<[string, string[], number, RegExp]>([
    ['no such repository', ['a/none'], 8, /There is no a\/none at revision "main"/],
    ['no such revision', [`${name}@v2`], 8, /has no revision "v2"/],
    ['no repository', ['tiny'], 2, /does not name a repository/],
    ['no hub', [name, '--endpoint', 'mirror'], 2, /not the address of a hub/],
    ['no server', [name, '--endpoint', 'http://nowhere.invalid'], 8, /nowhere\.invalid can not be reached: its name/],
    ['no precision', [name, '--precision', 'q3'], 2, /Allowed choices are fp32/],
  ])('says what is wrong with %s', async (_, words, status, message) => {
    const ended = await earmark(['models', 'pull', ...words]);
    expect(ended.stderr).toMatch(message);
    expect(ended).toMatchObject({ status, stdout: '' });
  });

  it('sends the token of HF_TOKEN', async () => {
    environment['HF_TOKEN'] = 'secret';
    hub.interfere = (_seen, _request, response) => {
      response.writeHead(401).end();
      return true;
    };
    expect((await earmark(['models', 'pull', name])).stderr).toMatch(/token does not give access/);
    expect(hub.seen[0]!.authorization).toBe('Bearer secret');
  });

  it('speaks of a folder that is passed over', () => {
    mkdirSync(path.join(folder, 'empty'));
    mkdirSync(path.join(folder, 'home', 'packs'), { recursive: true });
    symlinkSync(packFolder, path.join(folder, 'home', 'packs', 'mini'));
    cpSync(path.join(packFolder, 'README.md'), path.join(folder, 'file'));
    const said = (models_: string) =>
      spawnSync(process.execPath, [path.join(repository, 'dist', 'cli.js'), 'models', 'list', '--models', models_], {
        cwd: folder,
        env: { ...environment, HOME: path.join(folder, 'home') },
        encoding: 'utf8',
      });
    expect(said('none').stderr).toMatch(/The model folder .*none does not exist\./);
    expect(said('empty').stderr).toMatch(/holds no model packs\./);
    expect(said('file').stderr).toMatch(/is a file, not a folder\./);
    expect(said('home/packs').stderr).toBe('');
    if (process.platform !== 'win32') {
      expect(said('~/packs')).toMatchObject({ stderr: '', status: 0 });
    }
  });
});
