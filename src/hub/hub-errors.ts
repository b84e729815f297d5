import { EarmarkError } from '../protocol/errors';
import { repositoryPage } from './repository';

/** What was being asked for when something went wrong. */
export interface Asked {
  readonly endpoint: URL;
  /** OWNER/NAME */
  readonly name: string;
  readonly revision: string;
  /** A file of the repository, where it was one. */
  readonly path?: string;
  readonly withToken: boolean;
}

/** A failure that may not come again: worth another try after a while. */
export class PassingFailure extends Error {
  override readonly name = 'PassingFailure';

  constructor(
    /** What to say if it does come again. */
    readonly error: EarmarkError,
    readonly options: { readonly waitSeconds?: number; readonly reached: boolean },
  ) {
    super(error.message, { cause: error });
  }
}

/** What an HTTP status means to the person who asked for a model. */
export function statusError(response: Response, asked: Asked): EarmarkError | PassingFailure {
  const { status, headers } = response;
  const { endpoint, name, revision, path } = asked;
  const of = path === undefined ? '' : `${path} of `;
  if (status === 401 || status === 403) {
    return deniedError(headers, asked);
  }
  if (status === 404) {
    return new EarmarkError(
      'hub-not-found',
      headers.get('x-error-code') === 'RevisionNotFound'
        ? `${name} has no revision "${revision}".`
        : `There is no ${of}${name} at revision "${revision}" on ${endpoint.host}, or it is private.`,
      'Check the spelling; a private repository needs a token.',
    );
  }
  if (status === 429) {
    const waitSeconds = retryAfter(headers);
    return new PassingFailure(
      new EarmarkError(
        'hub-busy',
        `${endpoint.host} asks to wait${waitSeconds === undefined ? '' : ` ${String(waitSeconds)} s`}: too many requests.`,
        'Try again later; with a token more requests are allowed.',
      ),
      { reached: true, ...(waitSeconds !== undefined && { waitSeconds }) },
    );
  }
  const error = new EarmarkError(
    status >= 500 ? 'hub-unreachable' : 'hub-unexpected',
    `${endpoint.host} answered ${String(status)} ${response.statusText} for ${of}${name}.`,
    'Try again later.',
  );
  return status >= 500 || status === 408 ? new PassingFailure(error, { reached: true }) : error;
}

/** The hub tells a missing token, a wrong one, and a licence that was not accepted apart by a header. */
function deniedError(headers: Headers, { endpoint, name, withToken }: Asked): EarmarkError {
  const page = repositoryPage(endpoint, name);
  if (headers.get('x-error-code') === 'GatedRepo' && withToken) {
    return new EarmarkError(
      'hub-denied',
      `The licence of ${name} has not been accepted by the owner of the token.`,
      `Accept it on ${page}, then try again.`,
    );
  }
  return withToken
    ? new EarmarkError(
        'hub-denied',
        `The token does not give access to ${name}.`,
        `Check the token, and whether a licence must be accepted on ${page}.`,
      )
    : new EarmarkError(
        'hub-denied',
        `${name} needs a token: it is private, its licence must be accepted first, or it does not exist.`,
        `See ${page}. The command line takes the token from HF_TOKEN.`,
      );
}

/** Seconds, or the date when to come back. */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) {
    return undefined;
  }
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}

const noWay: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known: there is no network, or the address is misspelt',
  EAI_AGAIN: 'its name can not be looked up: there seems to be no network',
  ECONNREFUSED: 'it refuses the connection',
  ENETUNREACH: 'there is no network',
  EHOSTUNREACH: 'there is no way to it',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
};

/** What `fetch` throws: the reason is in its cause. */
export function networkError(thrown: unknown, host: string): EarmarkError | PassingFailure {
  const { code, reason } = causeOf(thrown);
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return new EarmarkError(
      'hub-unreachable',
      `The certificate of ${host} is not trusted (${code}).`,
      'Behind a proxy that opens connections, name its certificate in NODE_EXTRA_CA_CERTS.',
      { cause: thrown },
    );
  }
  const known = noWay[code];
  return new PassingFailure(
    new EarmarkError(
      'hub-unreachable',
      known === undefined ? `The connection to ${host} broke: ${reason}.` : `${host} can not be reached: ${known}.`,
      'Check the network, then try again; what has come is kept.',
      { cause: thrown },
    ),
    // What has no code never went out: a port that is not allowed, for one.
    { reached: known === undefined && code !== '' },
  );
}

function causeOf(thrown: unknown): { readonly code: string; readonly reason: string } {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  // Several addresses of one name were tried.
  const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
  const code = (first as { code?: unknown } | undefined)?.code;
  return { code: typeof code === 'string' ? code : '', reason: first instanceof Error ? first.message : String(first) };
}
