import { networkError } from './hub-errors';

/**
 * The bytes of an answer as they come.
 *
 * @throws PassingFailure where the connection breaks or falls silent
 */
export async function* readBody(
  response: Response,
  { signal, silenceMs }: { readonly signal: AbortSignal; readonly silenceMs: number },
): AsyncGenerator<Uint8Array> {
  const { host } = new URL(response.url);
  const reader = response.body?.getReader();
  if (!reader) {
    return;
  }
  try {
    for (;;) {
      const next = await withinSilence(reader.read(), silenceMs).catch((thrown: unknown) => {
        throw signal.aborted ? thrown : networkError(thrown, host);
      });
      if (next.done) {
        return;
      }
      yield next.value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function withinSilence<Result>(promise: Promise<Result>, ms: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`nothing came for ${ms / 1000} s`));
    }, ms);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
