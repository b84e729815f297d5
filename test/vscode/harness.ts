import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type Browser, type ConsoleMessage } from 'playwright-core';
import { it, onTestFailed } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';
import { CodeServer } from './code-server';
import { Workbench } from './workbench';

const repository = path.resolve(import.meta.dirname, '..', '..');
const output = path.join(repository, 'test', 'output');

export interface HarnessOptions {
  readonly node: string;
  readonly entry: string;
  readonly vsix: string;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** A real VS Code with Earmark installed, a workspace of sample sounds, and a browser that shows it. */
export class Harness {
  private readonly errors: string[] = [];

  private constructor(
    readonly server: CodeServer,
    readonly workbench: Workbench,
    readonly workspace: string,
    private readonly browser: Browser,
    private readonly folder: string,
  ) {}

  static async start(options: HarnessOptions): Promise<Harness> {
    const folder = await mkdtemp(path.join(tmpdir(), 'earmark-vscode-'));
    const workspace = path.join(folder, 'sounds');
    await cp(path.join(repository, 'media', 'samples'), workspace, { recursive: true });
    const server = await CodeServer.start({ ...options, folder, workspace });
    const executablePath = findChromium();
    if (executablePath === undefined) {
      throw new Error('Chromium is needed: apt-get install chromium, or set CHROMIUM to its path.');
    }
    const browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--mute-audio'],
    });
    const page = await browser.newPage({ viewport: { width: 1440, height: 960 } });
    const harness = new Harness(server, new Workbench(page), workspace, browser, folder);
    page.on('console', (message) => {
      harness.note(message);
    });
    page.on('pageerror', (error) => harness.errors.push(`page error: ${error.message}`));
    await page.goto(`${server.url}?folder=${encodeURIComponent(workspace)}`);
    await harness.workbench.untilReady();
    return harness;
  }

  async writeFile(name: string, content: string | Uint8Array): Promise<void> {
    await writeFile(path.join(this.workspace, name), content);
  }

  async screenshot(name: string): Promise<void> {
    await mkdir(path.join(output, 'screenshots'), { recursive: true });
    const file = path.join(output, 'screenshots', `${name}.png`);
    // What fades in is shown as it stays.
    await this.workbench.page.screenshot({ path: file, animations: 'disabled' });
  }

  /** Process ids of the engine: forked by the extension host, so somewhere below the server. */
  engineProcesses(): Promise<number[]> {
    return this.server.descendants(`dist${path.sep}engine.js`);
  }

  async killEngine(): Promise<void> {
    const pids = await this.engineProcesses();
    if (pids.length === 0) {
      throw new Error('No engine is running.');
    }
    for (const pid of pids) {
      process.kill(pid, 'SIGKILL');
    }
  }

  /** Errors of the webviews' own scripts, policies and resources since the last call. VS Code's own noise is left out. */
  takeErrors(): string[] {
    return this.errors.splice(0);
  }

  /** A picture and the logs of a scene that failed, in test/output/vscode/<name>. */
  async diagnose(name: string): Promise<void> {
    const folder = path.join(output, 'vscode', name.replaceAll(/[^\w-]+/g, '-'));
    await mkdir(folder, { recursive: true });
    await this.workbench.page.screenshot({ path: path.join(folder, 'window.png') }).catch(() => undefined);
    const logs = await this.server.logs();
    const sections = logs.map((log) => `==== ${log.name}\n${log.text}`);
    await writeFile(path.join(folder, 'logs.txt'), [...sections, '==== webview errors', ...this.errors].join('\n'));
    console.error(`A picture and the logs are in ${path.relative(repository, folder)}`);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private note(message: ConsoleMessage): void {
    if (message.type() !== 'error') {
      return;
    }
    const { url } = message.location();
    const ours = /earmark|vscode-resource|fake\.html/.test(url) || message.text().includes('Content Security Policy');
    if (ours) {
      this.errors.push(`${message.text()} (${url})`);
    }
  }
}

/** A way to tell scenes that follow one another in one window; one that fails leaves a picture and the logs. */
export function scenesIn(harness: () => Harness): (name: string, play: () => Promise<void>) => void {
  return (name, play) => {
    it(name, async () => {
      onTestFailed(async () => {
        await harness().diagnose(name);
      });
      await play();
    });
  };
}
