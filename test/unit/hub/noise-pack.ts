import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { repository as checkout } from '../../../scripts/cache-folder.mjs';
import { sha256, type FakeHub } from './fake-hub';

export const weights = randomBytes(300_000);

/** A pack whose graphs are noise: everything about it but what it computes is true. */
export function addPack(hub: FakeHub, files: Readonly<Record<string, Buffer>> = {}): void {
  const shipped = path.join(checkout, 'media', 'models', 'earmark-mini', 'pack.json');
  const pack = JSON.parse(readFileSync(shipped, 'utf8')) as Record<string, object>;
  const graphs = ['frontEnd', 'encoder', 'adapter', 'embeddings', 'decoder'];
  const named = {
    ...Object.fromEntries(graphs.map((part) => [part, { ...pack[part], file: 'encoder.onnx' }])),
    tokenizer: { file: 'parts/tokenizer.json', config: 'parts/tokenizer.json' },
  };
  const all = { 'encoder.onnx': weights, 'parts/tokenizer.json': Buffer.from('{}'), ...files };
  const listed = Object.entries(all).map(([name, content]) => ({
    path: name,
    bytes: content.length,
    sha256: sha256(content),
  }));
  hub.files.set('pack.json', {
    content: Buffer.from(JSON.stringify({ ...pack, ...named, id: 'tiny', title: 'Tiny noise', files: listed })),
  });
  hub.files.set('training.log', { content: Buffer.from('not wanted') });
  for (const [name, content] of Object.entries(all)) {
    hub.files.set(name, { content, lfs: content.length > 1000 });
  }
}
