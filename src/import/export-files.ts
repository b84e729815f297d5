import { readFile, stat } from 'node:fs/promises';
import * as path from 'node:path';
import type { GraphProto } from 'onnx-buf';
import { findAttention } from '../engine/model/attention-finder';
import type { Pack } from '../engine/model/pack';
import type { PrecisionOffer } from '../hub/repository-layout';
import { EarmarkError } from '../protocol/errors';
import { readGraphOutline, shapeOf } from './graph-outline';

/** A graph of an export. */
export interface Graph {
  /** Path within the folder. */
  readonly file: string;
  readonly outline: GraphProto;
}

/** @throws EarmarkError `model-unsupported` where the precision has no such graph, `model-damaged` */
export async function readGraph(folder: string, files: PrecisionOffer['files'], stem: string): Promise<Graph> {
  const found = files.find((one) => one.path.startsWith(`onnx/${stem}`) && one.path.endsWith('.onnx'));
  if (!found) {
    throw new EarmarkError('model-unsupported', `${folder} has no onnx/${stem}.`, 'Get the rest of the export.');
  }
  return { file: found.path, outline: await readGraphOutline(path.join(folder, found.path)) };
}

/** Whether the attention of an encoder's last layer can be read; a note where it can not. */
export function readableAttention(
  { file, outline }: Graph,
  layers: number,
  notes: string[],
): Pack['encoder']['attention'] {
  if (findAttention(outline, layers) !== undefined) {
    return { kind: 'tap' };
  }
  notes.push(
    `No attention of layer ${String(layers)} that can be read was found in ${file}: only strategies that need no scores ` +
      'can be used.',
  );
  return { kind: 'none' };
}

/** Layers, heads and width of a head of a decoder, by the inputs of its cache, which are named like this. */
export function cacheShape(
  { file, outline }: Graph,
  pastKey: string,
): Pick<Pack['decoder'], 'layers' | 'kvHeads' | 'headDim'> {
  const names = new Set(outline.input.map(({ name }) => name));
  let layers = 0;
  while (names.has(pastKey.replace('{layer}', String(layers)))) {
    layers++;
  }
  const first = outline.input.find(({ name }) => name === pastKey.replace('{layer}', '0'));
  const [, kvHeads, , headDim] = first ? shapeOf(first) : [];
  return {
    layers: known(layers || undefined, `past_key_values in ${file}`),
    kvHeads: known(kvHeads, `the number of key-value heads in ${file}`),
    headDim: known(headDim, `the width of a head in ${file}`),
  };
}

/** @throws EarmarkError `model-unsupported` where the graph has it not, naming what it has */
export function nameOf({ file, outline }: Graph, side: 'input' | 'output', wanted: string): string {
  const names = outline[side].map(({ name }) => name);
  if (!names.includes(wanted)) {
    throw new EarmarkError(
      'model-unsupported',
      `${file} has no ${side} named ${wanted}; it has ${names.join(', ')}.`,
      'Choose an export in the layout of transformers.js.',
    );
  }
  return wanted;
}

/** @throws EarmarkError `model-unsupported` */
export function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) {
    throw new EarmarkError('model-unsupported', `The model does not say ${what}.`, 'Complete its config.json.');
  }
  return value;
}

/** @throws EarmarkError `model-unsupported` where it is missing, `model-damaged` where it is no JSON */
export async function readJson<T>(folder: string, name: string): Promise<T> {
  let text: string;
  try {
    text = await readFile(path.join(folder, name), 'utf8');
  } catch (error) {
    throw new EarmarkError(
      'model-unsupported',
      `${name} is missing in ${folder}.`,
      'Get it from where the model is from.',
      {
        cause: error,
      },
    );
  }
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new EarmarkError('model-damaged', `${name} in ${folder} is not JSON.`, 'Get the file again.', {
      cause: error,
    });
  }
}

/** As `readJson`, but nothing where the file is missing. */
export async function readOptional<T>(folder: string, name: string): Promise<T | undefined> {
  const there = await stat(path.join(folder, name)).catch(() => undefined);
  return there ? readJson<T>(folder, name) : undefined;
}
