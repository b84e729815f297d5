/** What may run a model, as onnxruntime names it. Everything but `cpu` depends on the machine. */
export const providers = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;
export type Provider = (typeof providers)[number];

/** Those of the extension: DirectML is not shipped with it, see scripts/shipped-packages.mjs. */
export const shippedProviders = providers.filter((provider) => provider !== 'dml');
