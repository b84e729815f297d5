// A real VS Code for tests and demonstrations, from the npm registry alone. npm's `code-server` holds VS Code's server
// and workbench; it needs Node 24, which npm's `node` package ships. Two native modules are compiled here, because the
// prebuilt packages of VS Code come from elsewhere.
import { execFile, spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.mjs';

const codeServerVersion = '4.139.1';
const nodeVersion = '24';
/** The only native modules that the server can not start without. The others (terminal, search) are not used here. */
const nativeModules = ['@vscode/spdlog', '@vscode/native-watchdog'];
/** Written last: a folder without it was interrupted and is made anew. */
const marker = 'complete.json';

/** What has to be on the machine, and the command that puts it there. */
export async function missingServerTools() {
  const missing = [];
  for (const [tool, arguments_, debianPackage] of [
    ['make', ['--version'], 'make'],
    ['g++', ['--version'], 'g++'],
    ['python3', ['--version'], 'python3'],
  ]) {
    try {
      await promisify(execFile)(tool, arguments_);
    } catch {
      missing.push({ tool, debianPackage });
    }
  }
  return missing;
}

/**
 * Installs the server where it is not there yet.
 * @returns {Promise<{ node: string, entry: string, version: string }>} the Node binary, and the script it runs
 */
export async function ensureVsCodeServer({ report = (line) => console.error(line) } = {}) {
  const root = path.join(cacheFolder(), 'vscode', `code-server-${codeServerVersion}`);
  const server = {
    node: path.join(root, 'node', 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node'),
    entry: path.join(root, 'node_modules', 'code-server', 'out', 'node', 'entry.js'),
    version: codeServerVersion,
  };
  if (existsSync(path.join(root, marker)) && existsSync(server.node) && existsSync(server.entry)) {
    return server;
  }
  const missing = await missingServerTools();
  if (missing.length > 0) {
    throw new Error(
      `The test's VS Code compiles two native modules and needs ${missing.map(({ tool }) => tool).join(', ')}. ` +
        `On Debian or Ubuntu: apt-get install ${missing.map(({ debianPackage }) => debianPackage).join(' ')}`,
    );
  }

  const started = Date.now();
  report(`Installing VS Code (code-server ${codeServerVersion}) into ${root}; this takes a few minutes once.`);
  await rm(root, { recursive: true, force: true });
  // A folder of its own for Node: its install script adds a package with the headers that a second `npm install` beside
  // it would remove.
  const nodeRoot = path.join(root, 'node');
  for (const folder of [root, nodeRoot]) {
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'package.json'), JSON.stringify({ name: 'earmark-vscode', private: true }));
  }
  // One log for all steps: quiet when it works, complete when it does not.
  const log = [];
  const step = async (title, command, arguments_, options) => {
    const stepStarted = Date.now();
    report(`  ${title} …`);
    try {
      await execute(command, arguments_, options, log);
    } catch (error) {
      const logFile = path.join(root, 'install.log');
      await writeFile(logFile, log.join(''));
      throw new Error(`${title} failed: ${error.message}\n${log.join('').slice(-4000)}\nThe whole log: ${logFile}`);
    }
    report(`  ${title}: ${((Date.now() - stepStarted) / 1000).toFixed(0)} s`);
  };
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];

  // node's own install script copies the binary of this platform into place: it must run.
  await step('Node 24', 'npm', ['install', ...quiet, `node@${nodeVersion}`], { cwd: nodeRoot });
  await step('code-server', 'npm', ['install', ...quiet, '--ignore-scripts', `code-server@${codeServerVersion}`], {
    cwd: root,
  });
  const vscode = path.join(root, 'node_modules', 'code-server', 'lib', 'vscode');
  await step("VS Code's dependencies", 'npm', ['install', ...quiet, '--omit=dev', '--ignore-scripts'], { cwd: vscode });

  // npm brings its own node-gyp; it is run by Node 24, against the headers in the package of that Node.
  const nodeGyp = await findNodeGyp();
  const nodeFolder = await findHeaders(path.join(nodeRoot, 'node_modules'));
  for (const name of nativeModules) {
    await step(
      `Compiling ${name}`,
      server.node,
      [nodeGyp, 'rebuild', `--nodedir=${nodeFolder}`, `--jobs=${cpus().length}`],
      { cwd: path.join(vscode, 'node_modules', name), shell: false },
    );
  }
  await step('Checking that it starts', server.node, [server.entry, '--version'], { cwd: root, shell: false });
  await writeFile(path.join(root, marker), JSON.stringify({ codeServerVersion, installed: new Date().toISOString() }));
  report(`VS Code is ready (${((Date.now() - started) / 1000).toFixed(0)} s).`);
  return server;
}

/** The package of the platform, which holds the headers: npm puts it inside `node` or beside it. */
async function findHeaders(modules) {
  for (const folder of [path.join(modules, 'node', 'node_modules'), modules]) {
    for (const name of existsSync(folder) ? await readdir(folder) : []) {
      if (existsSync(path.join(folder, name, 'include', 'node', 'node_version.h'))) {
        return path.join(folder, name);
      }
    }
  }
  throw new Error(`No Node headers were found in ${modules}.`);
}

async function findNodeGyp() {
  const npmRoot = path.dirname(path.dirname(await npmCli()));
  const candidate = path.join(npmRoot, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  if (!existsSync(candidate)) {
    throw new Error(`npm's node-gyp was expected at ${candidate}.`);
  }
  return candidate;
}

/** Where npm itself lies: told by npm to its scripts, else beside the running Node. */
async function npmCli() {
  const besideNode = [
    path.join(path.dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    path.join(path.dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    '/usr/share/nodejs/npm/bin/npm-cli.js',
  ];
  const candidates = [process.env['npm_execpath'], ...besideNode];
  for (const candidate of candidates) {
    if (candidate !== undefined && candidate.endsWith('npm-cli.js') && existsSync(candidate)) {
      return candidate;
    }
  }
  const { stdout } = await promisify(execFile)('npm', ['root', '--global'], { shell: process.platform === 'win32' });
  return path.join(stdout.trim(), 'npm', 'bin', 'npm-cli.js');
}

function execute(command, arguments_, options, log) {
  const { shell = process.platform === 'win32', ...rest } = options;
  log.push(`$ ${command} ${arguments_.join(' ')}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, arguments_, { ...rest, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (piece) => log.push(String(piece)));
    child.stderr.on('data', (piece) => log.push(String(piece)));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await ensureVsCodeServer();
  const { version } = JSON.parse(
    await readFile(path.join(path.dirname(server.entry), '..', '..', 'lib', 'vscode', 'package.json'), 'utf8'),
  );
  console.log(`VS Code ${version}: ${server.node} ${server.entry}`);
}
