// Draws media/icon.png: a sound wave of which a few bars are kept. Needs Chromium; run it when the drawing changes.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { repository } from './cache-folder.mjs';
import { findChromium } from './chromium.mjs';

const size = 256;
const heights = [26, 48, 84, 140, 104, 60, 34, 72, 124, 156, 92, 50, 28];
const kept = new Set([3, 4, 8, 9]);
const width = 10;
const gap = 6;
const left = (size - heights.length * width - (heights.length - 1) * gap) / 2;

const bars = heights
  .map((height, at) => {
    const x = left + at * (width + gap);
    const fill = kept.has(at) ? '#ffb454' : '#5b7083';
    return `<rect x="${x}" y="${118 - height / 2}" width="${width}" height="${height}" rx="5" fill="${fill}"/>`;
  })
  .join('');
// The strip below the wave is the selection: the same columns, kept or dropped.
const strip = heights
  .map((_, at) => {
    const x = left + at * (width + gap);
    return `<rect x="${x}" y="212" width="${width}" height="10" rx="2" fill="${kept.has(at) ? '#ffb454' : '#3a4b5a'}"/>`;
  })
  .join('');
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 ${size} ${size}">
<defs><linearGradient id="g" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#22313f"/><stop offset="1" stop-color="#15202b"/></linearGradient></defs>
<rect width="${size}" height="${size}" rx="52" fill="url(#g)"/>${bars}${strip}</svg>`;

const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: size, height: size } });
await page.setContent(`<style>body{margin:0;background:transparent}</style>${svg}`);
await writeFile(
  path.join(repository, 'media', 'icon.png'),
  await page.screenshot({ omitBackground: true, clip: { x: 0, y: 0, width: size, height: size } }),
);
await browser.close();
