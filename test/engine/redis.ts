import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A Redis of its own that answers. Whoever started it ends the process. */
export async function startRedis(folder: string): Promise<{ readonly url: string; readonly server: ChildProcess }> {
  const port = String(await freePort());
  const server = spawn('redis-server', ['--port', port, '--save', '', '--dir', folder], { stdio: 'ignore' });
  while (spawnSync('redis-cli', ['-p', port, 'ping']).status !== 0) {
    await pause(50);
  }
  return { url: `redis://127.0.0.1:${port}`, server };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
