import type { InferenceSession } from 'onnxruntime-node';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Base } from '../../src/engine/model/families/cross';
import { loadCrossAttentionFamily } from '../../src/engine/model/families/cross-attention';
import { loadModel } from '../../src/engine/model/load';
import { loadRuntime, type Runtime } from '../../src/engine/model/runtime';
import { packFolder } from './default-model';

describe('a model of which one graph does not load', () => {
  let runtime: Runtime;
  let created: number;
  let released: number;

  beforeEach(async () => {
    runtime = await loadRuntime(1);
    created = 0;
    released = 0;
  });

  /** Its sessions are counted; after so many it makes no more. */
  function runtimeOf(sessions: number): Runtime {
    const release = (): Promise<void> => {
      released++;
      return Promise.resolve();
    };
    const createSession = (): Promise<InferenceSession> => {
      if (created === sessions) {
        return Promise.reject(new Error('There is no memory left.'));
      }
      created++;
      return Promise.resolve({ release } as InferenceSession);
    };
    return { ...runtime, createSession };
  }

  it.each([0, 1, 2, 3, 4])('keeps no session after %i that did', async (sessions) => {
    await expect(loadModel(packFolder, runtimeOf(sessions))).rejects.toThrow(/does not load: There is no memory left/);
    expect([created, released]).toEqual([sessions, sessions]);
  });

  it.each([0, 1])('keeps no session of cross-attention after %i that did', async (sessions) => {
    const pack = { decoder: { file: 'decoder.onnx' }, cross: { file: 'cross.onnx' } };
    const base = { folder: packFolder, pack, runtime: runtimeOf(sessions) } as unknown as Base;
    await expect(loadCrossAttentionFamily(base)).rejects.toThrow('There is no memory left.');
    expect([created, released]).toEqual([sessions, sessions]);
  });
});
