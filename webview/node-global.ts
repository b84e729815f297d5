// A dependency of Plotly asks for Node's `global`, which a browser calls `globalThis`. Imported before it.
(globalThis as { global?: typeof globalThis }).global = globalThis;

export {};
