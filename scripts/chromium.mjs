import { existsSync } from 'node:fs';
import path from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** The browser that the tests drive: the variable CHROMIUM, else the first of the usual names on PATH. */
export function findChromium() {
  const chosen = process.env['CHROMIUM'];
  if (chosen) {
    return existsSync(chosen) ? chosen : undefined;
  }
  const ending = process.platform === 'win32' ? '.exe' : '';
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  const candidates = names.flatMap((name) => folders.map((folder) => path.join(folder, name + ending)));
  return [...candidates, ...places].find((file) => existsSync(file));
}
