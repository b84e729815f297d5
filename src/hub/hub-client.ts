import { EarmarkError } from '../protocol/errors';
import type { Asked } from './hub-errors';
import { persist, type Patience } from './persist';
import { readBody } from './read-body';
import { repositoryName, type Repository } from './repository';
import { request, type Answer, type RequestOptions } from './request';

export interface HubOptions {
  readonly endpoint: URL;
  readonly token?: string;
  readonly signal: AbortSignal;
  readonly patience: Patience;
  readonly silenceMs: number;
  readonly onWait: (seconds: number, error: EarmarkError) => void;
}

/** A file as the hub lists it, with what its content must hash to. */
export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** Of files kept in LFS. */
  readonly sha256?: string;
  /** Of files kept in git itself: SHA-1 of the blob. */
  readonly gitSha1?: string;
}

/** Far more than any repository of models has. */
const mostPages = 50;
const mostJsonBytes = 32e6;

/**
 * The three things that a hub is asked: which commit a revision is, which files it has, and a file from some byte on.
 * The paths are those of the Hugging Face hub and its mirrors (https://huggingface.co/docs/hub/api).
 */
export class HubClient {
  constructor(readonly options: HubOptions) {}

  /** @throws EarmarkError `hub-*`, `cancelled` */
  async resolveCommit(repository: Repository): Promise<string> {
    const url = this.url(
      `api/models/${repositoryName(repository)}/revision/${encodeURIComponent(repository.revision)}`,
    );
    const { json } = await this.json(url, this.asked(repository), true);
    const commit = (json as { sha?: unknown } | null)?.sha;
    if (typeof commit !== 'string' || !/^[0-9a-f]{40}$/.test(commit)) {
      throw this.notAHub();
    }
    return commit;
  }

  /** @throws EarmarkError `hub-*`, `cancelled` */
  async listFiles(repository: Repository, commit: string): Promise<readonly HubFile[]> {
    const files: HubFile[] = [];
    let url: URL | undefined = this.url(`api/models/${repositoryName(repository)}/tree/${commit}?recursive=true`);
    for (let page = 0; url && page < mostPages; page++) {
      const { json, headers } = await this.json(url, this.asked(repository));
      if (!Array.isArray(json)) {
        throw this.notAHub();
      }
      files.push(...json.flatMap(hubFile));
      // Long lists come in pages.
      const next = /<([^>]+)>\s*;\s*rel="next"/.exec(headers.get('link') ?? '')?.[1];
      url = next === undefined ? undefined : new URL(next, url);
    }
    return files;
  }

  /**
   * Asks once for a file, from a byte on. Whether the server heeded that is for the caller to see.
   *
   * @throws EarmarkError `hub-*`
   * @throws PassingFailure where another try may help
   */
  async openFile(repository: Repository, commit: string, file: string, from: number): Promise<Answer> {
    const encoded = file.split('/').map(encodeURIComponent).join('/');
    return request(this.url(`${repositoryName(repository)}/resolve/${commit}/${encoded}`), {
      ...this.base({ ...this.asked(repository), path: file }),
      headers: {
        // A compressed stream has other bytes, and can not be gone on with.
        'accept-encoding': 'identity',
        ...(from > 0 && { range: `bytes=${String(from)}-` }),
      },
    });
  }

  private base(asked: Asked): RequestOptions {
    const { endpoint, token, signal, silenceMs } = this.options;
    return { endpoint, token, signal, silenceMs, asked };
  }

  private async json(url: URL, asked: Asked, firstContact = false): Promise<{ json: unknown; headers: Headers }> {
    return persist(
      async () => {
        const { response } = await request(url, { ...this.base(asked), headers: { accept: 'application/json' } });
        const text = await this.text(response);
        try {
          return { json: JSON.parse(text) as unknown, headers: response.headers };
        } catch (cause) {
          throw this.notAHub(cause);
        }
      },
      { ...this.options, firstContact },
    );
  }

  private async text(response: Response): Promise<string> {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of readBody(response, this.options)) {
      bytes += part.length;
      if (bytes > mostJsonBytes) {
        throw this.notAHub();
      }
      parts.push(part);
    }
    return Buffer.concat(parts).toString('utf8');
  }

  private asked(repository: Repository): Asked {
    const { endpoint, token } = this.options;
    return {
      endpoint,
      name: repositoryName(repository),
      revision: repository.revision,
      withToken: token !== undefined,
    };
  }

  private url(path: string): URL {
    return new URL(path, this.options.endpoint);
  }

  private notAHub(cause?: unknown): EarmarkError {
    return new EarmarkError(
      'hub-unexpected',
      `${this.options.endpoint.host} does not answer as a hub of models does.`,
      'Check the address of the hub, and whether the network asks for a login first.',
      { cause },
    );
  }
}

/** An entry of a listing, where it is a file. What is not understood is left out, and missed where it is needed. */
function hubFile(entry: unknown): HubFile[] {
  const { type, path, size, oid, lfs } = entry as {
    readonly type?: unknown;
    readonly path?: unknown;
    readonly size?: unknown;
    readonly oid?: unknown;
    readonly lfs?: { readonly oid?: unknown; readonly size?: unknown };
  };
  if (type !== 'file' || typeof path !== 'string') {
    return [];
  }
  const bytes = typeof lfs?.size === 'number' ? lfs.size : size;
  if (typeof bytes !== 'number' || !(bytes >= 0)) {
    return [];
  }
  if (lfs && isHash(lfs.oid, 64)) {
    return [{ path, bytes, sha256: lfs.oid }];
  }
  return [{ path, bytes, ...(isHash(oid, 40) && { gitSha1: oid }) }];
}

function isHash(value: unknown, digits: number): value is string {
  return typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value);
}
