import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine } from '../../src/engine/engine';
import type { RunEvent } from '../../src/protocol/run';
import { editJson } from '../edit-json';
import { allTokens, packFolder, sampleFiles } from './default-model';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'earmark-replaced-'));
  // Not linked: onnxruntime reads no weights from outside of the graph's folder.
  cpSync(packFolder, folder, { recursive: true });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('runs the model that is on disk now, and takes nothing from what the one before it heard', async () => {
  const engine = new Engine({ modelFolders: [folder], threads: 1, ffmpeg: '' });
  const { signal } = new AbortController();
  const { clipId } = await engine.openClip(
    { kind: 'path', path: sampleFiles[0]! },
    { signal, onProgress: () => undefined },
  );
  async function heard() {
    const events: RunEvent[] = [];
    const onProgress = (event: RunEvent): number => events.push(event);
    const { windows, secondsPerToken } = await engine.analyse(clipId, 'earmark-mini', { signal, onProgress });
    return {
      tokens: windows[0]!.tokens.valid,
      secondsPerToken,
      encoded: events.some((event) => event.kind === 'stage' && event.stage === 'encode'),
    };
  }
  expect(await heard()).toEqual({ tokens: 104, secondsPerToken: 0.04, encoded: true });
  expect(await heard()).toEqual({ tokens: 104, secondsPerToken: 0.04, encoded: false });

  const [said] = await engine.run(clipId, 'earmark-mini', [{ ...allTokens, maxNewTokens: 2 }], {
    signal,
    onProgress: () => undefined,
  });

  const description = path.join(folder, 'pack.json');
  editJson(description, (pack) => ({ ...pack, encoder: { ...(pack['encoder'] as object), positionsPerToken: 4 } }));
  expect(await heard()).toEqual({ tokens: 52, secondsPerToken: 0.08, encoded: true });

  // What the first one said is not traced by another.
  const call = { signal, onProgress: () => undefined };
  await expect(engine.explain(said!, call)).rejects.toMatchObject({
    code: 'model-unsupported',
    message: 'The model "earmark-mini" was replaced after it said this.',
  });

  // The first one again: what it heard is still true of it.
  copyFileSync(path.join(packFolder, 'pack.json'), description);
  expect((await engine.explain(said!, call)).windows).toHaveLength(1);
  expect(await heard()).toEqual({ tokens: 104, secondsPerToken: 0.04, encoded: false });
});
