import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json';
import { shippedPackages } from '../../scripts/shipped-packages.mjs';
import { chooseProvider } from '../../src/engine/model/provider';
import { loadRuntime } from '../../src/engine/model/runtime';
import { shippedProviders } from '../../src/protocol/provider';
import { repository, sampleFiles } from './default-model';

describe('the provider', () => {
  it('is cpu unless another is asked for', async () => {
    expect(await loadRuntime(0)).toMatchObject({ provider: 'cpu' });
    expect((await loadRuntime(0)).fallback).toBeUndefined();
  });

  it('is cpu where the binary has not the one that was asked for, and says so', async () => {
    const { provider, fallback } = await loadRuntime(0, process.platform === 'darwin' ? 'dml' : 'coreml');
    expect(provider).toBe('cpu');
    expect(fallback).toMatch(/was asked for and can not be used: onnxruntime was built without it .*\(it has cpu/);
  });

  it('is cpu where loading with the other fails, and says why', async () => {
    const broken = {
      listSupportedBackends: () => [{ name: 'cuda', bundled: false }],
      InferenceSession: { create: () => Promise.reject(new Error('x.cc:1 f() was false. No GPU.\n')) },
    } as unknown as Parameters<typeof chooseProvider>[0];
    expect(await chooseProvider(broken, 'cuda')).toEqual({
      provider: 'cpu',
      fallback: 'cuda was asked for and can not be used: No GPU. The model runs on cpu.',
    });
  });

  it('is the other where that works', async () => {
    const asked: unknown[] = [];
    const works = {
      listSupportedBackends: () => [{ name: 'webgpu', bundled: true }],
      InferenceSession: {
        create: (_: unknown, options: { executionProviders: unknown }) => {
          asked.push(options.executionProviders);
          return Promise.resolve({ release: () => Promise.resolve() });
        },
      },
    } as unknown as Parameters<typeof chooseProvider>[0];
    expect(await chooseProvider(works, 'webgpu')).toEqual({ provider: 'webgpu' });
    expect(asked).toEqual([['webgpu']]);
  });

  it('falls back on the command line, with the same caption, and says so in the JSON and on standard error', () => {
    const command = [path.join(repository, 'dist', 'cli.js'), 'caption', sampleFiles[0]!, '--strategy', 'none'];
    const run = (...options: string[]) =>
      spawnSync(process.execPath, [...command, '--max-new-tokens', '8', '--json', ...options], { encoding: 'utf8' });
    const json = ({ stdout }: { stdout: string }) =>
      (JSON.parse(stdout) as { runs: { provider: string; fallback?: string; caption: string }[] }).runs[0]!;
    const plain = json(run());
    const asked = run('--provider', process.platform === 'darwin' ? 'dml' : 'coreml');
    expect(plain).toMatchObject({ provider: 'cpu' });
    expect(plain.fallback).toBeUndefined();
    expect(json(asked)).toMatchObject({ provider: 'cpu', caption: plain.caption });
    expect(json(asked).fallback).toMatch(/was asked for and can not be used/);
    expect(asked.stderr).toContain(`earmark: ${json(asked).fallback!}`);
    expect(run('--provider', 'abacus').status).toBe(2);
  });

  it('is offered by the extension only where its files are shipped', () => {
    expect(manifest.contributes.configuration.properties['earmark.provider'].enum).toEqual(shippedProviders);
    const runtime = shippedPackages.find(({ name }) => name === 'onnxruntime-node')!;
    expect(runtime.files('bin/napi-v6/win32/x64/DirectML.dll', 'win32/x64')).toBe(false);
    expect(shippedProviders).not.toContain('dml');
  });
});
