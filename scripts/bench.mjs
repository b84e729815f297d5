// Measures what the README's table shows: `npm run bench`. Pairs are taken in turns in one run; figures are medians.
import path from 'node:path';
import { runTypeScript } from './run-typescript.mjs';

process.exitCode = await runTypeScript(path.join('bench', 'main.ts'));
