import { Tokenizer } from '@huggingface/tokenizers';
import type { InferenceSession } from 'onnxruntime-node';
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { EarmarkError } from '../../protocol/errors';
import { readPack, verifyPack, type Pack } from './pack';
import type { Runtime } from './runtime';
import { SimilarityRunner } from './similarity';
import { tapEncoder } from './tap';

/** A pack whose graphs are loaded and ready to run. */
export interface Model {
  readonly folder: string;
  readonly pack: Pack;
  readonly runtime: Runtime;
  readonly tokenizer: Tokenizer;
  readonly frontEnd: InferenceSession;
  /** The encoder with the attention tap. */
  readonly encoder: InferenceSession;
  readonly adapter: InferenceSession;
  readonly embeddings: InferenceSession;
  readonly decoder: InferenceSession;
  readonly similarity: SimilarityRunner;
}

/**
 * Verifies a pack's files and loads its graphs.
 *
 * @throws EarmarkError `model-*`
 */
export async function loadModel(folder: string, runtime: Runtime): Promise<Model> {
  const pack = await readPack(folder);
  if (pack.family !== 'prefix') {
    throw new EarmarkError(
      'model-unsupported',
      `The model "${pack.id}" is of the family "${pack.family}", which this version can not run.`,
    );
  }
  await verifyPack(folder, pack);
  const at = (file: string): string => path.join(folder, file);
  const json = async (file: string): Promise<object> => JSON.parse(await readFile(at(file), 'utf8')) as object;
  try {
    return {
      folder,
      pack,
      runtime,
      tokenizer: new Tokenizer(await json(pack.tokenizer.file), await json(pack.tokenizer.config)),
      frontEnd: await runtime.createSession(at(pack.frontEnd.file)),
      encoder: await runtime.createSession(tapEncoder(await readFile(at(pack.encoder.file)))),
      adapter: await runtime.createSession(at(pack.adapter.file)),
      embeddings: await runtime.createSession(at(pack.embeddings.file)),
      decoder: await runtime.createSession(at(pack.decoder.file)),
      similarity: new SimilarityRunner(runtime),
    };
  } catch (error) {
    if (error instanceof EarmarkError) {
      throw error;
    }
    throw new EarmarkError(
      'model-unsupported',
      `The model "${pack.id}" does not load: ${error instanceof Error ? error.message : String(error)}`,
      'See the Earmark log for details.',
      { cause: error },
    );
  }
}

/** Frees the native memory of a model's sessions. */
export async function releaseModel(model: Model): Promise<void> {
  const { frontEnd, encoder, adapter, embeddings, decoder, similarity } = model;
  for (const session of [frontEnd, encoder, adapter, embeddings, decoder]) {
    await session.release();
  }
  await similarity.release();
}
