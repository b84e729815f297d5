import * as path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { RequestType } from 'vscode-jsonrpc';
import type { LogOutputChannel } from 'vscode';
import { EngineClient } from '../../../src/host/engine-client';
import type { ErrorData } from '../../../src/protocol/errors';

// All that the client takes from VS Code; the process it owns is a real one.
vi.mock('vscode', () => ({
  EventEmitter: class {
    readonly event = (): void => undefined;
    readonly fire = (): void => undefined;
    readonly dispose = (): void => undefined;
  },
}));

const slow = new RequestType<{ readonly ms: number }, string, ErrorData>('slow');
let client: EngineClient;
function open(): EngineClient {
  const silent = (): void => undefined;
  const log = { info: silent, warn: silent, error: silent } as unknown as LogOutputChannel;
  client = new EngineClient(path.join(import.meta.dirname, 'slow-engine.cjs'), () => ({}) as never, log);
  return client;
}
afterEach(() => {
  client.dispose();
});

it('ends an engine that does not end a cancelled request', async () => {
  const cancel = new AbortController();
  const request = open().request(slow, () => ({ ms: 60_000 }), { signal: cancel.signal });
  setTimeout(() => {
    cancel.abort();
  }, 500);
  await expect(request).rejects.toMatchObject({ code: 'cancelled' });
  expect(client.generation).toBe(1);
}, 30_000);

it('waits with that while somebody else waits for an answer', async () => {
  const cancel = new AbortController();
  const cancelled = open().request(slow, () => ({ ms: 8_000 }), { signal: cancel.signal });
  const other = client.request(slow, () => ({ ms: 9_000 }));
  setTimeout(() => {
    cancel.abort();
  }, 500);
  expect(await Promise.all([cancelled, other])).toEqual(['answered', 'answered']);
  expect(client.generation).toBe(0);
}, 30_000);
