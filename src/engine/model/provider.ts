import { create } from '@bufbuild/protobuf';
import { GraphProtoSchema, NodeProtoSchema } from 'onnx-buf';
import type { InferenceSession } from 'onnxruntime-node';
import { providers, type Provider } from '../../protocol/provider';
import { floatValue, modelBytes } from './graph-parts';

export interface ProviderChoice {
  readonly provider: Provider;
  /** Why it is not the one that was asked for, in the person's words. */
  readonly fallback?: string;
}

type OnnxRuntime = Pick<typeof import('onnxruntime-node'), 'InferenceSession' | 'listSupportedBackends'>;

/**
 * The provider that was asked for where it works here, else `cpu`. What the binary was built with says little: CUDA
 * needs libraries that are not beside it, WebGPU a graphics driver. So a graph of one node is loaded with it.
 */
export async function chooseProvider(ort: OnnxRuntime, wanted: Provider): Promise<ProviderChoice> {
  if (wanted === 'cpu') {
    return { provider: 'cpu' };
  }
  const built = ort.listSupportedBackends().map(({ name }) => name);
  if (!built.includes(wanted)) {
    const there = providers.filter((provider) => built.includes(provider)).join(', ');
    return onCpu(wanted, `onnxruntime was built without it for this platform (it has ${there})`);
  }
  let session: InferenceSession | undefined;
  try {
    session = await ort.InferenceSession.create(smallestGraph(), { executionProviders: [wanted], logSeverityLevel: 4 });
    return { provider: wanted };
  } catch (error) {
    return onCpu(wanted, reasonOf(error));
  } finally {
    await session?.release();
  }
}

/** @param reason the rest of a sentence */
export function onCpu(wanted: Provider, reason: string): ProviderChoice {
  return {
    provider: 'cpu',
    fallback: `${wanted} was asked for and can not be used: ${reason}. The model runs on cpu.`,
  };
}

/** Native messages begin with a source file and a signature; the last sentence says what is wrong. */
export function reasonOf(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
  return lines
    .at(-1)!
    .replace(/^.* was false\. /, '')
    .replace(/\.$/, '');
}

function smallestGraph(): Uint8Array {
  const graph = create(GraphProtoSchema, {
    name: 'probe',
    input: [floatValue('x', [1])],
    output: [floatValue('y', [1])],
    node: [create(NodeProtoSchema, { opType: 'Add', input: ['x', 'x'], output: ['y'] })],
  });
  return modelBytes(graph);
}
