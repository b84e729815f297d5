import { Ajv } from 'ajv';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EarmarkError } from '../../protocol/errors';
import type { Need } from '../../pruning/strategy';
import type { MelScale } from '../features/mel-scale';
import schema from './pack.schema.json';
import { isSafeName } from './safe-name';

/** A model pack's `pack.json`; the schema beside this file says what each field means and may hold. */
export type Pack = PrefixPack | CrossAttentionPack;

/** What a pack of any family describes. */
interface AnyPack {
  readonly schemaVersion: 1;
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly limits: string;
  readonly licence: string;
  readonly weights: readonly {
    readonly part: string;
    readonly name: string;
    readonly source: string;
    readonly licence: string;
  }[];
  readonly frontEnd: {
    readonly file: string;
    readonly input: string;
    readonly output: string;
    readonly sampleRate: 16000;
    readonly melBins: number;
    /** Slaney's, as Whisper has it, where it is not said. */
    readonly melScale?: MelScale;
    /** The output that the encoder takes, where it takes the log-mel in another shape. */
    readonly features?: string;
    readonly hopSamples: number;
    readonly windowSeconds: number;
    /** Zero padding goes up to a whole token, a whole frame, or up to the whole window. */
    readonly padding: 'token' | 'frame' | 'window';
  };
  readonly encoder: {
    readonly file: string;
    readonly input: string;
    readonly output: string;
    /**
     * An input, int64 [1], that takes the number of positions that are not padding: the encoder leaves the others away
     * after its convolutions, and gives whole tokens only. Without it, it gives all, and the engine trims.
     */
    readonly validPositions?: string;
    readonly layers: number;
    readonly heads: number;
    readonly width: number;
    readonly framesPerPosition: number;
    readonly positionsPerToken: number;
    /** At most so many rows behind those that have a share of the sound's time: always kept, never ranked. */
    readonly extraRows?: number;
    readonly attention: { readonly kind: 'tap' | 'none' };
  };
  readonly tokenizer: { readonly file: string; readonly config: string };
  readonly stopTokens: readonly number[];
  readonly precision: Readonly<Record<string, string>>;
  /** How large each part is, where the size of its files does not tell: float16 weights run as float32. */
  readonly parts?: Readonly<Record<string, { readonly parameters: number; readonly memoryBytes: number }>>;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[];
}

/** A decoder's graph and its KV cache, whatever else it takes. */
export interface AnyDecoder {
  readonly file: string;
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Most positions of the decoder's own context. */
  readonly maxContext: number;
  readonly logits: string;
  readonly pastKey: string;
  readonly pastValue: string;
  readonly presentKey: string;
  readonly presentValue: string;
}

/** Audio tokens stand in the prompt of a language model, adapted to its embeddings. */
export interface PrefixPack extends AnyPack {
  readonly family: 'prefix';
  /** Absent where the encoder adapts: its tokens are embeddings. */
  readonly adapter?: {
    readonly file: string;
    readonly input: string;
    readonly output: string;
    readonly tokensPerStep: 1;
  };
  readonly embeddings: { readonly file: string; readonly input: string; readonly output: string };
  readonly decoder: AnyDecoder & {
    readonly width: number;
    readonly inputsEmbeds: string;
    readonly attentionMask: string;
  };
  readonly prompt: { readonly template: string; readonly question: string };
}

/** The decoder looks at encoder tokens through keys and values of each layer, which are projected once a run. */
export interface CrossAttentionPack extends AnyPack {
  readonly family: 'cross-attention';
  /** Tokens to keys and values, which the decoder takes under the names `key` and `value`. */
  readonly cross: CrossGraph | CrossInDecoder;
  readonly decoder: AnyDecoder & { readonly inputIds: string };
  readonly prompt: {
    readonly startTokens: readonly number[];
    /** Never said. */
    readonly suppress: readonly number[];
    /** Never said first. */
    readonly suppressFirst: readonly number[];
  };
}

interface AnyCross {
  /** The input that takes the tokens. */
  readonly input: string;
  readonly key: string;
  readonly value: string;
  /** Padded tokens behind the clip's own that are looked at too, and never pruned. */
  readonly paddingTokens: number;
}

/** A graph of its own projects them. */
export interface CrossGraph extends AnyCross {
  readonly file: string;
}

/**
 * The decoder's graph has two branches, as Optimum merges them: one projects tokens and starts, the other goes on with
 * what there is.
 */
export interface CrossInDecoder extends AnyCross {
  /** Bool [1]: whether to go on. */
  readonly useCache: string;
  /** Under which the branch that starts gives them. */
  readonly presentKey: string;
  readonly presentValue: string;
}

const isPack = new Ajv({ allErrors: true, discriminator: true }).compile<Pack>(schema);

/**
 * SHA-256 of a pack's description, which lists the SHA-256 of each of its files.
 *
 * @throws EarmarkError `model-not-found`
 */
export async function packFingerprint(folder: string): Promise<string> {
  return createHash('sha256')
    .update(await readDescription(folder))
    .digest('hex');
}

/** @throws EarmarkError `model-not-found` or `model-invalid`, naming the field */
export async function readPack(folder: string): Promise<Pack> {
  const file = path.join(folder, 'pack.json');
  const text = (await readDescription(folder)).toString();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new EarmarkError('model-invalid', `${file} is not JSON: ${(error as Error).message}`, undefined, {
      cause: error,
    });
  }
  if (!isPack(json)) {
    const problems = (isPack.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message ?? ''}`);
    throw noPack(file, problems);
  }
  const problems = fileProblems(json);
  if (problems.length > 0) {
    throw noPack(file, problems);
  }
  return json;
}

async function readDescription(folder: string): Promise<Buffer> {
  try {
    return await readFile(path.join(folder, 'pack.json'));
  } catch (error) {
    throw new EarmarkError('model-not-found', `There is no model at ${folder}: pack.json can not be read.`, undefined, {
      cause: error,
    });
  }
}

function noPack(file: string, problems: readonly string[]): EarmarkError {
  return new EarmarkError(
    'model-invalid',
    `${file} does not describe a model pack: ${problems.join('; ')}.`,
    'Correct it, or choose another model.',
  );
}

/** Only a file below the folder whose hash is known may be read. */
function fileProblems(pack: Pack): string[] {
  const listed = new Set(pack.files.map((file) => file.path));
  const unsafe = pack.files.flatMap(({ path: name }, i) =>
    isSafeName(name)
      ? []
      : [`/files/${i}/path must be the name of a file below the folder, not ${JSON.stringify(name)}`],
  );
  const unlisted = Object.entries(namedFiles(pack)).flatMap(([field, name]) =>
    name === undefined || listed.has(name) ? [] : [`${field} must be one of files, not ${JSON.stringify(name)}`],
  );
  return [...unsafe, ...unlisted];
}

/** Every file that the engine reads of a pack, by the field that names it. */
function namedFiles(pack: Pack): Readonly<Record<string, string | undefined>> {
  return {
    '/frontEnd/file': pack.frontEnd.file,
    '/encoder/file': pack.encoder.file,
    ...(pack.family === 'prefix'
      ? { '/adapter/file': pack.adapter?.file, '/embeddings/file': pack.embeddings.file }
      : { '/cross/file': 'file' in pack.cross ? pack.cross.file : undefined }),
    '/decoder/file': pack.decoder.file,
    '/tokenizer/file': pack.tokenizer.file,
    '/tokenizer/config': pack.tokenizer.config,
  };
}

/**
 * Compares every file of a pack with the size and SHA-256 that `pack.json` lists.
 *
 * @throws EarmarkError `model-damaged` naming the file, what was expected and what was found
 */
export async function verifyPack(folder: string, pack: Pack): Promise<void> {
  await Promise.all(pack.files.map((file) => verifyFile(folder, pack.id, file)));
}

/** @throws EarmarkError `model-damaged` */
export async function verifyFile(folder: string, id: string, file: Pack['files'][number]): Promise<void> {
  const action = `Install the model "${id}" again.`;
  const location = path.join(folder, file.path);
  let bytes: number;
  try {
    bytes = (await stat(location)).size;
  } catch (error) {
    throw new EarmarkError('model-damaged', `The model "${id}" lacks its file ${file.path}.`, action, { cause: error });
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(location, { highWaterMark: 1 << 20 }), hash);
  const found = hash.digest('hex');
  if (bytes !== file.bytes || found !== file.sha256) {
    throw new EarmarkError(
      'model-damaged',
      `The file ${file.path} of the model "${id}" is damaged: expected ${String(file.bytes)} bytes with SHA-256 ` +
        `${file.sha256}, found ${String(bytes)} bytes with SHA-256 ${found}.`,
      action,
    );
  }
}

/** Whether the attention of the encoder can be read. */
export function taps({ encoder }: Pack): boolean {
  return encoder.attention.kind === 'tap';
}

/** What strategies and experiments may look at. */
export function offersOf(pack: Pack): readonly Need[] {
  return taps(pack) ? ['scores', 'tokens', 'keys'] : ['tokens'];
}

/** Samples at 16 kHz that one encoder position stands for. */
export function samplesPerPosition(pack: Pack): number {
  return pack.frontEnd.hopSamples * pack.encoder.framesPerPosition;
}

/** Samples at 16 kHz that one token stands for. */
export function samplesPerToken(pack: Pack): number {
  return samplesPerPosition(pack) * pack.encoder.positionsPerToken;
}

/** The time between the beginnings of two tokens. */
export function secondsPerToken(pack: Pack): number {
  return samplesPerToken(pack) / pack.frontEnd.sampleRate;
}
