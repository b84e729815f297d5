import * as path from 'node:path';

/** The engine process, beside the command line's own bundle. */
export const engineScript = path.join(__dirname, 'engine.js');
