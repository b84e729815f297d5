// A VS Code to try Earmark in, in the browser: `npm run vscode`. It opens a copy of the sample sounds and stays until
// Ctrl-C. `--port 8080` chooses the port, `--folder PATH` opens another folder.
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cacheFolder, repository } from './cache-folder.mjs';
import { ownTarget, packageVsix } from './package.mjs';
import { ensureVsCodeServer } from './vscode-server.mjs';

const arguments_ = process.argv.slice(2);
const option = (name) => (arguments_.includes(name) ? arguments_[arguments_.indexOf(name) + 1] : undefined);

const { node, entry } = await ensureVsCodeServer();
const { file } = await packageVsix(ownTarget, { out: path.join(cacheFolder(), 'vsix') });
const folder = await mkdtemp(path.join(tmpdir(), 'earmark-vscode-'));
const workspace = option('--folder') ?? path.join(folder, 'sounds');
if (option('--folder') === undefined) {
  await cp(path.join(repository, 'media', 'samples'), workspace, { recursive: true });
}
await mkdir(path.join(folder, 'user', 'User'), { recursive: true });
await writeFile(
  path.join(folder, 'user', 'User', 'settings.json'),
  JSON.stringify({
    'workbench.startupEditor': 'none',
    'chat.disableAIFeatures': true,
    'telemetry.telemetryLevel': 'off',
  }),
);
await writeFile(path.join(folder, 'config.yaml'), 'auth: none\n');
const common = [entry, '--user-data-dir', path.join(folder, 'user')];
common.push('--extensions-dir', path.join(folder, 'extensions'), '--config', path.join(folder, 'config.yaml'));
await run([...common, '--install-extension', file]);

const port = option('--port') ?? String(await freePort());
console.log(`\nVS Code with Earmark: http://localhost:${port}/   (Ctrl-C ends it)\n`);
const quiet = ['--disable-telemetry', '--disable-update-check', '--disable-workspace-trust'];
const ended = run([...common, '--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, ...quiet, workspace]);
// Ctrl-C reaches the server too; this program only waits for it, to clean up.
process.on('SIGINT', () => undefined);
await ended.catch((error) => console.error(error.message));
await rm(folder, { recursive: true, force: true, maxRetries: 5 });

function run(serverArguments) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, serverArguments, { stdio: ['ignore', 'inherit', 'inherit'] });
    process.once('SIGTERM', () => child.kill('SIGTERM'));
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      code === 0 || signal !== null ? resolve() : reject(new Error(`VS Code's server ended with ${code}.`)),
    );
  });
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: free } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return free;
}
