// A browser without SIMD: it says no to every module that uses it.

WebAssembly.validate = () => false;
const { run } = await import("./run.mjs");
const page = await run();
const files = performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname);
globalThis.result = { page, files };
