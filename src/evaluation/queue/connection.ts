import { Redis } from 'ioredis';
import { EarmarkError } from '../../protocol/errors';

const patienceMs = 10_000;

/**
 * Connects to Redis. Once connected, a server that goes away is waited for.
 *
 * @param url `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS
 * @throws EarmarkError `queue-unreachable`
 */
export async function connect(url: string): Promise<Redis> {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, connectTimeout: patienceMs });
  let reason = 'no answer';
  client.on('error', (error: Error) => {
    reason = error.message;
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(reason));
    }, patienceMs);
  });
  try {
    await Promise.race([client.connect().then(() => client.ping()), late]);
    return client;
  } catch (cause) {
    client.disconnect();
    throw new EarmarkError(
      'queue-unreachable',
      `The queue at ${withoutPassword(url)} can not be reached: ${(cause as Error).message || reason}.`,
      'Start Redis there, or check the address and password.',
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}
