import { once } from 'node:events';
import { expect, it, vi } from 'vitest';
import { Engine } from '../../src/engine/engine';
import type * as load from '../../src/engine/model/load';
import { packFolder, sampleFiles } from './default-model';

const gate = vi.hoisted(() => ({ loads: 0, opens: new AbortController() }));
// The model is loaded as ever, but only when the test lets it: a large one takes a while.
vi.mock('../../src/engine/model/load', async (original) => {
  const real = await original<typeof load>();
  const loadModel: typeof load.loadModel = async (...given) => {
    gate.loads++;
    await once(gate.opens.signal, 'abort');
    return real.loadModel(...given);
  };
  return { ...real, loadModel };
});

it('answers a request that is cancelled while its model loads, and loads on for the next', async () => {
  const engine = new Engine({ modelFolders: [packFolder], threads: 1, ffmpeg: '' });
  const onProgress = (): void => undefined;
  const going = new AbortController();
  const source = { kind: 'path', path: sampleFiles[0]! } as const;
  const { clipId } = await engine.openClip(source, { signal: going.signal, onProgress });

  const cancel = new AbortController();
  const cancelled = engine.analyse(clipId, 'earmark-mini', { signal: cancel.signal, onProgress });
  await vi.waitFor(() => {
    expect(gate.loads).toBe(1);
  });
  const next = engine.analyse(clipId, 'earmark-mini', { signal: going.signal, onProgress });
  cancel.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
  gate.opens.abort();
  expect((await next).windows[0]!.tokens.valid).toBe(104);
  expect(gate.loads).toBe(1);
});
