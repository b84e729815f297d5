declare module '*.css';

declare module 'plotly.js/lib/core' {
  import type * as Plotly from 'plotly.js';
  const core: typeof Plotly & { register(modules: readonly unknown[]): void };
  export default core;
}
declare module 'plotly.js/lib/bar' {
  const trace: unknown;
  export default trace;
}
declare module 'plotly.js/lib/heatmap' {
  const trace: unknown;
  export default trace;
}

/** What VS Code gives a webview. */
interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;
