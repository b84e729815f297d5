// What the tests need beyond Node and npm packages, and the commands that install it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { repository } from './cache-folder.mjs';
import { findChromium } from './chromium.mjs';

const tools = [
  {
    name: 'Chromium',
    why: 'drives the webviews and VS Code',
    debian: 'chromium',
    found: () => findChromium() !== undefined,
  },
  {
    name: 'ffmpeg',
    why: 'makes test sounds and reads m4a',
    debian: 'ffmpeg',
    found: () => answers('ffmpeg', '-version'),
  },
  {
    name: 'make',
    why: "compiles two modules of the test's VS Code",
    debian: 'make',
    found: () => answers('make', '--version'),
  },
  {
    name: 'g++',
    why: "compiles two modules of the test's VS Code",
    debian: 'g++',
    found: () => answers('g++', '--version'),
  },
  {
    name: 'Python 3',
    why: "compiles two modules of the test's VS Code, and computes references",
    debian: 'python3',
    found: () => answers('python3', '--version'),
  },
  {
    name: 'redis-server',
    why: 'hands clips to workers',
    debian: 'redis-server',
    found: () => answers('redis-server', '--version'),
  },
  { name: 'ps', why: 'finds the engine among the processes', debian: 'procps', found: () => answers('ps', '-e') },
];

const venv =
  'python3 -m venv .cache/venv && .cache/venv/bin/pip install ' +
  '-r test/reference/requirements.txt -r recipes/audio-llm/requirements.txt';
const training =
  'python3 -m venv .cache/training && .cache/training/bin/pip install -r recipes/earmark-mini/requirements.txt';
const whisper = [
  '.cache/venv/bin/pip install -r recipes/whisper-base/requirements.txt',
  'cd recipes/whisper-base && ../../.cache/venv/bin/python -m whisper_base --out ../../.cache/models/whisper-base',
];

/** @returns {string | undefined} what is missing and how to install it, or nothing when all is there */
export function describeMissing() {
  const missing = tools.filter(({ found }) => !found());
  const packages = answers(python(), '-c', 'import numpy, pycocoevalcap, jiwer, whisper_normalizer, onnx, jinja2');
  const pack = hasWhisper();
  const torch = answers(trainingPython(), '-c', 'from importlib.metadata import version; version("torch")');
  if (missing.length === 0 && packages && pack && torch) {
    return undefined;
  }
  const lines = ['The tests need what is not here:', ...missing.map(({ name, why }) => `  ${name}: ${why}`)];
  if (!packages) {
    lines.push(
      '  Python packages (the requirements below): compute the references of strategies and metrics, export models',
    );
  }
  if (!pack) {
    lines.push('  The model pack whisper-base, as its recipe makes it now: is tested against transformers');
  }
  if (!torch) {
    lines.push('  PyTorch in an environment of its own (5 GB): a small run of the training of the default model');
  }
  if (missing.length > 0) {
    lines.push(
      'On Debian or Ubuntu (elsewhere use the package manager at hand; CHROMIUM may name the browser):',
      `  apt-get update && apt-get install -y ${missing.map(({ debian }) => debian).join(' ')}`,
    );
  }
  if (!packages) {
    lines.push('For the Python packages, in the root of the repository:', `  ${venv}`);
  }
  if (!pack) {
    lines.push('For the model pack, in the root of the repository, then:', ...whisper.map((line) => `  ${line}`));
  }
  if (!torch) {
    lines.push('For PyTorch, in the root of the repository, with Python 3.11:', `  ${training}`);
  }
  return lines.join('\n');
}

/** The interpreter that has what recipes and references import: EARMARK_PYTHON, or that of .cache/venv. */
export function python() {
  return process.env['EARMARK_PYTHON'] ?? pythonOf('.cache/venv');
}

/** The interpreter that has PyTorch: EARMARK_TRAINING_PYTHON, or that of .cache/training. */
export function trainingPython() {
  return process.env['EARMARK_TRAINING_PYTHON'] ?? pythonOf('.cache/training');
}

function pythonOf(environment) {
  const places = ['bin/python', 'Scripts/python.exe'];
  return places.map((file) => path.join(repository, environment, file)).find((file) => existsSync(file)) ?? 'python3';
}

/** Whether the pack is there, whole, and not older than its recipe. */
function hasWhisper() {
  const pack = path.join(repository, '.cache', 'models', 'whisper-base');
  const recipe = path.join(repository, 'recipes', 'whisper-base');
  return answersIn(recipe, python(), '-m', 'whisper_base', '--out', pack, '--check');
}

function answers(command, ...arguments_) {
  return answersIn(repository, command, ...arguments_);
}

function answersIn(cwd, command, ...arguments_) {
  try {
    execFileSync(command, arguments_, { cwd, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
