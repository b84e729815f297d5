import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { pull } from '../../../src/cli/pull';
import { FakeHub } from '../hub/fake-hub';
import { addPack } from '../hub/noise-pack';

let hub: FakeHub;
let models: string;

beforeEach(async () => {
  hub = await FakeHub.start();
  models = mkdtempSync(path.join(tmpdir(), 'earmark-pull-'));
});
afterEach(() => {
  hub.stop();
  rmSync(models, { recursive: true });
});

async function words(): Promise<string> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await pull(hub.repository, { models, endpoint: hub.endpoint, update: false });
    return write.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    write.mockRestore();
  }
}

it('says how to use a model, also where another one of its id is found first', async () => {
  addPack(hub);
  const first = path.join(models, 'earmark-audio--tiny');
  expect(await words()).toBe(`earmark-audio/tiny@c0ffee0 is in ${first}. Use it with --model tiny.\n`);
  hub.repository = 'later/tiny';
  const later = path.join(models, 'later--tiny');
  const use = `Remove that one, or use this one with --models ${later} --model tiny.`;
  const hidden = `But "tiny" is the model in ${first}, which is found first. ${use}`;
  expect(await words()).toBe(`later/tiny@c0ffee0 is in ${later}. ${hidden}\n`);
  expect(await words()).toBe(`later/tiny@c0ffee0 is there already, in ${later}. ${hidden}\n`);
});
