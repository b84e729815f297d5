import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import type { AudioSource } from '../../protocol/clip';
import { EarmarkError } from '../../protocol/errors';

const pieceBytes = 256 * 1024;

/**
 * The bytes of a sound from its beginning to its end, hashed as they go by. Decoders read synchronously; `prefetch`
 * before each step makes sure that they find what they need in memory, and the disk is only waited for where not.
 */
export class ByteReader {
  /** Bytes that were given to a decoder. */
  position = 0;
  private fetched = 0;
  private readonly ahead: Uint8Array[] = [];
  private readonly hash = createHash('sha256');

  private constructor(
    readonly name: string,
    /** Bytes; the file may be found to be shorter. */
    readonly size: number,
    private readonly handle: FileHandle | undefined,
    private readonly bytes: Uint8Array | undefined,
  ) {}

  /** Throws `audio-not-found` or `audio-unreadable`. */
  static async open(source: AudioSource): Promise<ByteReader> {
    if (source.kind === 'bytes') {
      return new ByteReader(baseName(source.name), source.bytes.byteLength, undefined, source.bytes);
    }
    const name = baseName(source.path);
    let handle: FileHandle | undefined;
    try {
      handle = await open(source.path, 'r');
      const status = await handle.stat();
      if (status.isDirectory()) {
        throw new EarmarkError('audio-unreadable', `“${name}” is a folder.`, 'Choose a sound file.');
      }
      if (!status.isFile()) {
        throw new EarmarkError('audio-unreadable', `“${name}” is not a file that can be read from a disk.`);
      }
      return new ByteReader(name, status.size, handle, undefined);
    } catch (thrown) {
      await handle?.close();
      throw readFailure(name, thrown);
    }
  }

  /** Reads ahead until `count` bytes wait, or the file ends. */
  async prefetch(count = 4 * pieceBytes): Promise<void> {
    while (this.waiting < count) {
      const piece = Buffer.allocUnsafe(pieceBytes);
      let got: number;
      try {
        got = this.handle ? (await this.handle.read(piece, 0, pieceBytes, this.fetched)).bytesRead : this.copy(piece);
      } catch (thrown) {
        throw readFailure(this.name, thrown);
      }
      if (got === 0) {
        return;
      }
      this.take(piece.subarray(0, got));
    }
  }

  /** The next bytes, at most `count`, without going on. Call `prefetch` before. */
  peek(count: number): Uint8Array {
    return Buffer.concat(this.ahead).subarray(0, count);
  }

  /** Fills the beginning of `target`; returns how many bytes, 0 only at the end. */
  read(target: Uint8Array): number {
    let done = 0;
    while (done < target.length) {
      const first = this.ahead[0] ?? this.fetchNow();
      if (!first) {
        break;
      }
      const part = first.subarray(0, target.length - done);
      target.set(part, done);
      this.advance(part.length);
      done += part.length;
    }
    return done;
  }

  /** Goes forward by `count` bytes; false where the file ends before. */
  skip(count: number): boolean {
    while (count > 0) {
      const first = this.ahead[0] ?? this.fetchNow();
      if (!first) {
        return false;
      }
      const part = Math.min(first.length, count);
      this.advance(part);
      count -= part;
    }
    return true;
  }

  /** The last bytes of the file, at most `count`, wherever reading is. */
  async tail(count: number): Promise<Uint8Array> {
    if (this.bytes) {
      return this.bytes.subarray(Math.max(0, this.size - count));
    }
    const target = Buffer.alloc(Math.min(count, this.size));
    try {
      const { bytesRead } = await this.handle!.read(target, 0, target.length, this.size - target.length);
      return target.subarray(0, bytesRead);
    } catch (thrown) {
      throw readFailure(this.name, thrown);
    }
  }

  /** Reads what is left, in pieces, calling `between` after each, and returns the SHA-256 of the whole file. */
  async finish(between: () => Promise<void>): Promise<string> {
    do {
      this.ahead.length = 0;
      await this.prefetch(1);
      await between();
    } while (this.waiting > 0);
    this.position = this.fetched;
    return this.hash.digest('hex');
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }

  private get waiting(): number {
    return this.ahead.reduce((sum, piece) => sum + piece.length, 0);
  }

  private take(piece: Uint8Array): Uint8Array {
    this.hash.update(piece);
    this.fetched += piece.length;
    this.ahead.push(piece);
    return piece;
  }

  private advance(count: number): void {
    const first = this.ahead[0]!;
    if (count === first.length) {
      this.ahead.shift();
    } else {
      this.ahead[0] = first.subarray(count);
    }
    this.position += count;
  }

  private copy(target: Buffer): number {
    const part = this.bytes!.subarray(this.fetched, this.fetched + target.length);
    target.set(part);
    return part.length;
  }

  private fetchNow(): Uint8Array | undefined {
    const piece = Buffer.allocUnsafe(pieceBytes);
    let got: number;
    try {
      got = this.handle ? readSync(this.handle.fd, piece, 0, pieceBytes, this.fetched) : this.copy(piece);
    } catch (thrown) {
      throw readFailure(this.name, thrown);
    }
    return got > 0 ? this.take(piece.subarray(0, got)) : undefined;
  }
}

/** The last part of a path of any platform. */
function baseName(file: string): string {
  return path.posix.basename(process.platform === 'win32' ? file.replaceAll('\\', '/') : file);
}

function readFailure(name: string, thrown: unknown): EarmarkError {
  if (thrown instanceof EarmarkError) {
    return thrown;
  }
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  const options = { cause: thrown };
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new EarmarkError('audio-not-found', `“${name}” does not exist.`, 'Check the path.', options);
    case 'EISDIR':
      return new EarmarkError('audio-unreadable', `“${name}” is a folder.`, 'Choose a sound file.', options);
    case 'EACCES':
    case 'EPERM': {
      const action = 'Check the permissions of the file.';
      return new EarmarkError('audio-unreadable', `Reading “${name}” is not permitted.`, action, options);
    }
    default: {
      const why = code === '' ? String(thrown) : code;
      const action = 'Check that its disk is still there.';
      return new EarmarkError('audio-unreadable', `“${name}” could not be read (${why}).`, action, options);
    }
  }
}
