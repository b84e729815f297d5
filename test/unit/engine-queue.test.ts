import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { Engine } from '../../src/engine/engine';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

it('keeps nothing of what earlier requests came to', async () => {
  const engine = new Engine({ modelFolders: [], threads: 1, ffmpeg: '' });
  const call = { signal: new AbortController().signal, onProgress: () => undefined };
  const outcomes: WeakRef<object>[] = [];
  for (let i = 0; i < 20; i++) {
    // Without a clip it fails, and its error is what it came to.
    outcomes.push(new WeakRef(await engine.analyse('none', 'none', call).catch((error: unknown) => error as object)));
  }
  await wait(10);
  collect();
  // The last may still be on the stack.
  expect(outcomes.slice(0, -1).filter((outcome) => outcome.deref() !== undefined)).toHaveLength(0);
});
