import { createServer, type Server } from 'node:http';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { ModelInfo } from '../../src/protocol/model';
import type { RunSettings } from '../../src/protocol/run';
import { toJson } from '../../src/report/typed-arrays';
import { constructSound } from './constructed-sound';
import type { FakeOptions } from './fake-host';
import { themes, themeStyle, type ThemeName } from './themes';

export const repository = path.join(import.meta.dirname, '../..');
const output = path.join(repository, 'test/output');
const nonce = 'dGVzdA';

export const model: ModelInfo = {
  modelId: 'test-model',
  title: 'Test model (constructed data)',
  description: 'Gives constructed captions.',
  limits: 'Knows nothing: its captions are written in the test.',
  family: 'prefix',
  licence: 'Apache-2.0',
  folder: '',
  bytes: 1,
  heads: 6,
  secondsPerToken: 0.04,
  windowSeconds: 30,
  asks: true,
  question: 'What is heard?',
  offers: ['scores', 'tokens'],
  precision: {},
  memoryBytes: 1,
};

export const settings: RunSettings = {
  strategy: 'segmentwise',
  keepRatio: 0.25,
  budgetMode: 'exact',
  headReduce: 'mean',
  parameters: { segments: 10 },
  question: '',
  maxNewTokens: 64,
};

export const captions = {
  none: 'A wolf howls, and then a bell rings and fades away.',
  segmentwise: 'A dog howls, and then a bell rings and fades slowly away.',
  other: 'A wolf howls, then a bell rings.',
};

export const spoken = {
  none: 'A woman says, “please enter your conference number”, then a bell rings.',
  other: 'A woman says, “please enter a number”, then a bell rings.',
};

let shared:
  { readonly browser: Browser; readonly server: Server; readonly port: number; readonly host: string } | undefined;

/** Builds the views as they are shipped, serves them, and starts a browser; all once. */
export async function startPages(): Promise<void> {
  const outdir = path.join(output, 'webview-dist');
  mkdirSync(path.join(output, 'screenshots'), { recursive: true });
  // The build script is plain JavaScript.
  const { build } = (await import(path.join(repository, 'scripts/build.mjs'))) as {
    build: (options: { outdir: string }) => Promise<unknown>;
  };
  await build({ outdir }).catch((error: unknown) => {
    // The views are tested alone: a fault in the engine or the command line has tests of its own.
    if (/webview|report/.test(String(error))) throw error;
  });
  const bundle = await esbuild.build({
    entryPoints: [path.join(import.meta.dirname, 'fake-host.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
  });
  const folder = path.join(outdir, 'webview');
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname.startsWith('/view/')) {
      const [view = 'editor', theme = 'dark-modern'] = pathname.slice('/view/'.length).split('/');
      response.setHeader('Content-Type', 'text/html');
      response.end(pageOf(view, theme as ThemeName, `http://${request.headers.host ?? ''}`));
      return;
    }
    if (pathname === '/favicon.ico') {
      response.statusCode = 204;
      response.end();
      return;
    }
    try {
      const types: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.ttf': 'font/ttf' };
      const content = readFileSync(path.join(folder, pathname));
      response.setHeader('Content-Type', types[path.extname(pathname)] ?? 'application/octet-stream');
      response.end(content);
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  });
  const address = server.address();
  shared = {
    browser,
    server,
    port: typeof address === 'object' && address ? address.port : 0,
    host: bundle.outputFiles[0]!.text,
  };
}

export async function stopPages(): Promise<void> {
  await shared?.browser.close();
  shared?.server.close();
  shared = undefined;
}

/** The page as the host writes it (src/host/webview-page.ts), with its policy. */
function pageOf(view: string, theme: ThemeName, origin: string): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${origin} 'unsafe-inline'`,
    `img-src ${origin} data: blob:`,
    `font-src ${origin}`,
  ].join('; ');
  return `<!doctype html>
<html lang="en" style="${themeStyle(theme).replaceAll('"', '&quot;')}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/${view}.css">
<title>Earmark</title>
</head>
<body class="${themes[theme].kind}" data-view="${view}" data-resource="file:///test.wav">
<main id="root"></main>
<script type="module" nonce="${nonce}" src="/${view}.js"></script>
</body>
</html>`;
}

export interface OpenPage {
  readonly page: Page;
  /** Errors of the page and violations of its policy: must stay empty. */
  readonly problems: string[];
}

export interface PageOptions extends Partial<FakeOptions> {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  readonly file?: string;
  readonly repeats?: number;
}

export async function openView(
  view: 'editor' | 'attention' | 'comparison' | 'evaluation',
  options: PageOptions = {},
): Promise<OpenPage> {
  const {
    theme = 'dark-modern',
    width = 1280,
    height = 900,
    file = 'howl-then-bell.wav',
    repeats = 1,
    ...rest
  } = options;
  const context = await shared!.browser.newContext({ viewport: { width, height } });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.text().includes('Content Security Policy')) problems.push(message.text());
  });
  const fake: FakeOptions = {
    sound: constructSound(file, 6, repeats),
    fileName: file,
    captions,
    models: [model],
    settings,
    pace: 4,
    failures: {},
    ...rest,
  };
  await page.addInitScript(`window.fakeOptions = ${JSON.stringify(toJson(fake))};\n${shared!.host}`);
  await page.goto(`http://127.0.0.1:${String(shared!.port)}/view/${view}/${theme}`);
  return { page, problems };
}

export async function openFile(html: string, colorScheme: 'light' | 'dark'): Promise<OpenPage> {
  const context = await shared!.browser.newContext({
    viewport: { width: 1100, height: 900 },
    colorScheme,
    offline: true,
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  await page.goto(`file://${html}`);
  return { page, problems };
}

export async function switchTheme(page: Page, theme: ThemeName): Promise<void> {
  await page.evaluate(
    ({ style, kind }) => {
      document.documentElement.setAttribute('style', style);
      document.body.className = kind;
    },
    { style: themeStyle(theme), kind: themes[theme].kind },
  );
}

/** From now on: how many parts of the page follow its theme. */
export async function watchTheme(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const following = new Set<MutationObserver>();
    Object.assign(window, { following });
    window.MutationObserver = class extends MutationObserver {
      override observe(target: Node, options?: MutationObserverInit): void {
        if (target === document.body) following.add(this);
        super.observe(target, options);
      }
      override disconnect(): void {
        following.delete(this);
        super.disconnect();
      }
    };
  });
  return () => page.evaluate(() => (window as unknown as { following: Set<unknown> }).following.size);
}

export async function screenshot(page: Page, name: string, fullPage = true): Promise<void> {
  await page.screenshot({ path: path.join(output, 'screenshots', `${name}.png`), fullPage });
}

/** Serious faults of accessibility, as "rule: target". */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: {
        run(options: unknown): Promise<{
          violations: { id: string; impact: string; nodes: { target: unknown[]; failureSummary: string }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
      resultTypes: ['violations'],
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${String(target)} ${failureSummary}`),
    );
  });
}
