import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import * as path from 'node:path';
import { benchEngine } from './engine';
import { benchEvaluation } from './evaluation';
import { benchModel } from './model';
import { benchSelect } from './select';

declare const __repository: string;

async function main(): Promise<void> {
  const bytes = await readFile(path.join(__repository, 'media', 'samples', 'half-minute.wav'));
  const samples = Float32Array.from({ length: 480_000 }, (_, i) => bytes.readInt16LE(44 + 2 * i) / 32768);
  const folder = await mkdtemp(path.join(tmpdir(), 'earmark-bench-'));
  try {
    console.log(`${String(cpus().length)} x ${cpus()[0]!.model.trim()}, Node ${process.versions.node}\n`);
    console.log(await benchModel(path.join(__repository, 'media', 'models', 'earmark-mini'), samples));
    console.log(`\n${await benchEngine(__repository, folder)}`);
    console.log(`\n${await benchSelect()}`);
    console.log(`\n${await benchEvaluation(__repository, folder)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

void main().then(() => process.exit(0));
