import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { cacheFolder } from '../../scripts/cache-folder.mjs';
import { ownTarget, packageVsix } from '../../scripts/package.mjs';
import { ensureVsCodeServer } from '../../scripts/vscode-server.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    vscode: { readonly node: string; readonly entry: string; readonly vsix: string };
  }
}

/** One VS Code and one VSIX for all scenes. EARMARK_VSIX names a VSIX that was packed before. */
export default async function setup(project: TestProject): Promise<void> {
  const { node, entry } = await ensureVsCodeServer();
  const packed = process.env['EARMARK_VSIX'];
  const vsix = packed ?? (await packageVsix(ownTarget, { out: path.join(cacheFolder(), 'vsix') })).file;
  project.provide('vscode', { node, entry, vsix });
}
