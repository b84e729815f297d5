// What the tests need beyond Node and npm packages, and the commands that install it.
import { execFileSync } from 'node:child_process';
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
  { name: 'ps', why: 'finds the engine among the processes', debian: 'procps', found: () => answers('ps', '-e') },
];

/** @returns {string | undefined} what is missing and how to install it, or nothing when all is there */
export function describeMissing() {
  const missing = tools.filter(({ found }) => !found());
  if (missing.length === 0) {
    return undefined;
  }
  return [
    'The tests need programs that are not here:',
    ...missing.map(({ name, why }) => `  ${name}: ${why}`),
    'On Debian or Ubuntu:',
    `  apt-get update && apt-get install -y ${missing.map(({ debian }) => debian).join(' ')}`,
    'Elsewhere install them with the package manager at hand; CHROMIUM may name the browser.',
  ].join('\n');
}

function answers(command, argument) {
  try {
    execFileSync(command, [argument], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
