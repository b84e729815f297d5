import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeFile {
  readonly content: Buffer;
  /** Kept in LFS: handed out by another host, and listed with its SHA-256. */
  readonly lfs?: boolean;
}

/** What a request was, as the hub saw it. */
export interface Seen {
  readonly host: 'hub' | 'cdn';
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** Takes over a response; false leaves it to the hub. */
export type Interference = (seen: Seen, request: IncomingMessage, response: ServerResponse) => boolean;

/** A hub on this machine that speaks the paths of the real one, with a second host for big files. */
export class FakeHub {
  readonly files = new Map<string, FakeFile>();
  readonly seen: Seen[] = [];
  commit = 'c0ffee0000000000000000000000000000000001';
  repository = 'earmark-audio/tiny';
  interfere: Interference = () => false;
  /** Some servers know no ranges. */
  ranges = true;
  /** Files of one page of a listing. */
  pageSize = 1000;

  private constructor(
    private readonly hub: Server,
    private readonly cdn: Server,
  ) {}

  static async start(): Promise<FakeHub> {
    const servers = [createServer(), createServer()] as const;
    const fake = new FakeHub(...servers);
    servers[0].on('request', (request, response) => {
      fake.take('hub', request, response);
    });
    servers[1].on('request', (request, response) => {
      fake.take('cdn', request, response);
    });
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))));
    fake.endpoint = addressOf(servers[0]);
    fake.cdnAddress = addressOf(servers[1]);
    return fake;
  }

  /** Stays what it was when the hub is stopped. */
  endpoint = '';
  private cdnAddress = '';

  /** How often a path of a host was asked for. */
  count(part: string): number {
    return this.seen.filter(({ host, path }) => `${host}${path}`.includes(part)).length;
  }

  stop(): void {
    for (const server of [this.hub, this.cdn]) {
      server.close();
      server.closeAllConnections();
    }
  }

  private take(host: Seen['host'], request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://fake');
    const { range, authorization } = request.headers;
    const seen: Seen = { host, path: decodeURIComponent(url.pathname), range, authorization };
    this.seen.push(seen);
    if (this.interfere(seen, request, response)) {
      return;
    }
    if (host === 'cdn') {
      this.hand(seen.path.slice(1), seen, response);
      return;
    }
    const { repository, commit } = this;
    const file = `/${repository}/resolve/${commit}/`;
    if (seen.path === `/api/models/${repository}/revision/main` || seen.path.endsWith(`/revision/${commit}`)) {
      json(response, { id: repository, sha: commit });
    } else if (seen.path === `/api/models/${repository}/tree/${commit}`) {
      this.list(Number(url.searchParams.get('cursor') ?? 0), response);
    } else if (seen.path.startsWith(file)) {
      this.resolve(seen.path.slice(file.length), seen, response);
    } else if (seen.path.startsWith(`/api/models/${repository}/revision/`)) {
      refuse(response, 404, { 'x-error-code': 'RevisionNotFound' });
    } else {
      refuse(response, 404, { 'x-error-code': 'RepoNotFound' });
    }
  }

  private list(start: number, response: ServerResponse): void {
    const entries = [...this.files].map(([path, { content, lfs }]) => ({
      type: 'file',
      path,
      size: content.length,
      oid: lfs ? gitSha1(Buffer.from('pointer')) : gitSha1(content),
      ...(lfs && { lfs: { oid: sha256(content), size: content.length, pointerSize: 7 } }),
    }));
    const end = start + this.pageSize;
    const next = `${this.endpoint}/api/models/${this.repository}/tree/${this.commit}?recursive=true&cursor=${String(end)}`;
    json(
      response,
      [{ type: 'directory', path: 'onnx', size: 0, oid: '' }, ...entries.slice(start, end)],
      end < entries.length ? { link: `<${next}>; rel="next"` } : {},
    );
  }

  private resolve(path: string, seen: Seen, response: ServerResponse): void {
    const file = this.files.get(path);
    if (!file) {
      refuse(response, 404, { 'x-error-code': 'EntryNotFound' });
    } else if (file.lfs) {
      response.writeHead(302, {
        'location': `${this.cdnAddress}/${path}`,
        'x-linked-etag': `"${sha256(file.content)}"`,
        'x-linked-size': String(file.content.length),
        'x-repo-commit': this.commit,
      });
      response.end();
    } else {
      this.hand(path, seen, response);
    }
  }

  /** The bytes, from where they are asked for. */
  hand(path: string, { range }: Seen, response: ServerResponse, content = this.files.get(path)!.content): void {
    const start = this.ranges ? Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0) : 0;
    const etag = `"${sha256(content).slice(0, 20)}"`;
    if (start > 0 && start >= content.length) {
      refuse(response, 416, { etag });
      return;
    }
    const rest = content.subarray(start);
    const span = `bytes ${String(start)}-${String(content.length - 1)}/${String(content.length)}`;
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': rest.length,
      etag,
      ...(start > 0 && { 'content-range': span }),
    });
    response.end(rest);
  }
}

/** Answers with so many bytes of the content, promises them all, and cuts the connection. */
export function cutAfter(bytes: number, content: Buffer, range: string | undefined, response: ServerResponse): void {
  const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': content.length - start,
    ...(start > 0 && {
      'content-range': `bytes ${String(start)}-${String(content.length - 1)}/${String(content.length)}`,
    }),
  });
  response.write(content.subarray(start, start + bytes), () => {
    setTimeout(() => response.destroy(), 20);
  });
}

export function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers);
  response.end('no');
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function gitSha1(content: Buffer): string {
  return createHash('sha1')
    .update(`blob ${String(content.length)}\0`)
    .update(content)
    .digest('hex');
}

function json(response: ServerResponse, value: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}
