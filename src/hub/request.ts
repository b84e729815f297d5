import { EarmarkError } from '../protocol/errors';
import { networkError, statusError, type Asked } from './hub-errors';

const mostRedirects = 10;

export interface RequestOptions {
  readonly endpoint: URL;
  readonly token: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** A server that is silent for so long is gone. */
  readonly silenceMs: number;
  /** For the words of errors. */
  readonly asked: Asked;
}

export interface Answer {
  readonly response: Response;
  /** Of the hub itself, before it sent on to where files are kept: `X-Linked-*`. */
  readonly first: Headers;
}

/**
 * Asks a hub, and goes where it sends. `fetch` could follow by itself, but it would forget what the hub said on the way
 * and could not be told to whom the token may be shown: the endpoint's own origin and nobody else.
 *
 * @throws EarmarkError `hub-*`
 * @throws PassingFailure where another try may help
 */
export async function request(url: URL, options: RequestOptions): Promise<Answer> {
  let target = url;
  let first: Headers | undefined;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const response = await ask(target, options);
    first ??= response.headers;
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) {
      // Who asks for a part of a file that has none sees to that itself.
      if (!response.ok && response.status !== 416) {
        await response.body?.cancel();
        throw statusError(response, options.asked);
      }
      return { response, first };
    }
    await response.body?.cancel();
    target = redirected(location, target, options.asked);
  }
  throw new EarmarkError(
    'hub-unexpected',
    `${options.endpoint.host} sends from one address to the next without end.`,
    'Check the address of the hub.',
  );
}

async function ask(target: URL, { endpoint, token, headers, signal, silenceMs }: RequestOptions): Promise<Response> {
  const silence = new AbortController();
  const timer = setTimeout(() => {
    silence.abort(new Error('no answer came'));
  }, silenceMs);
  try {
    return await fetch(target, {
      redirect: 'manual',
      headers: {
        ...headers,
        'user-agent': 'earmark',
        ...(token !== undefined && target.origin === endpoint.origin && { authorization: `Bearer ${token}` }),
      },
      signal: AbortSignal.any([signal, silence.signal]),
    });
  } catch (thrown) {
    throw signal.aborted ? thrown : networkError(thrown, target.host);
  } finally {
    clearTimeout(timer);
  }
}

/** A hub that answered over an encrypted connection must not send on to one that is not. */
function redirected(location: string, from: URL, { endpoint }: Asked): URL {
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (!target || !/^https?:$/.test(target.protocol) || (from.protocol === 'https:' && target.protocol === 'http:')) {
    throw new EarmarkError(
      'hub-unexpected',
      `${endpoint.host} sends to an address that can not be followed: ${location.slice(0, 200)}`,
      'Check the address of the hub.',
    );
  }
  return target;
}
