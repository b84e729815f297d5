import type { InferenceSession, TensorConstructor } from 'onnxruntime-node';
import { EarmarkError } from '../../protocol/errors';
import type { Provider } from '../../protocol/provider';
import { chooseProvider, type ProviderChoice } from './provider';

/** onnxruntime-node, loaded on first need: decoding and viewing must work where it has no binary. */
export interface Runtime extends ProviderChoice {
  readonly Tensor: TensorConstructor;
  readonly version: string;
  /**
   * A path lets onnxruntime find external weights beside the model. Bytes are for graphs that were edited.
   *
   * @param weights where external weights of edited graphs are; onnxruntime reads them from there by itself
   */
  createSession(model: string | Uint8Array, weights?: string): Promise<InferenceSession>;
}

/**
 * @param threads intra-op threads; 0 lets onnxruntime use every physical core
 * @param wanted falls back to `cpu`, and says why
 * @throws EarmarkError `runtime-missing` where onnxruntime has no binary for the platform
 */
export async function loadRuntime(threads: number, wanted: Provider = 'cpu'): Promise<Runtime> {
  let ort: typeof import('onnxruntime-node');
  try {
    ort = await import('onnxruntime-node');
  } catch (error) {
    throw new EarmarkError(
      'runtime-missing',
      `onnxruntime has no binary for ${process.platform}-${process.arch}, so models can not run here. ` +
        'Sounds can still be opened, seen and played.',
      'Use Earmark on Linux (glibc), Windows or an Apple-silicon Mac, or through VS Code Remote on such a machine.',
      { cause: error },
    );
  }
  const choice = await chooseProvider(ort, wanted);
  const options: InferenceSession.SessionOptions = {
    // What another provider can not compute goes to cpu, node by node.
    executionProviders: choice.provider === 'cpu' ? ['cpu'] : [choice.provider, 'cpu'],
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  };
  return {
    Tensor: ort.Tensor,
    version: ort.env.versions.node ?? ort.env.versions.common,
    ...choice,
    createSession: (model, weights) =>
      typeof model === 'string'
        ? ort.InferenceSession.create(model, options)
        : ort.InferenceSession.create(model, { ...options, ...(weights !== undefined && weightsIn(weights)) }),
  };
}

/** `kOrtSessionOptionsModelExternalInitializersFileFolderPath`: the option that has no name of its own in JavaScript. */
function weightsIn(folder: string): InferenceSession.SessionOptions {
  return { extra: { session: { model_external_initializers_file_folder_path: folder } } };
}
