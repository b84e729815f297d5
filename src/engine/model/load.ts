import { Tokenizer } from '@huggingface/tokenizers';
import type { InferenceSession } from 'onnxruntime-node';
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { EarmarkError } from '../../protocol/errors';
import { loadCrossAttentionFamily } from './families/cross-attention';
import type { Family, FamilyBase } from './families/family';
import { loadPrefixFamily } from './families/prefix';
import { requireMemory } from './needs';
import { orRelease } from './or-release';
import { packFingerprint, readPack, taps, verifyPack, type Pack } from './pack';
import type { Runtime } from './runtime';
import { SimilarityRunner } from './similarity';
import { tapEncoder } from './tap';

/** A pack whose graphs are loaded and ready to run. */
export interface Model {
  readonly folder: string;
  readonly pack: Pack;
  /** What tells it from another model that takes its place on disk. */
  readonly fingerprint: string;
  readonly runtime: Runtime;
  readonly tokenizer: Tokenizer;
  readonly frontEnd: InferenceSession;
  /** The encoder with the attention tap. */
  readonly encoder: InferenceSession;
  /** What becomes of kept tokens. */
  readonly family: Family;
  readonly similarity: SimilarityRunner;
}

/**
 * Verifies a pack's files and loads its graphs.
 *
 * @throws EarmarkError `model-*`
 */
export async function loadModel(folder: string, runtime: Runtime): Promise<Model> {
  const fingerprint = await packFingerprint(folder);
  const pack = await readPack(folder);
  requireMemory(pack);
  await verifyPack(folder, pack);
  const at = (file: string): string => path.join(folder, file);
  const json = async (file: string): Promise<object> => JSON.parse(await readFile(at(file), 'utf8')) as object;
  try {
    const tokenizer = new Tokenizer(await json(pack.tokenizer.file), await json(pack.tokenizer.config));
    const frontEnd = await runtime.createSession(at(pack.frontEnd.file));
    const encoder = await orRelease(loadEncoder(folder, pack, runtime), [frontEnd]);
    const family = await orRelease(loadFamily({ folder, pack, runtime, tokenizer }), [frontEnd, encoder]);
    const similarity = new SimilarityRunner(runtime);
    return { folder, pack, fingerprint, runtime, tokenizer, frontEnd, encoder, family, similarity };
  } catch (error) {
    if (error instanceof EarmarkError) {
      throw error;
    }
    throw doesNotLoad(pack, runtime, error);
  }
}

/** Says in a person's words where onnxruntime lacks an operator in the model's precision; else what it said itself. */
function doesNotLoad({ id, precision }: Pack, { provider }: Runtime, cause: unknown): EarmarkError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const [, operator] = /(?:find an implementation|find kernel) for (?:[\w.]+\.)?(\w+)\(\d+\)/.exec(message) ?? [];
  return operator === undefined
    ? new EarmarkError(
        'model-unsupported',
        `The model "${id}" does not load: ${message}`,
        'See the Earmark log for details.',
        { cause },
      )
    : new EarmarkError(
        'model-unsupported',
        `The model "${id}" can not run on ${provider}: onnxruntime has no ${operator} there for the precision of the ` +
          `model (${[...new Set(Object.values(precision))].join(', ')}).`,
        'Choose another precision of the model, as fp32, int8 or q4, or another provider.',
        { cause },
      );
}

/** With the attention tap, where it has attention that can be read. */
async function loadEncoder(folder: string, pack: Pack, runtime: Runtime): Promise<InferenceSession> {
  const file = path.join(folder, pack.encoder.file);
  return taps(pack)
    ? runtime.createSession(tapEncoder(await readFile(file), pack.encoder.layers), path.dirname(file))
    : runtime.createSession(file);
}

/** The one place that tells families apart. */
function loadFamily({ pack, ...rest }: FamilyBase): Promise<Family> {
  switch (pack.family) {
    case 'prefix':
      return loadPrefixFamily({ ...rest, pack });
    case 'cross-attention':
      return loadCrossAttentionFamily({ ...rest, pack });
  }
}

/** Frees the native memory of a model's sessions. */
export async function releaseModel({ frontEnd, encoder, family, similarity }: Model): Promise<void> {
  for (const part of [frontEnd, encoder, family, similarity]) {
    await part.release();
  }
}
