import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import * as path from 'node:path';
import type { AudioSource } from '../../protocol/clip';
import { EarmarkError } from '../../protocol/errors';
import { requireGoingOn } from '../../protocol/until-aborted';

const pieceBytes = 256 * 1024;

/** The bytes of a sound, read piece by piece and hashed as they go by. */
export class SourceReader {
  private hash = createHash('sha256');

  private constructor(
    readonly source: AudioSource,
    readonly name: string,
    readonly size: number,
  ) {}

  /** @throws EarmarkError `audio-not-found`, `audio-unreadable` or `audio-empty` */
  static async open(source: AudioSource): Promise<SourceReader> {
    const name = path.basename(source.kind === 'path' ? source.path : source.name);
    const size = source.kind === 'path' ? await fileSize(source.path, name) : source.bytes.byteLength;
    if (size === 0) {
      throw new EarmarkError('audio-empty', `“${name}” is empty.`, 'Choose a file that holds sound.');
    }
    return new SourceReader(source, name, size);
  }

  /** Every byte once, in order; asked again, it begins again. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    this.hash = createHash('sha256');
    for await (const piece of this.read()) {
      this.hash.update(piece);
      yield piece;
    }
  }

  /**
   * Reads every byte for its hash alone.
   *
   * @throws EarmarkError `cancelled`
   */
  async hashWhole(signal: AbortSignal | undefined): Promise<void> {
    this.hash = createHash('sha256');
    for await (const piece of this.read()) {
      requireGoingOn(signal);
      this.hash.update(piece);
    }
  }

  /** SHA-256 of what was read last, lower-case hex. */
  digest(): string {
    return this.hash.digest('hex');
  }

  private async *read(): AsyncGenerator<Uint8Array> {
    if (this.source.kind === 'bytes') {
      for (let start = 0; start < this.size; start += pieceBytes) {
        yield plain(this.source.bytes.subarray(start, start + pieceBytes));
      }
      return;
    }
    try {
      for await (const piece of createReadStream(this.source.path, { highWaterMark: pieceBytes })) {
        yield plain(piece as Buffer);
      }
    } catch (error) {
      throw readError(this.name, error);
    }
  }
}

/** The same bytes, not as a Buffer: decoders expect of `slice` a copy, which a Buffer's is not. */
function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

async function fileSize(file: string, name: string): Promise<number> {
  try {
    const status = await stat(file);
    if (status.isFile()) {
      return status.size;
    }
  } catch (error) {
    throw readError(name, error);
  }
  throw new EarmarkError('audio-unreadable', `“${name}” is not a file.`, 'Choose a sound file.');
}

/** What is said of a file that can not be opened or read. */
export function readError(name: string, error: unknown): EarmarkError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const options = { cause: error };
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new EarmarkError('audio-not-found', `“${name}” does not exist.`, 'Check the path.', options);
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const action = 'Check the permissions of the file.';
    return new EarmarkError('audio-unreadable', `Reading “${name}” is not permitted.`, action, options);
  }
  const action = 'Check that the file and its disk are still there.';
  return new EarmarkError('audio-unreadable', `“${name}” can not be read (${code}).`, action, options);
}
