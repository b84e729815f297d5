/** Ctrl-C once asks what goes on to stop; twice stops the process. */
export function signalOfInterrupt(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    controller.abort();
  });
  return controller.signal;
}
