import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { loadModel, type Model } from '../../src/engine/model/load';
import { loadRuntime } from '../../src/engine/model/runtime';
import type { RunSettings } from '../../src/protocol/run';

export const repository = path.join(import.meta.dirname, '..', '..');
export const packFolder = path.join(repository, 'media', 'models', 'earmark-mini');
export const sampleFiles = [
  'conference-prompt.wav',
  'half-minute.wav',
  'hold-then-laugh.wav',
  'horse-trumpet-beeps.wav',
  'howl-then-bell.wav',
].map((name) => path.join(repository, 'media', 'samples', name));

/** A run of every token. */
export const allTokens: RunSettings = {
  strategy: 'none',
  keepRatio: 1,
  budgetMode: 'exact',
  headReduce: 'mean',
  parameters: {},
  question: 'Describe the audio.',
  maxNewTokens: 32,
};

/** The model that ships, loaded as the engine loads it. */
export async function loadDefaultModel(): Promise<Model> {
  return loadModel(packFolder, await loadRuntime(0));
}

/**
 * Samples of a 16-bit mono 16 kHz WAV file with the shortest header, read without Earmark's own decoder, so that a
 * fault there does not hide one here.
 */
export function readPlainWav(file: string): Float32Array {
  const bytes = readFileSync(file);
  const data = bytes.indexOf('data') + 8;
  return Float32Array.from({ length: (bytes.length - data) >> 1 }, (_, i) => bytes.readInt16LE(data + 2 * i) / 32768);
}
