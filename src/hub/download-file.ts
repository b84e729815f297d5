import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import * as path from 'node:path';
import { EarmarkError } from '../protocol/errors';
import { writeError } from './disk';
import { pathBelow } from './file-names';
import type { HubClient, HubFile } from './hub-client';
import { PassingFailure } from './hub-errors';
import { persist } from './persist';
import { readBody } from './read-body';
import type { Repository } from './repository';

/** What of a file has come: told after each piece. */
export type OnReceived = (bytes: number) => void;

export interface Downloaded {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Gets one file of a repository into a folder, and goes on with what came of it before. The partial file carries the
 * hash that the whole must have in its name, so that it is never gone on with for another content.
 *
 * @throws EarmarkError `download-damaged`, `disk-full`, `write-failed`, `hub-*`, `cancelled`
 */
export async function downloadFile(
  client: HubClient,
  repository: Repository,
  commit: string,
  file: HubFile,
  folder: string,
  onReceived: OnReceived,
): Promise<Downloaded> {
  const target = pathBelow(folder, file.path);
  const known = await contentOf(target, file, client.options.signal);
  if (known && matches(known, file)) {
    onReceived(file.bytes);
    return { path: file.path, bytes: file.bytes, sha256: known.sha256 };
  }
  const part = partName(target, file);
  try {
    await mkdir(path.dirname(target), { recursive: true });
    // A file that is not what it should be is from another revision.
    await rm(target, { force: true });
    const handle = await open(part, 'a+');
    let found: Content;
    try {
      found = await new Download(client, repository, commit, file, part, handle, onReceived).run();
    } finally {
      await handle.close();
    }
    if (!matches(found, file)) {
      await rm(part, { force: true });
      throw damaged(file, found);
    }
    await rename(part, target);
    return { path: file.path, bytes: file.bytes, sha256: found.sha256 };
  } catch (thrown) {
    throw isOfDisk(thrown) ? writeError(thrown, target) : thrown;
  }
}

/** Bytes of a file that are there already, whole or in part. */
export async function bytesThere(file: HubFile, folder: string): Promise<number> {
  const target = pathBelow(folder, file.path);
  const whole = await stat(target).catch(() => undefined);
  const found = whole ?? (await stat(partName(target, file)).catch(() => undefined));
  return Math.min(found?.size ?? 0, file.bytes);
}

function partName(target: string, { sha256, gitSha1, bytes }: HubFile): string {
  return `${target}.${(sha256 ?? gitSha1 ?? String(bytes)).slice(0, 16)}.part`;
}

interface Content {
  readonly bytes: number;
  readonly sha256: string;
  readonly gitSha1: string;
}

function matches(found: Content, { bytes, sha256, gitSha1 }: HubFile): boolean {
  return (
    found.bytes === bytes &&
    (sha256 === undefined || found.sha256 === sha256) &&
    (gitSha1 === undefined || found.gitSha1 === gitSha1)
  );
}

function damaged({ path: name, bytes, sha256, gitSha1 }: HubFile, found: Content): EarmarkError {
  const [kind, expected, had] =
    sha256 === undefined ? ['SHA-1', gitSha1 ?? 'unknown', found.gitSha1] : ['SHA-256', sha256, found.sha256];
  return new EarmarkError(
    'download-damaged',
    `${name} did not come as it should and was deleted: expected ${String(bytes)} bytes with ${kind} ${expected}, ` +
      `got ${String(found.bytes)} bytes with ${had}.`,
    'Get the model again. If it happens again, the hub, a mirror or something on the way is at fault.',
  );
}

/** Both hashes of a growing file. Git hashes a blob with its length in front. */
class ContentHash {
  bytes = 0;
  private readonly sha256: Hash = createHash('sha256');
  private readonly sha1: Hash;

  constructor(expectedBytes: number) {
    this.sha1 = createHash('sha1').update(`blob ${String(expectedBytes)}\0`);
  }

  update(piece: Uint8Array): void {
    this.bytes += piece.length;
    this.sha256.update(piece);
    this.sha1.update(piece);
  }

  digest(): Content {
    return { bytes: this.bytes, sha256: this.sha256.digest('hex'), gitSha1: this.sha1.digest('hex') };
  }
}

async function contentOf(target: string, file: HubFile, signal: AbortSignal): Promise<Content | undefined> {
  const there = await stat(target).catch(() => undefined);
  if (there?.size !== file.bytes) {
    return undefined;
  }
  const hash = new ContentHash(file.bytes);
  await readInto(hash, target, signal);
  return hash.digest();
}

async function readInto(hash: ContentHash, file: string, signal: AbortSignal): Promise<void> {
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20, signal })) {
    hash.update(piece as Buffer);
  }
}

/** One file on its way into an open partial file. */
class Download {
  private hash: ContentHash;
  /** Of the content that is being got; another one means another content. */
  private etag: string | undefined;

  constructor(
    private readonly client: HubClient,
    private readonly repository: Repository,
    private readonly commit: string,
    private readonly file: HubFile,
    private readonly part: string,
    private readonly handle: FileHandle,
    private readonly onReceived: OnReceived,
  ) {
    this.hash = new ContentHash(file.bytes);
  }

  async run(): Promise<Content> {
    await this.readWhatIsThere();
    await persist(() => this.goOn(), { ...this.client.options, progress: () => this.hash.bytes });
    return this.hash.digest();
  }

  private async readWhatIsThere(): Promise<void> {
    const { size } = await this.handle.stat();
    if (size > this.file.bytes) {
      await this.startOver();
      return;
    }
    await readInto(this.hash, this.part, this.client.options.signal);
    this.onReceived(this.hash.bytes);
  }

  private async startOver(): Promise<void> {
    await this.handle.truncate(0);
    this.hash = new ContentHash(this.file.bytes);
    this.onReceived(0);
  }

  /** Asks for what is missing; a server that sends it all again, or another content, makes us start over. */
  private async goOn(): Promise<void> {
    if (this.hash.bytes === this.file.bytes) {
      return;
    }
    const from = this.hash.bytes;
    const { response, first } = await this.client.openFile(this.repository, this.commit, this.file.path, from);
    if (!this.continues(response, first, from)) {
      await response.body?.cancel();
      if (from === 0) {
        throw this.unexpected(`answered ${String(response.status)} for a part that was not asked for`);
      }
      await this.startOver();
      return this.goOn();
    }
    if (response.status !== 206 && from > 0) {
      await this.startOver();
    }
    for await (const piece of readBody(response, this.client.options)) {
      await this.append(piece);
    }
    if (this.hash.bytes < this.file.bytes) {
      throw new PassingFailure(this.cutShort(), { reached: true });
    }
  }

  /** Whether what comes is the same content as before, and begins where it was asked to or at the start. */
  private continues(response: Response, first: Headers, from: number): boolean {
    const before = this.etag;
    const linked = first.get('x-linked-etag')?.replace(/^(?:W\/)?"|"$/g, '');
    if (linked?.length === 64 && this.file.sha256 !== undefined && linked !== this.file.sha256) {
      throw this.unexpected(`hands out another ${this.file.path} than the one that belongs to the model`);
    }
    this.etag = linked ?? response.headers.get('etag') ?? undefined;
    if (response.status === 416) {
      return false;
    }
    const same = before === undefined || this.etag === before;
    return response.status !== 206 || (same && rangeStart(response) === from);
  }

  private unexpected(does: string): EarmarkError {
    return new EarmarkError(
      'hub-unexpected',
      `${this.client.options.endpoint.host} ${does}.`,
      'Try again later, or from another hub.',
    );
  }

  private cutShort(): EarmarkError {
    const { bytes, path: name } = this.file;
    return new EarmarkError(
      'hub-unreachable',
      `The connection ended after ${String(this.hash.bytes)} of ${String(bytes)} bytes of ${name}.`,
      'Get the model again: what has come is kept and gone on with.',
    );
  }

  private async append(piece: Uint8Array): Promise<void> {
    if (this.hash.bytes + piece.length > this.file.bytes) {
      await this.handle.truncate(0);
      throw new EarmarkError(
        'download-damaged',
        `${this.file.path} is longer than the ${String(this.file.bytes)} bytes that the hub lists; it was deleted.`,
        'Get the model again. If it happens again, the hub, a mirror or something on the way is at fault.',
      );
    }
    // A full disk may take a part of it.
    for (let written = 0; written < piece.length;) {
      written += (await this.handle.write(piece, written)).bytesWritten;
    }
    this.hash.update(piece);
    this.onReceived(this.hash.bytes);
  }
}

function rangeStart(response: Response): number | undefined {
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  return start === undefined ? undefined : Number(start);
}

function isOfDisk(thrown: unknown): boolean {
  return !(thrown instanceof EarmarkError) && typeof (thrown as NodeJS.ErrnoException).syscall === 'string';
}
