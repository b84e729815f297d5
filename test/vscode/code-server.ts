import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface CodeServerOptions {
  readonly node: string;
  readonly entry: string;
  readonly vsix: string;
  /** A fresh folder for settings, extensions and logs. */
  readonly folder: string;
  readonly workspace: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A fixed port; a free one without it. */
  readonly port?: number;
}

/** What every start sets: nothing that asks, greets, updates or calls home. */
const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'window.autoDetectColorScheme': false,
  'security.workspace.trust.enabled': false,
};

/** VS Code's server with one extension installed from its VSIX. */
export class CodeServer {
  private constructor(
    readonly url: string,
    private readonly options: CodeServerOptions,
    private readonly child: ChildProcess,
  ) {}

  static async start(options: CodeServerOptions): Promise<CodeServer> {
    await mkdir(path.join(options.folder, 'user', 'User'), { recursive: true });
    const settings = { ...quietSettings, ...options.settings };
    await writeFile(settingsFile(options), JSON.stringify(settings, undefined, 2));
    // Settings of the machine's scope count from the server's own file only.
    const machine = path.join(options.folder, 'user', 'Machine', 'settings.json');
    await mkdir(path.dirname(machine), { recursive: true });
    await writeFile(machine, JSON.stringify(options.settings ?? {}));
    const common = [
      options.entry,
      '--user-data-dir',
      path.join(options.folder, 'user'),
      '--extensions-dir',
      path.join(options.folder, 'extensions'),
      '--config',
      path.join(options.folder, 'config.yaml'),
    ];
    await writeFile(path.join(options.folder, 'config.yaml'), 'auth: none\n');
    const environment = serverEnvironment(options.folder);
    await run(options.node, [...common, '--install-extension', options.vsix], { env: environment });

    const port = options.port ?? (await freePort());
    const child = spawn(
      options.node,
      [
        ...common,
        '--auth',
        'none',
        '--bind-addr',
        `127.0.0.1:${String(port)}`,
        '--disable-telemetry',
        '--disable-update-check',
        '--disable-workspace-trust',
        '--disable-getting-started-override',
        options.workspace,
      ],
      { env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const log = createWriteStream(path.join(options.folder, 'server.log'));
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const url = `http://localhost:${String(port)}/`;
    await untilAnswers(url, child);
    return new CodeServer(url, options, child);
  }

  async installedExtensions(): Promise<string[]> {
    const folders = await readdir(path.join(this.options.folder, 'extensions'), { withFileTypes: true });
    return folders.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  /** Processes that the extension host started whose command line holds `text`. */
  async descendants(text: string): Promise<number[]> {
    const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,args=']);
    const processes = stdout
      .split('\n')
      .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, pid, parent, command]) => ({ pid: Number(pid), parent: Number(parent), command: command ?? '' }));
    const ours = new Set([this.child.pid]);
    // Processes are listed in no particular order: repeat until no child of a known process is new.
    for (let size = 0; size !== ours.size;) {
      size = ours.size;
      for (const { pid, parent } of processes) {
        if (ours.has(parent)) {
          ours.add(pid);
        }
      }
    }
    return processes.filter(({ pid, command }) => ours.has(pid) && command.includes(text)).map(({ pid }) => pid);
  }

  /** The newest log of the extension host and of the extension's own channels. */
  async logs(): Promise<{ readonly name: string; readonly text: string }[]> {
    const root = path.join(this.options.folder, 'user', 'logs');
    const names = await readdir(root, { recursive: true }).catch(() => []);
    const wanted = names.filter((name) => /remoteexthost\.log$|exthost.*Earmark.*\.log$/.test(name)).sort();
    return Promise.all(
      [path.join('..', '..', 'server.log'), ...wanted].map(async (name) => ({
        name,
        text: await readFile(path.join(root, name), 'utf8').catch(() => ''),
      })),
    );
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) {
      return;
    }
    const left = await this.descendants('');
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 3000))]);
    // The extension host outlives its server for a while to allow for reconnection.
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Already gone.
      }
    }
  }
}

function settingsFile(options: CodeServerOptions): string {
  return path.join(options.folder, 'user', 'User', 'settings.json');
}

/** Without the variables of a VS Code whose terminal may run the tests, and with a home of its own. */
function serverEnvironment(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|ELECTRON_|NODE_OPTIONS$|VITEST|PORT$)/.test(name),
  );
  return { ...Object.fromEntries(kept), HOME: home };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilAnswers(url: string, child: ChildProcess): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    if (child.exitCode !== null) {
      throw new Error(`VS Code's server ended with ${String(child.exitCode)}.`);
    }
    const answered = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("VS Code's server did not answer within 30 s.");
}
